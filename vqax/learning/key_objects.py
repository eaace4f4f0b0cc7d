"""Which regions are key objects of a question, and which of them the attention ignores.

AttReg, section 3.2: V* -> ``key``, V° -> ``ignored``, M -> ``top``. N, the share of regions with
the lowest attention, is given by what is kept instead, ``keep_top``: the released code ignores all
but the 7 highest of 36 weights, and only so do the paper's "10 % to 40 %" (section 4.1) and its
"last-90 %" (section 4.4) speak of the same sizes.
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from vqax.errors import UsageError
from vqax.learning.batches import Batch
from vqax.models.forward import Forward

Hints = Float[Tensor, "b l"]
Regions = Bool[Tensor, "b l"]
NEARLY, LOW, LIFT = 1e-5, 0.2, 0.1


def above_the_last(hints: Hints, top: int) -> Regions:
    """Above the ``top``-th largest similarity less 1e-5, or 1e-5 and .1 more where it is below .2.

    As released: equals of the last one count too, and with fewer than ``top`` similar regions
    all of them do. Boxes of one category are equals, so there may be more than ``top``.
    """
    last = hints.topk(min(top, hints.shape[1]), dim=1).values[:, -1:]
    threshold = last - NEARLY
    return hints > threshold + LIFT * (threshold < LOW)


def only_the_first(hints: Hints, top: int) -> Regions:
    """At most ``top`` regions of positive similarity; among equals the first ones (as printed)."""
    order = hints.sort(dim=1, descending=True, stable=True).indices[:, :top]
    return torch.zeros_like(hints, dtype=torch.bool).scatter(1, order, True) & (hints > 0)


THRESHOLDS: dict[str, Callable[[Hints, int], Regions]] = {
    "released": above_the_last,
    "top": only_the_first,
}


def kept(keep_top: int | float, regions: int) -> int:
    """How many regions count as attended: a number of 1 or more, or a share of all below 1.

    Raises:
        UsageError: all would be, so that nothing could be ignored.
    """
    number = round(keep_top * regions) if keep_top < 1 else int(keep_top)
    if number >= regions:
        raise UsageError(
            f"objective.keep_top: {keep_top} of {regions} regions leaves none to be ignored; "
            "use a smaller number, or a share such as 0.2"
        )
    return max(1, number)


def ignored_by(
    attention: Float[Tensor, "b l"], keep_top: int | float, margin: float = NEARLY
) -> Regions:
    """The regions whose attention is below the ``keep_top``-th largest by ``margin`` or more.

    Weights nearer than the released 1e-5 to the last one kept count as attended like it. Where
    attention is so peaked that this one is below 1e-5 itself, no region is ignored; with
    ``margin`` 0 all weaker ones are, and of equals none.
    """
    count = kept(keep_top, attention.shape[1])
    last = attention.topk(count, dim=1).values[:, -1:]
    return attention < last if margin == 0 else attention <= last - margin


def hints_of(batch: Batch, objective: str) -> Hints:
    """The key-object similarities of a batch; raises UsageError where the run has none."""
    if batch.hints is None:
        raise UsageError(
            f"objective {objective}: it needs key objects and this run has none; give the run "
            "`key_objects: NAME` of that section of params.yaml"
        )
    return batch.hints


def attention_of(output: Forward, objective: str) -> Float[Tensor, "b l"]:
    """The attention of a model, as a constant; raises UsageError where it has none."""
    return attention_with_gradient(output, objective).detach()


def attention_with_gradient(output: Forward, objective: str) -> Float[Tensor, "b l"]:
    """The attention of a model; raises UsageError where it has none."""
    if output.attention is None:
        raise UsageError(
            f"objective {objective}: it looks at the attention and this model has none; use a "
            "model with attention such as updn, san or mcb"
        )
    return output.attention
