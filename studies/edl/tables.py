"""The tables of EDL: those it prints, and those added to them."""

from project.tables import Table, same

NAME = "EDL"
TABLES = {
    "1": Table(
        "EDL Table 1: Dice index of Grad-CAM and object, upright and rotated",
        same("dice", "blank_map"),
    ),
    "2": Table(
        "EDL Table 2: IoU of Grad-CAM and object, upright and rotated", same("iou", "blank_map")
    ),
    "accuracy": Table("EDL section 7.2: accuracies", {"accuracy_all": "accuracy"}),
    "heads": Table(
        "EDL sections 2 and 7: four kinds of uncertainty on the same images",
        {
            **{name: name for name in ("accuracy", "uncertainty", "belief", "ece")},
            **{name: name for name in ("brier_classes", "aurc", "auroc_uncertainty")},
        },
    ),
    "overlap": Table(
        "EDL, not in the paper: rotated or brighter? and overlaps that forgive a shift",
        {
            name: name
            for name in (
                *("dice", "dice_of_maps", "iou", "dice_centred", "dice_centred_other"),
                *(
                    "centroid_distance",
                    "object_emd",
                    "blank_map",
                    "uncertainty",
                    "uncertainty_dice",
                ),
            )
        },
    ),
    "effects": Table(
        "EDL, not in the paper: difference and effect size of each condition",
        {
            f"{measure}_{kind}": f"{measure}_{kind}"
            for measure in ("dice", "iou", "centroid_distance", "object_emd", "uncertainty")
            for kind in ("difference", "effect")
        },
    ),
    "out_of_distribution": Table(
        "EDL Figures 3 and 4 in numbers: images of another kind",
        {
            f"{measure}_{kind}": f"{measure}_{kind}"
            for measure in ("ood_auroc", "uncertainty", "confidence")
            for kind in ("in_distribution", "fashion_mnist", "photographs", "noise")
        },
    ),
    "rotation": Table(
        "EDL Figure 2 in numbers: rotated images",
        {name: name for name in ("accuracy", "uncertainty", "confidently_wrong")},
    ),
    "maps": Table(
        "EDL section 3: Grad-CAM and RISE",
        {"dice": "dice", "iou": "iou", "map_similarity": "map_similarity"},
    ),
    "vqa": Table(
        "EDL, not in the paper: evidential answers of VQA models beside the others",
        {
            "accuracy_all": "accuracy_all",
            "ece": "ece",
            **{
                f"{kind}_{name}": f"{kind}_{name}"
                for kind in ("auroc", "uncertainty_map_correlation")
                for name in ("aleatoric", "epistemic", "entropy", "predictive", "evidential")
            },
        },
    ),
}
