"""What may be said about a difference of two methods, and the sentence that says it.

With fewer than ``FEWEST_SEEDS`` trainings on a side, or fewer than ``FEWEST_DF`` degrees of freedom
between trainings, there is no verdict: the difference is described, nothing is concluded.
"""

from dataclasses import dataclass
from typing import Literal

from vqax.errors import UsageError
from vqax.stats.difference import MethodDifference
from vqax.stats.seed_variance import FEWEST_DF, FEWEST_SEEDS

Word = Literal["supported", "contradicted", "inconclusive"]


@dataclass(frozen=True)
class Hypothesis:
    """ "A is better than B", or with a ``margin`` "A is worse than B by less than the margin".

    The second is a non-inferiority test; ``margin`` is in the units of the metric. ``data`` names
    what a verdict is about.

    Raises:
        UsageError: the margin is negative.
    """

    a: str = "A"
    b: str = "B"
    metric: str = "value"
    data: str = ""
    higher_is_better: bool = True
    margin: float = 0.0

    def __post_init__(self) -> None:
        if not self.margin >= 0:
            raise UsageError(
                f"margin: is {self.margin:g}; give the loss that is still acceptable as a number "
                "from 0 on, in the units of the metric"
            )

    @property
    def null(self) -> float:
        """The difference a - b at the boundary of the hypothesis."""
        return 0.0 - self.margin if self.higher_is_better else self.margin

    @property
    def claim(self) -> str:
        if self.margin:
            return f"{self.a} is worse than {self.b} by less than {self.margin:g} on {self.metric}"
        return f"{self.a} is better than {self.b} on {self.metric}"


def enough_seeds(difference: MethodDifference) -> bool:
    """Whether there are enough trainings for a verdict; a side that is not trained needs none."""
    trained = [seeds for seeds in (difference.seeds_a, difference.seeds_b) if seeds]
    return not trained or (min(trained) >= FEWEST_SEEDS and difference.seed_df >= FEWEST_DF)


def word(difference: MethodDifference, hypothesis: Hypothesis) -> Word | None:
    """The verdict on ``hypothesis``, whose ``null`` the difference was tested against.

    ``supported`` where the whole interval lies on the better side of ``null``, ``contradicted``
    where it lies on the other; None without enough trainings.
    """
    if not enough_seeds(difference):
        return None
    above, below = difference.low > hypothesis.null, difference.high < hypothesis.null
    if not (above or below):
        return "inconclusive"
    return "supported" if above == hypothesis.higher_is_better else "contradicted"


def sentence(difference: MethodDifference, hypothesis: Hypothesis) -> str:
    """One sentence for a reader: the verdict with its interval, or why there is none."""
    verdict = word(difference, hypothesis)
    if verdict is None:
        return _without_verdict(difference, hypothesis)
    interval = (
        f"{100 * difference.level:.3g} % interval of the difference {difference.low:.3g} to "
        f"{difference.high:.3g}, p = {difference.p:.2g}, {_counts(difference)}"
    )
    text = (
        f"{hypothesis.claim}: {verdict} on {hypothesis.data or 'these data'}; {hypothesis.a} "
        f"scored {_distance(difference, hypothesis)} ({interval})"
    )
    if verdict == "inconclusive":
        text += f"; {_detectable(difference, hypothesis)} would have been found with 80 % power"
    return text + "."


def _without_verdict(difference: MethodDifference, hypothesis: Hypothesis) -> str:
    loaded = _trainings(difference.seeds_a)
    other = f"{_trainings(difference.seeds_b)} of " if difference.seeds_b else ""
    spread = f"trainings differ by {difference.seed_sd:.3g} (standard deviation)"
    if difference.seed_df == 0:
        spread = "how far trainings differ is not known from one of each"
    return (
        f"{loaded[0].upper()}{loaded[1:]} of {hypothesis.a} scored "
        f"{_distance(difference, hypothesis, other)} on {hypothesis.metric}; {spread}, so this "
        f"does not tell the methods apart: that takes {FEWEST_SEEDS} trainings a side and "
        f"{FEWEST_DF} degrees of freedom between trainings (here {difference.seed_df})."
    )


def _trainings(seeds: int) -> str:
    return "this training" if seeds == 1 else f"the mean of these {seeds} trainings"


def _counts(difference: MethodDifference) -> str:
    of_b = f" and {difference.seeds_b}" if difference.seeds_b else ""
    return f"{difference.seeds_a}{of_b} trainings"


def _distance(difference: MethodDifference, hypothesis: Hypothesis, other: str = "") -> str:
    side = "above" if difference.estimate > 0 else "below"
    if difference.estimate == 0:
        return f"as {other}{hypothesis.b}"
    return f"{abs(difference.estimate):.3g} {side} {other}{hypothesis.b}"


def _detectable(difference: MethodDifference, hypothesis: Hypothesis) -> str:
    size = f"a difference of {difference.detectable:.3g}"
    return f"{size} from the margin" if hypothesis.margin else size
