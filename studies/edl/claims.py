"""EDL's 10 claims (published/claims.csv), each as the rule of its column ``direction``.

Values are per image, of the experiments in params.yaml. Rows of tables 1 and 2 are printed for
MNIST and for Fashion-MNIST; the study says which classifier measures each.
"""

import itertools

from vqax.claims.measure import APART, DIFFERS
from vqax.claims.rules import Comparison, Row, Rule, Side, above, larger

MNIST, FASHION = "mnist", "fashion_mnist"
SETS = (MNIST, FASHION)
EVIDENTIAL, SOFTMAX = "edl_digits", "softmax_digits"
ANGLES = (30, 60, 90, 120, 150, 180)
RIGHT = "correct"


def _normal_and_rotated(table: str, name: str) -> tuple[tuple[Row, Row], ...]:
    """The printed rows of a table, per data set."""
    return tuple(
        (Row(table, f"{name} Normal | {one}"), Row(table, f"{name} Rotated | {one}"))
        for one in SETS
    )


DICE, IOU = _normal_and_rotated("edl/1", "DSC"), _normal_and_rotated("edl/2", "IoU")
UPRIGHT, ROTATED = (f"overlap/{EVIDENTIAL}_only_{one}" for one in ("upright", "rotated"))
ACCURACIES = tuple(f"answers/{one}" for one in ("edl_digits", "edl_fashion", "edl_cifar"))

STAND_IN = (
    "Fashion-MNIST's rows are those of other images where its own do not come along; tables 1 "
    "and 2 name them."
)

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
        note="Over hundreds of out-of-distribution images, where the paper shows one photograph.",
    ),
    "E03": Rule(
        tuple(
            Comparison(APART, (Side(first, RIGHT), Side(second, RIGHT)))
            for first, second in itertools.pairwise(ACCURACIES)
        ),
        note="Needs classifiers of Fashion-MNIST and CIFAR-10, whose images do not come along.",
    ),
    "E04": Rule(
        note="Needs a ResNet-18 trained on ImageNet, and CIFAR-10; neither comes along.",
    ),
    "E05": Rule(tuple(larger("dice", *pair) for pair in DICE), note=STAND_IN),
    "E06": Rule(tuple(larger("iou", *pair) for pair in IOU), note=STAND_IN),
    "E07": Rule(
        tuple(
            Comparison(DIFFERS, tuple(Side(row, column) for row in pair))
            for column, pairs in (("dice", DICE), ("iou", IOU))
            for pair in pairs
        ),
        note=f"Either sign; which one it is E05 and E06 say. {STAND_IN}",
    ),
    "E08": Rule(
        (
            larger("dice", UPRIGHT, ROTATED),
            larger("centroid_distance", ROTATED, UPRIGHT, role="beside"),
        ),
        note="Over all digits 8, where the paper shows one.",
    ),
    "E09": Rule(
        (
            Comparison(
                "mean",
                tuple(
                    Side(f"overlap/{EVIDENTIAL}_rotated", column)
                    for column in ("dice_centred", "dice")
                ),
            ),
            larger(
                "centroid_distance",
                f"overlap/{EVIDENTIAL}_rotated",
                f"overlap/{EVIDENTIAL}_upright",
                role="beside",
            ),
        ),
        note="Beside: is the distance between the centres, which forgives spread, larger rotated?",
    ),
    "E10": Rule(
        (
            larger("map_similarity", "map_kinds/same", "map_kinds/other"),
            larger("passes", "map_kinds/rise_upright", "map_kinds/grad_cam_upright"),
        ),
        note="Similar: more like RISE's map of the same image than of another. Faster: fewer "
        "passes of the network; benchmarks/evidential_overlap.py has seconds.",
    ),
}
