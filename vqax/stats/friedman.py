"""Friedman's test: do k methods rank alike over N blocks?"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy  # its statistics are imported when first used
from jaxtyping import Float

from vqax.errors import BadData, UsageError
from vqax.metrics.rank_correlation import average_ranks
from vqax.metrics.ties import without_rounding


class FriedmanResult(NamedTuple):
    """χ² with k - 1 degrees of freedom, its p, and the mean rank of each method (1 is best)."""

    chi2: float
    p: float
    mean_ranks: Float[np.ndarray, "k"]


def friedman(
    scores: Float[np.ndarray, "N k"],
    *,
    higher_is_better: bool = True,
    blocks: Sequence[str] | None = None,
) -> FriedmanResult:
    """Test N blocks (data sets, questions, score columns) by k methods (Friedman 1937).

    χ² = 12/(N k (k+1)) Σ_j R_j² - 3 N (k+1), over 1 - Σ(t³ - t)/(N (k³ - k)) for t tied scores
    within a block; R_j are rank sums, ties share the mean of their ranks. Where every block is
    one tie, nothing tells the methods apart: χ² = 0, p = 1.

    Raises:
        BadData: a score is NaN; the block and the method's column are named.
        UsageError: fewer than two methods, or no block.
    """
    ranks = ranks_in_blocks(scores, higher_is_better=higher_is_better, blocks=blocks)
    n, k = ranks.shape
    spread = np.square(ranks - (k + 1) / 2).sum()  # N k (k² - 1)/12 without ties
    between = n * n * np.square(ranks.mean(axis=0) - (k + 1) / 2).sum()
    statistic = float((k - 1) * between / spread) if spread else 0.0
    return FriedmanResult(
        statistic, float(scipy.stats.chi2.sf(statistic, k - 1)), ranks.mean(axis=0)
    )


def ranks_in_blocks(
    scores: Float[np.ndarray, "N k"],
    *,
    higher_is_better: bool = True,
    blocks: Sequence[str] | None = None,
) -> Float[np.ndarray, "N k"]:
    """The rank of each method within each block, 1 for the best; errors as ``friedman``.

    Scores that differ by rounding only are tied (``vqax.metrics.ties``).
    """
    n, k = scores.shape
    if n < 1 or k < 2:
        raise UsageError(
            f"{n} blocks of {k} methods cannot be ranked; give at least 1 block and 2 methods"
        )
    missing = np.argwhere(np.isnan(scores))
    if len(missing):
        row, column = missing[0]
        block = blocks[row] if blocks is not None else f"number {row}"
        raise BadData(
            f"block {block}: the score of method number {column} is NaN "
            f"({len(missing)} of {scores.size} scores are); compute it or leave the block out"
        )
    largest = np.abs(scores).max(axis=1, keepdims=True)
    settled = without_rounding(scores.astype(np.float64), largest)
    return average_ranks(-settled if higher_is_better else settled)
