"""How large a difference is, beside how sure."""

import numpy as np
from jaxtyping import Float

from vqax.metrics.checks import check_one_each
from vqax.metrics.rank_correlation import average_ranks
from vqax.metrics.ties import without_rounding


def rank_biserial(a: Float[np.ndarray, "n"], b: Float[np.ndarray, "n"]) -> float:
    """Matched-pairs rank-biserial correlation, in [-1, 1]; positive where a is larger.

    r = (W₊ - W₋)/(W₊ + W₋), the signed ranks of |a - b| (Kerby 2014). Pairs with a NaN or
    without a difference, but for rounding, are left out (Wilcoxon); 0 if no pair differs.

    Raises:
        UsageError: the two differ in length.
    """
    check_one_each(a=a, b=b)
    difference = without_rounding((a - b).astype(np.float64), a, b)
    difference = difference[~np.isnan(difference) & (difference != 0)]
    if len(difference) == 0:
        return 0.0
    ranks = average_ranks(np.abs(difference)[None])[0]
    return float((np.sign(difference) * ranks).sum() / ranks.sum())
