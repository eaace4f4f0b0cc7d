"""The pictures under a trained run: its trunk, and the squares that the trunk is given."""

import torch
from torch import Tensor

from project.feature_files import grid, grid_extractor
from project.params import Params
from project.trained import Trained
from vqax.data import Example
from vqax.data.pictures import load_rgb
from vqax.explain import PixelModel
from vqax.vision.resize import preprocess


def pixel_model(params: Params, subject: Trained) -> PixelModel:
    """The run on top of the network that its features were computed with."""
    trunk = grid_extractor(grid(params, params.run(subject.name).features))
    return PixelModel(trunk.to(subject.place), subject.model)


def pictures_of(params: Params, subject: Trained, examples: list[Example]) -> tuple[Tensor, Tensor]:
    """Each picture once (p,3,y,x), RGB in 0..255, and which of them each question is about (b)."""
    ids = list(dict.fromkeys(example.image_id for example in examples))
    input_px = grid(params, params.run(subject.name).features).input_px
    folder = subject.prepared.test_folder
    squares = [preprocess(load_rgb(folder.image_path(one)), input_px) for one in ids]
    which = torch.tensor([ids.index(example.image_id) for example in examples])
    return torch.stack(squares).float().to(subject.place), which.to(subject.place)
