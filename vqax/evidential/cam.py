"""Grad-CAM of a plain classifier: which cells of its last convolution speak for a class."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from vqax.evidential.classifier import Classifier
from vqax.explain.gradient import gradient_at, logit_of
from vqax.explain.state import left_as_found


def classifier_grad_cam(
    model: Classifier,
    images: Float[Tensor, "n c y x"],
    labels: Int[Tensor, "n"] | None = None,
    *,
    batch_size: int = 250,
) -> Float[Tensor, "n h w"]:
    """α_k = mean over cells of ∂y/∂A_k; map = Σ_k α_k A_k, with A = ``model.features``.

    y is the logit of the label, by default the highest one, before softmax or evidence. EDL
    equation 6 sums instead of averaging: a factor of h w, which any scaling of a map removes. The
    map is raw and signed; the published one is its ReLU. Dropout and noise are off.

    Raises:
        UsageError: images of another size than the model's, or ``classify`` is not
            differentiable.
    """
    maps = []
    with left_as_found(model):
        for rows in torch.arange(len(images)).split(batch_size):
            start, end = int(rows[0]), int(rows[-1]) + 1
            chosen = None if labels is None else labels[start:end]
            maps.append(_maps(model, images[start:end], chosen))
    return torch.cat(maps)


def _maps(
    model: Classifier, images: Float[Tensor, "b c y x"], labels: Int[Tensor, "b"] | None
) -> Float[Tensor, "b h w"]:
    with torch.no_grad():
        cells = model.features(images)
    cells.requires_grad_()
    logits = model.classify(cells)
    explained = logits.argmax(-1) if labels is None else labels
    gradient = gradient_at(cells, logit_of(logits, explained), model, name="feature")
    return (gradient.mean((2, 3), keepdim=True) * cells.detach()).sum(1)


def enlarge(maps: Float[Tensor, "n h w"], size: tuple[int, int]) -> Float[Tensor, "n y x"]:
    """ReLU, then bilinear to the size of the images, as EDL's notebook; corners not aligned.

    Cell (i, j) is drawn over its fraction of the image, although the cells of a convolution
    without padding look at less of it: LeNet's first cell begins to see at pixel 0 and ends at 15.
    """
    positive = functional.relu(maps)[:, None]
    return functional.interpolate(positive, size=size, mode="bilinear", align_corners=False)[:, 0]
