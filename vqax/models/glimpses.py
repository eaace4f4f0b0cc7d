"""Several attention maps of one image, and the one that stands for them."""

from jaxtyping import Float
from torch import Tensor


def with_mean(
    glimpses: Float[Tensor, "b l g"],
) -> tuple[Float[Tensor, "b l"], Float[Tensor, "b l g"]]:
    """The mean attention, and the glimpses written as mean + deviation.

    So the answer depends on the returned mean, and gradients can be taken, and added, there.
    """
    attention = glimpses.mean(-1)
    if glimpses.shape[-1] == 1:
        return attention, attention.unsqueeze(-1)
    deviation = glimpses - glimpses.mean(-1, keepdim=True)
    return attention, attention.unsqueeze(-1) + deviation
