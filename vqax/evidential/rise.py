"""RISE for a classifier of images: random masks, weighted by the probability they leave."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from vqax.evidential.classifier import Classifier
from vqax.evidential.heads import Head
from vqax.explain.rise import draw_grids, masks_of
from vqax.explain.state import left_as_found, seed_draws


def classifier_rise(
    model: Classifier,
    head: Head,
    images: Float[Tensor, "n c y x"],
    labels: Int[Tensor, "n"],
    *,
    masks: int = 500,
    cells: int = 7,
    keep: float = 0.5,
    seed: int = 0,
) -> Float[Tensor, "n y x"]:
    """S = 1/(N p) Σ_i f(I ⊙ M_i) M_i (Petsiuk et al. 2018), with f the label's probability.

    ``masks`` is N, ``keep`` p; a mask hides behind black, the ground of the images here, and all
    images see the same masks. f is α/S of an evidential head. Values are 0 or more.
    """
    size = (images.shape[2], images.shape[3])
    grids = draw_grids(masks, size, cells=cells, keep=keep, key=seed)
    drawn = masks_of(grids, size).to(images)
    maps = []
    with left_as_found(model), torch.no_grad():
        seed_draws(model, seed)
        for image, label in zip(images, labels.tolist(), strict=True):
            left = head.predict(model, image * drawn[:, None]).probabilities[:, label]
            maps.append(torch.tensordot(left.to(drawn.dtype), drawn, dims=1))
    return torch.stack(maps) / (masks * keep)
