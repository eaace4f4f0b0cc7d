"""The tables of U-CAM: those it prints, and those added to them."""

from project.tables import ACCURACIES, Table

NAME = "U-CAM"
MAPS = {
    "rank_correlation": "attention_rank_correlation",
    "emd": "attention_emd",
    "histogram_emd": "attention_histogram_emd",
    "top2_distance": "margin",
}
MASKS = {"rank_correlation": "rank_correlation", "emd": "emd"}
OVERALL = {"accuracy_all": "accuracy_all", **MAPS}
TABLES = {
    "I": Table(
        "U-CAM Table I: what uncertainty adds to models with and without attention", ACCURACIES
    ),
    "II": Table("U-CAM Table II: ablation of the loss terms, VQA accuracy", ACCURACIES),
    "III": Table(
        "U-CAM Table III: agreement of explanation masks with what people outlined", MASKS
    ),
    "IV": Table("U-CAM Table IV: agreement of attention with where people looked", MAPS),
    "V": Table("U-CAM Table V: uncertainty by loss, and by share of the training data", {}),
    "VI": Table("U-CAM Table VI: VQA accuracy on the second data set", ACCURACIES),
    "VII": Table("U-CAM Table VII: VQA accuracy of several models", ACCURACIES),
    "controls": Table("U-CAM, not in the paper: which part of A-GCA and P-GCA does it", OVERALL),
    "inputs": Table("U-CAM Figures 5 and 6 in numbers: what the variance head reads", OVERALL),
    "interpretations": Table(
        "U-CAM, not in the paper: what each of its ambiguities changes", OVERALL
    ),
}
NOTES = {
    "emd": ("ours is spatial, in fractions of the grid diagonal; the paper does not say which EMD"),
    "histogram_emd": "1-D EMD between value histograms, the form of the same laboratory's code",
    "top2_distance": "top-2 softmax margin, our reading of the column CD",
    "uncertainty_variance": (
        "ours: mean of the variance σ²_a (aleatoric), mean variance of the Monte-Carlo "
        "probabilities (epistemic); the paper does not say of what the variance is"
    ),
}
