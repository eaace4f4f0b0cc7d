"""From intervals to a verdict on a claim, and what is left of it after many claims.

A claim is a conjunction of contrasts (``vqax.stats.contrast``): a chain A < B < C is one contrast
per step, "better than all others" one per other. The rule:

- ``supported``: every interval lies above 0;
- ``contradicted``: at least one interval lies wholly below 0;
- ``inconclusive``: anything else;
- ``not testable here``: nothing was measured, or the test cannot decide;
- ``undecided``: there are too few trainings for any of these words (``vqax.stats.words``).

Intervals are per contrast. For ``supported`` that is enough within a claim: all of them have to lie
above 0, so the chance of a false ``supported`` is at most that of one contrast, 2.5 %. A false
``contradicted`` needs only one of m contrasts, up to m · 2.5 %. ``Judgement.p`` allows for that,
and ``holm`` for there being many claims.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float

from vqax.errors import UsageError
from vqax.stats.contrast import Contrast

Verdict = Literal["supported", "contradicted", "inconclusive", "undecided", "not testable here"]
VERDICTS: tuple[Verdict, ...] = (
    *("supported", "contradicted", "inconclusive", "undecided"),
    "not testable here",
)

FEWEST_CLUSTERS = 6
"""With five images even five equal signs have p = 2⁻⁵ > .025; no interval of fewer counts."""


class Judgement(NamedTuple):
    """``held`` of ``compared`` intervals lie above 0; ``deciding`` is the least supported one.

    ``p`` is two-sided, corrected for the number of contrasts of the claim.
    """

    verdict: Verdict
    held: int
    compared: int
    deciding: int | None
    p: float


def outcome(contrast: Contrast) -> Verdict:
    """What one interval says by itself.

    Raises:
        UsageError: it has no interval.
    """
    if np.isnan([contrast.low, contrast.high]).any():
        raise UsageError(f"{contrast}: has no interval; leave out what could not be measured")
    if contrast.low > 0:
        return "supported"
    return "contradicted" if contrast.high < 0 else "inconclusive"


def judge(contrasts: Sequence[Contrast]) -> Judgement:
    """The verdict on a claim that says that all ``contrasts`` are positive.

    p = 2 min(max pᵢ⁺, m min pᵢ⁻), at most 1, for the one-sided pᵢ⁺ of "not above 0" and pᵢ⁻ of
    "not below 0" of m contrasts: an intersection-union test and Bonferroni's bound.

    Raises:
        UsageError: a contrast has no interval.
    """
    if not contrasts:
        return Judgement("not testable here", 0, 0, None, float("nan"))
    outcomes = [outcome(contrast) for contrast in contrasts]
    held = outcomes.count("supported")
    verdict: Verdict = "supported" if held == len(outcomes) else "inconclusive"
    if "contradicted" in outcomes:
        verdict = "contradicted"
    deciding = int(np.argmin([_support(contrast) for contrast in contrasts]))
    return Judgement(verdict, held, len(outcomes), deciding, _p(contrasts))


def holm(p: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
    """Holm's step-down adjustment of the n' values that are not NaN (Holm 1979).

    p̃₍ᵢ₎ = max_{j≤i} min(1, (n' - j + 1) p₍ⱼ₎): the family-wise error is α where p̃ ≤ α counts.
    """
    adjusted = np.full(len(p), np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(factors * p[order]))
    return adjusted


def _support(contrast: Contrast) -> float:
    """The estimate in half widths of its interval; without width, only its sign counts."""
    half = (contrast.high - contrast.low) / 2
    if half > 0:
        return contrast.value / half
    return 0.0 if contrast.value == 0 else float(np.copysign(np.inf, contrast.value))


def _p(contrasts: Sequence[Contrast]) -> float:
    values = np.array([contrast.value for contrast in contrasts])
    sides = np.array([contrast.p for contrast in contrasts]) / 2
    not_above = np.where(values > 0, sides, 1 - sides).max()
    not_below = np.where(values < 0, sides, 1 - sides).min()
    return float(min(1.0, 2 * min(not_above, len(values) * not_below)))
