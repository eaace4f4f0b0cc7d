"""Cascading parameter randomisation: does a map depend on what was learnt? (Adebayo et al. 2018.)

Layer by layer from the answers back to the input the parameters are drawn anew. A map that stays
the same shows the image, not the model.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils import parametrize

from vqax.errors import UsageError
from vqax.explain.state import left_as_found, seed_draws
from vqax.metrics.rank_correlation import rank_correlation


class Randomised(NamedTuple):
    """``similarity`` of the maps to those of the model as it was, after ``layer`` was drawn anew.

    Layers above it (nearer to the answers) are random as well.
    """

    layer: str
    similarity: Float[np.ndarray, "b"]


def cascading_randomisation(
    model: nn.Module,
    explain: Callable[[], Tensor],
    *,
    layers: Sequence[str] | None = None,
    seed: int = 0,
) -> list[Randomised]:
    """Spearman's ρ of maps (b,h,w) with those before, after each of the layers.

    ``explain`` makes the maps of ``model`` as it is when it is called. ``layers`` are names of
    modules, the first to be drawn first; by default all that have parameters of their own, from the
    last defined to the first. The model is left as found, parameters and statistics bit by bit,
    also after an exception.

    Raises:
        UsageError: a layer that the model has not, or no parameters at all.
    """
    modules = dict(model.named_modules())
    names = list(layers) if layers is not None else _with_parameters(model)
    unknown = [name for name in names if name not in modules]
    if unknown or not names:
        raise UsageError(
            f"layers: {unknown[0] if unknown else 'none'} of {type(model).__name__}; choose from "
            f"{', '.join(_with_parameters(model)) or 'a model with parameters'}"
        )
    before = _maps(explain)
    found = []
    with left_as_found(model), _values_kept(model):
        for number, name in enumerate(names):
            seed_draws(model, seed + number)
            _draw(modules[name])
            found.append(Randomised(name, rank_correlation(_maps(explain), before)))
    return found


def reinitialised(model: nn.Module, seed: int) -> nn.Module:
    """A copy of ``model`` with all parameters drawn anew: what maps show without learning."""
    copy = deepcopy(model)
    with torch.random.fork_rng():
        seed_draws(copy, seed)
        for name in _with_parameters(copy):
            _draw(copy.get_submodule(name))
    return copy


def _with_parameters(model: nn.Module) -> list[str]:
    own = [name for name, module in model.named_modules() if _parameters(module)]
    return own[::-1]


def _parameters(module: nn.Module) -> list[Tensor]:
    return list(module.parameters(recurse=False))


@contextmanager
def _values_kept(model: nn.Module) -> Iterator[None]:
    """Parameters and buffers get their values back, in place, so that nobody's reference breaks."""
    tensors = [*model.parameters(), *model.buffers()]
    values = [tensor.detach().clone() for tensor in tensors]
    try:
        yield
    finally:
        with torch.no_grad():
            for tensor, value in zip(tensors, values, strict=True):
                tensor.copy_(value)


def _draw(module: nn.Module) -> None:
    """A layer's own initialisation; where it has none, or it does not reach a parameter (weight
    normalisation), normal numbers of the parameter's mean and deviation."""
    before = [parameter.detach().clone() for parameter in _parameters(module)]
    reset = getattr(module, "reset_parameters", None)
    with torch.no_grad():
        if callable(reset) and not parametrize.is_parametrized(module):
            reset()
        for parameter, value in zip(_parameters(module), before, strict=True):
            if torch.equal(parameter, value) and bool((value != value.flatten()[0]).any()):
                parameter.normal_(float(value.mean()), float(value.std()))


def _maps(explain: Callable[[], Tensor]) -> Float[np.ndarray, "b h w"]:
    maps = explain().detach().float().cpu().numpy()
    return maps.reshape(len(maps), 1, -1) if maps.ndim == 2 else maps
