"""Which of a detector's boxes stand for an image: always the same number, all distinct."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from vqax.errors import BadData
from vqax.vision.weights import optional

OVERLAPS = (0.5, 0.7, 0.9, 0.99)
"""Two boxes are one from this IoU on; the next value counts where boxes are wanting."""
LEAST_SIDE_PX = 1.0


def pick(
    boxes_px: Float[Tensor, "n 4"], scores: Float[Tensor, "n"], count: int, where: str
) -> Int[Tensor, "count"]:
    """Indices of the ``count`` best boxes, by score.

    Non-maximum suppression over all classes, as strict as leaves enough boxes: first those with
    an IoU below .5 to any better one, then, as fill, below .7, .9, .99. No box is repeated and
    none is made up.

    Raises:
        BadData: there are fewer than ``count`` distinct boxes; ``where`` names the image.
    """
    sides = boxes_px[:, 2:] - boxes_px[:, :2]
    usable = (sides >= LEAST_SIDE_PX).all(dim=1).nonzero()[:, 0]
    nms = optional("torchvision.ops").nms
    chosen: list[int] = []
    for overlap in OVERLAPS:
        if len(chosen) < count:
            kept = usable[nms(boxes_px[usable], scores[usable], overlap)].tolist()
            known = set(chosen)
            chosen += [index for index in kept if index not in known]
    if len(chosen) < count:
        raise BadData(
            f"{where}: has {len(chosen)} distinct boxes, not {count}; ask for fewer boxes, or give "
            "the detector more proposals"
        )
    best = torch.tensor(chosen[:count])
    return best[scores[best].argsort(descending=True, stable=True)]
