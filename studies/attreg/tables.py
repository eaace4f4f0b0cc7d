"""The tables of AttReg: those it prints, and those added to them."""

from project.tables import ACCURACIES, Table

NAME = "AttReg"
REGIONS = {
    "relevance_mass": "attention_relevance_mass",
    "pointing_game": "attention_pointing_game",
    "rank_correlation": "attention_rank_correlation",
}
TABLES = {
    "1": Table(
        (
            "AttReg Table 1: accuracy by type of answer where the priors of answers change "
            "(VQA-CP v2), where they do not (VQA v2), and the mean of both"
        ),
        ACCURACIES,
    ),
    "2": Table(
        (
            "AttReg Table 2: accuracy of both backbones with and without AttReg where priors "
            "do not change"
        ),
        ACCURACIES,
    ),
    "3": Table(
        "AttReg Table 3: accuracy where priors change, older data set (VQA-CP v1)", ACCURACIES
    ),
    "4": Table(
        (
            "AttReg Table 4: guesses and regularisers without a cue beside AttReg, on "
            "held-out questions with the priors of train (val) and with changed ones (test)"
        ),
        ACCURACIES,
    ),
    "5": Table(
        (
            "AttReg Table 5: accuracy if AttReg fine-tunes a trained backbone or trains from "
            "the start (w/o finetuning)"
        ),
        ACCURACIES,
    ),
    "6": Table(
        (
            "AttReg Table 6: accuracy over σ, the similarity from which on a region shows a "
            "key object; Ratio is the share of training questions that then have one"
        ),
        {"key_object_sample_ratio": "key_object_sample_ratio", **ACCURACIES},
    ),
    "7": Table(
        (
            "AttReg Table 7: what is lost if attention gives way to the mean of the regions "
            "(w/o VAtt)"
        ),
        ACCURACIES,
    ),
    "controls": Table(
        "AttReg, not in the paper: which part of it does it; Δ is against UpDn",
        {**ACCURACIES, **REGIONS},
    ),
    "sweeps": Table(
        (
            "AttReg Figures 4 and 5 a in numbers: weight λ, number M of key objects, how many"
            " attended regions do not count as ignored; and rarer answers left out; Δ is "
            "against UpDn"
        ),
        {"accuracy_all": "accuracy_all", **REGIONS},
    ),
    "key_attention": Table(
        (
            "AttReg Figure 5 b on test questions: attention on key objects, and how many of "
            "them are ignored"
        ),
        {name: name for name in ("key_share", "ignored_key_objects")},
    ),
}
