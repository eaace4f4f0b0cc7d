"""The images under a trained run: its image encoder, and the squares that encoder is given."""

import torch
from torch import Tensor

from project.feature_files import grid_extractor
from project.schema import Grid
from project.trained import Trained
from vqax.data import Example
from vqax.data.images import load_rgb
from vqax.errors import UsageError
from vqax.explain import PixelModel
from vqax.vision.resize import preprocess


def pixel_model(loaded: Trained) -> PixelModel:
    """The run on top of the network that its features were computed with."""
    image_encoder = grid_extractor(_grid(loaded))
    return PixelModel(image_encoder.to(loaded.place), loaded.model)


def images_of(loaded: Trained, examples: list[Example]) -> tuple[Tensor, Tensor]:
    """Each image once (p,3,y,x), RGB in 0..255, and which of them each question is about (b)."""
    ids = list(dict.fromkeys(example.image_id for example in examples))
    input_px = _grid(loaded).input_px
    squares = [preprocess(load_rgb(loaded.prepared.image_path(one)), input_px) for one in ids]
    which = torch.tensor([ids.index(example.image_id) for example in examples])
    return torch.stack(squares).float().to(loaded.place), which.to(loaded.place)


def _grid(loaded: Trained) -> Grid:
    """The settings of its features; raises UsageError where they are of regions."""
    features = loaded.plan.features
    if features.grid is None:
        raise UsageError(
            f"{loaded.name}: reads regions ({features.name}), and this needs the network of a "
            "grid; name a run that reads one of params.yaml: grids"
        )
    return features.grid
