"""SIM: how much of two attention maps is the same (Judd, Durand and Torralba 2012)."""

import numpy as np
from jaxtyping import Float, Real

from vqax.metrics.checks import check_same_shape
from vqax.metrics.density import as_density


def similarity(
    maps: Real[np.ndarray, "n h w"], human: Real[np.ndarray, "n h w"]
) -> Float[np.ndarray, "n"]:
    """Σ_i min(P_i, Q_i) over the cells, in [0, 1]: 1 for equal maps, 0 for disjoint ones.

    Negative values are set to 0, then each map is scaled to sum 1 (``as_density``). A map without
    positive values, or with a NaN, gives NaN.

    Raises:
        UsageError: the two differ in shape.
    """
    check_same_shape(maps=maps, human=human)
    return np.asarray(np.minimum(as_density(maps), as_density(human)).sum(axis=1))
