"""Nemenyi's test after Friedman's: which methods differ? (Demšar 2006; U-CAM, Fig. 12)"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy  # its statistics are imported when first used
from jaxtyping import Float

from vqax.stats.friedman import friedman


class NemenyiResult(NamedTuple):
    """``ranks`` (1 is best) and ``p`` are in the order of the score columns.

    ``groups`` are the largest sets of methods that do not differ, each listed from best to
    worst by column number; a method that differs from all others is in none.
    """

    ranks: Float[np.ndarray, "k"]
    cd: float
    p: Float[np.ndarray, "k k"]
    groups: tuple[tuple[int, ...], ...]
    friedman_chi2: float
    friedman_p: float
    n_blocks: int


@lru_cache(maxsize=64)
def critical_difference(k: int, n: int, alpha: float = 0.05) -> float:
    """CD = q_α √(k (k + 1) / (6 n)), the least difference of mean ranks that is significant.

    q_α is the studentized range over √2 (2.850 for k = 6, α = .05); k = 6 and n = 4 give 3.77.
    """
    return float(
        scipy.stats.studentized_range.ppf(1 - alpha, k, np.inf) / np.sqrt(2) * _rank_error(k, n)
    )


def nemenyi(
    scores: Float[np.ndarray, "N k"],
    *,
    alpha: float = 0.05,
    higher_is_better: bool = True,
    blocks: Sequence[str] | None = None,
) -> NemenyiResult:
    """Compare all pairs of k methods by their mean ranks over N blocks.

    p is the upper tail of the studentized range with infinite degrees of freedom at
    √2 |R_i - R_j| / √(k (k + 1) / (6 N)); 1 on the diagonal.

    Raises:
        BadData: a score is NaN; the block is named, never dropped.
        UsageError: fewer than two methods, or no block.
    """
    omnibus = friedman(scores, higher_is_better=higher_is_better, blocks=blocks)
    n, k = scores.shape
    ranks = omnibus.mean_ranks
    cd = critical_difference(k, n, alpha)
    return NemenyiResult(
        ranks, cd, _pairwise_p(ranks, n), not_different(ranks, cd), omnibus.chi2, omnibus.p, n
    )


def not_different(ranks: Float[np.ndarray, "k"], cd: float) -> tuple[tuple[int, ...], ...]:
    """The maximal sets of two or more methods whose ranks span less than ``cd``."""
    order = np.argsort(ranks, kind="stable")
    ordered = ranks[order]
    groups: list[tuple[int, ...]] = []
    reached = 0
    for start in range(len(order)):
        end = start + int(np.count_nonzero(ordered[start:] - ordered[start] < cd))
        if end - start > 1 and end > reached:
            groups.append(tuple(order[start:end].tolist()))
            reached = end
    return tuple(groups)


def _pairwise_p(ranks: Float[np.ndarray, "k"], n: int) -> Float[np.ndarray, "k k"]:
    k = len(ranks)
    first, second = np.triu_indices(k, 1)
    q = np.sqrt(2) * np.abs(ranks[first] - ranks[second]) / _rank_error(k, n)
    p = np.eye(k)
    p[first, second] = p[second, first] = scipy.stats.studentized_range.sf(q, k, np.inf)
    return p


def _rank_error(k: int, n: int) -> float:
    return float(np.sqrt(k * (k + 1) / (6 * n)))
