"""EDL's 10 claims (published/claims.csv), each as the rule of its column ``direction``.

Values are per training and image, of the experiments of the settings. Rows of tables 1 and 2 are
printed for MNIST and for Fashion-MNIST; the study says which classifier measures each.
"""

import itertools

from vqax.claims.measure import APART, DIFFERS
from vqax.claims.rules import Comparison, Row, Rule, Side, above, larger

MNIST, FASHION = "mnist", "fashion_mnist"
SETS = (MNIST, FASHION)
EVIDENTIAL, SOFTMAX = "edl_mnist", "softmax_mnist"
ANGLES = (30, 60, 90, 120, 150, 180)
RIGHT = "correct"


def _normal_and_rotated(table: str, name: str) -> tuple[tuple[Row, Row], ...]:
    """The printed rows of a table, per data set."""
    return tuple(
        (Row(table, f"{name} Normal | {one}"), Row(table, f"{name} Rotated | {one}"))
        for one in SETS
    )


DICE, IOU = _normal_and_rotated("edl/1", "DSC"), _normal_and_rotated("edl/2", "IoU")
UPRIGHT, ROTATED = (f"overlap/{EVIDENTIAL}_{one}" for one in ("upright", "rotated"))
AN_8, AN_8_ROTATED = (f"overlap/{EVIDENTIAL}_only_{one}" for one in ("upright", "rotated"))
ON_MNIST, ON_FASHION, ON_CIFAR, RESNET_ON_CIFAR = (
    f"answers/{one}" for one in ("edl_mnist", "edl_fashion", "edl_cifar", "resnet_cifar")
)
CIFAR = "CIFAR-10 does not come along; profiles/edl_cifar.yaml says how it is read."

RULES: dict[str, Rule] = {
    "E01": Rule(
        (
            *above(
                "uncertainty",
                tuple(f"rotation/{EVIDENTIAL}_{angle}" for angle in ANGLES),
                (f"rotation/{EVIDENTIAL}_0",),
            ),
            larger("confidently_wrong", f"rotation/{SOFTMAX}", f"rotation/{EVIDENTIAL}"),
        ),
        note="A wrong answer counts as confident if the uncertainty is below one half.",
    ),
    "E02": Rule(
        (
            Comparison(
                "separation",
                tuple(
                    Side(f"out_of_distribution/{EVIDENTIAL}", one)
                    for one in ("uncertainty", "in_distribution")
                ),
            ),
            larger(
                "confidence",
                f"out_of_distribution/{SOFTMAX}_ood",
                f"out_of_distribution/{EVIDENTIAL}_ood",
            ),
        ),
        note="Over thousands of images of other kinds, where the paper shows one photograph.",
    ),
    "E03": Rule(
        tuple(
            Comparison(APART, (Side(first, RIGHT), Side(second, RIGHT)))
            for first, second in itertools.pairwise((ON_MNIST, ON_FASHION, ON_CIFAR))
        ),
        note=CIFAR,
    ),
    "E04": Rule(
        (larger(RIGHT, RESNET_ON_CIFAR, ON_CIFAR),),
        note=f"{CIFAR} The ResNet-18 starts from weights of ImageNet, LeNet from random ones.",
    ),
    "E05": Rule(tuple(larger("dice", *pair) for pair in DICE)),
    "E06": Rule(tuple(larger("iou", *pair) for pair in IOU)),
    "E07": Rule(
        tuple(
            Comparison(DIFFERS, tuple(Side(row, column) for row in pair))
            for column, pairs in (("dice", DICE), ("iou", IOU))
            for pair in pairs
        ),
        note="Either sign; which one it is E05 and E06 say. The paper's p counts images alone, "
        "this one other trainings too.",
    ),
    "E08": Rule(
        (
            larger("dice", AN_8, AN_8_ROTATED),
            larger("centroid_distance", AN_8_ROTATED, AN_8, role="beside"),
        ),
        note="Over all test images of an 8, where the paper shows one.",
    ),
    "E09": Rule(
        (
            Comparison("mean", (Side(ROTATED, "dice_centred"), Side(ROTATED, "dice"))),
            Comparison(
                "mean",
                (Side(ROTATED, "dice_centred"), Side(ROTATED, "dice_centred_other")),
                role="control",
            ),
            larger("centroid_distance", ROTATED, UPRIGHT, role="beside"),
        ),
        note="A map moved onto its object covers it better by construction; so it has to cover it "
        "better than the map of another image that is moved there, too. Beside: is the distance "
        "between the centres, which forgives spread, larger rotated?",
    ),
    "E10": Rule(
        (larger("map_similarity", "map_kinds/same", "map_kinds/other"),),
        note="Similar: more like RISE's map of the same image than of another. Faster is no matter "
        "of a test: Grad-CAM takes 2 passes of the network, RISE one for each of its masks; "
        "benchmarks/evidential_overlap.py has seconds.",
    ),
}
