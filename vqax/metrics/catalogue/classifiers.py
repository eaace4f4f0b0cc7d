"""Classifiers of images: uncertainty, and overlap of a map with the object."""

from vqax.metrics.metric import Metric

METRICS = {
    "uncertainty": Metric(
        "uncertainty",
        "K/S of an evidential head, entropy over log K of the others: 1 where nothing is known.",
        "neither",
    ),
    "belief": Metric("belief", "The largest belief mass, evidence over S.", "neither"),
    "confidence": Metric("confidence", "The probability of the answer given.", "neither"),
    "confidently_wrong": Metric(
        "confidently wrong", "Share of wrong answers with an uncertainty below one half.", "lower"
    ),
    "brier_classes": Metric(
        "Brier score of all classes",
        "Squared distance of the probabilities from the right class, in 0 to 2.",
        "lower",
    ),
    "ood_auroc": Metric(
        "AUROC of out-of-distribution detection",
        "Chance that an image of another kind is more uncertain than a in_distribution one.",
        "higher",
    ),
    "dice": Metric(
        "Dice",
        "Twice the pixels that the map, cut at half its maximum, shares with the "
        "object, over the pixels of both.",
        "higher",
        short="DSC",
    ),
    "dice_of_maps": Metric(
        "Dice, maps with evidence",
        "Dice without the maps that have no positive value and so highlight nothing.",
        "higher",
    ),
    "dice_centred": Metric(
        "Dice, map moved onto the object",
        "Dice after the map's centre of mass was moved onto the object's.",
        "higher",
    ),
    "dice_centred_other": Metric(
        "Dice, another map moved onto the object",
        "Dice of the map of another image, its centre of mass moved onto the object's.",
        "higher",
    ),
    "blank_map": Metric(
        "maps without evidence",
        "Share of maps without a positive value: they highlight nothing, and Dice and IoU are 0.",
        "lower",
    ),
    "iou": Metric(
        "IoU", "The pixels that map and object share, over those of either.", "higher", short="IoU"
    ),
    "map_similarity": Metric(
        "likeness of the maps",
        "Rank correlation over the pixels of two maps of an image.",
        "higher",
    ),
    "centroid_distance": Metric(
        "centroid distance",
        "Between the centres of mass of map and object, in fractions of the diagonal.",
        "lower",
    ),
    "object_emd": Metric(
        "EMD to the object",
        "How far the map has to be moved to become the object, in fractions of the diagonal.",
        "lower",
    ),
    "uncertainty_dice": Metric(
        "uncertainty and Dice",
        "Rank correlation over the images; negative if a map on the object goes with certainty.",
        "neither",
    ),
    "p_value": Metric(
        "p",
        "Of no difference between the conditions, over trainings and images.",
        "neither",
        short="p",
    ),
}
