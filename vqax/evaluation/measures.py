"""What is measured of an explanation: unit, better direction, formula and source, one line each."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from vqax.errors import UsageError
from vqax.models.options import known


class Measure(NamedTuple):
    """``needs``: score, hiding units; explain, the method itself; masks, what to look at."""

    unit: str
    direction: Literal["higher", "lower"]
    needs: Literal["score", "explain", "masks"]
    formula: str
    source: str


MEASURES: dict[str, Measure] = {
    "deletion": Measure(
        "score", "lower", "score",
        "area under f(x without the highest units) over their share", "Petsiuk et al. 2018",
    ),
    "insertion": Measure(
        "score", "higher", "score",
        "area under f(x with the highest units alone) over their share", "Petsiuk et al. 2018",
    ),
    "sensitivity_n": Measure(
        "Pearson's r", "higher", "score",
        "r over subsets S of Σ_S φ and f(x) - f(x without S)", "Ancona et al. 2018",
    ),
    "infidelity": Measure(
        "squared score", "lower", "score",
        "mean over subsets S of (β Σ_S φ - (f(x) - f(x without S)))²", "Yeh et al. 2019",
    ),
    "max_sensitivity": Measure(
        "fraction of the map's norm", "lower", "explain",
        "max over noise δ of ‖Φ(x + δ) - Φ(x)‖ / ‖Φ(x)‖", "Yeh et al. 2019",
    ),
    "pointing_game": Measure(
        "fraction", "higher", "masks",
        "1 if the highest cell is at most 15 px from the mask", "Zhang et al. 2016",
    ),
    "relevance_mass": Measure(
        "fraction", "higher", "masks",
        "Σ_mask P / Σ P of the positive part", "Wang et al. 2020",
    ),
}  # fmt: skip
OF_SCORES = tuple(name for name, measure in MEASURES.items() if measure.needs == "score")


def chosen_measures(names: Sequence[str], *, masks: bool, explain: bool) -> tuple[str, ...]:
    """``names``, or all that can be had with masks and with the methods themselves.

    Raises:
        UsageError: one is not known, or needs what is not given.
    """
    offered = {"score": True, "masks": masks, "explain": explain}
    for name in names:
        needs = MEASURES[known(MEASURES, name, "measure")].needs
        if not offered[needs]:
            raise UsageError(f"measure {name}: needs {needs}; give {needs}, or leave it out")
    return tuple(names) or tuple(name for name, one in MEASURES.items() if offered[one.needs])
