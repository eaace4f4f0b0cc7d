"""KL: what a map misses of human attention (Bylinskii et al. 2018, section 4.2)."""

import numpy as np
from jaxtyping import Float, Real

from vqax.metrics.checks import check_same_shape
from vqax.metrics.density import EPSILON, as_density


def kl_divergence(
    maps: Real[np.ndarray, "n h w"], human: Real[np.ndarray, "n h w"]
) -> Float[np.ndarray, "n"]:
    """KL(Q ‖ P) = Σ_i Q_i log(ε + Q_i / (P_i + ε)) in nats, about 0 or more.

    P (``maps``) and Q (``human``) are distributions over the cells (``as_density``), ε is 2⁻⁵². A
    map that is 0 where people look is punished with up to log(1/ε) = 36 nats: maps with many zeros
    score badly by this measure alone. A map without positive values, or with a NaN, gives NaN.

    Raises:
        UsageError: the two differ in shape.
    """
    check_same_shape(maps=maps, human=human)
    p, q = as_density(maps), as_density(human)
    return np.asarray((q * np.log(EPSILON + q / (p + EPSILON))).sum(axis=1))
