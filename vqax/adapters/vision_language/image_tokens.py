"""From images to image tokens: the processor, the encoder and its projection.

Image tokens, before the language model adds their positions, are the last thing that does not
depend on the question and still has a place in the image, so they are the cells. What more the
encoder gives to deeper layers (DeepStack, Qwen3-VL) stands behind each token's features.
"""

import inspect
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vqax.adapters.vision_language.families import Family, Inputs
from vqax.adapters.vision_language.hooks import hooks_as_found
from vqax.explain.patched_tensor import dense


class ImageTokens(nn.Module):
    """Images (p,3,y,x) of one size with RGB in 0..255 to cells (p,l,d), through the processor.

    Whole numbers (uint8) are processed as the processor does by itself; of others the resizing is
    not rounded, so that gradients reach the pixels.
    """

    def __init__(self, network: Any, processor: Any, family: Family) -> None:
        super().__init__()
        self.network, self.processor, self.family = network, processor, family

    def forward(self, images: Tensor) -> Float[Tensor, "p l d"]:
        images = images if images.dtype == torch.uint8 else dense(images)
        inputs = processed(self.processor, self.family, images)
        encode = self.network.model.get_image_features
        taken = inspect.signature(encode).parameters
        moved = {
            name: _moved(value, self.network)
            for name, value in inputs.items()
            if name in taken and isinstance(value, Tensor)
        }
        with hooks_as_found(self.network):
            found = encode(**moved, return_dict=True)
        deeper = getattr(found, "deepstack_features", None) or ()
        cells = torch.cat([_joined(part) for part in (found.pooler_output, *deeper)], dim=1)
        return cells.float().view(len(images), -1, cells.shape[1])


def processed(processor: Any, family: Family, images: Tensor) -> Inputs:
    """What the image processor makes of images (p,3,y,x), with its model's own settings."""
    settings = getattr(processor, "images_kwargs", {})
    given = [[image] for image in images] if family.nested else list(images)
    inputs: Inputs = processor.image_processor(given, return_tensors="pt", **settings)
    return inputs


def _joined(features: Any) -> Float[Tensor, "n d"]:
    return features.flatten(0, -2) if isinstance(features, Tensor) else torch.cat(list(features))


def _moved(value: Tensor, network: Any) -> Tensor:
    return value.to(network.device, network.dtype if value.is_floating_point() else value.dtype)
