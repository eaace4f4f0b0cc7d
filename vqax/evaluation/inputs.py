"""What a caller gives, tensors or arrays, as scores, units and one value for each unit."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from vqax.errors import UsageError
from vqax.evaluation import scores, units
from vqax.evaluation.baselines import IMAGE_BASELINES, cell_baseline
from vqax.evaluation.units import Score, Units
from vqax.metrics.resize import resize_area
from vqax.models.options import known

AXES = {"patches": 4, "pixels": 4, "cells": 3}


def score_of(
    model: nn.Module | Callable[[Any], Any], inputs: Any, answer: Any, tokens: Any, unit: str
) -> Score:
    """The score that is explained; raises UsageError where tokens are given and no answer."""
    index = None if answer is None else torch.as_tensor(answer)
    if tokens is None:
        return scores.of_function(model, index, arrays=isinstance(inputs, np.ndarray))
    if index is None:
        raise UsageError(
            "answer: is not given; name the answer that each question is explained for"
        )
    if not isinstance(model, nn.Module):
        raise UsageError(
            f"tokens: go with a module that returns Forward, not with {type(model).__name__}; "
            "leave them out, or give the module"
        )
    if unit == "words":
        return scores.of_words(model, torch.as_tensor(inputs), index)
    return scores.of_model(model, torch.as_tensor(tokens), index)


def check_baseline(unit: str, baseline: str | None) -> None:
    """Raise UsageError for a unit that is not known, or a baseline that it cannot have."""
    known([*AXES, "words"], unit, "unit")
    if baseline is None:
        return
    if unit == "words":
        raise UsageError(f"baseline {baseline!r}: a hidden word is the unknown word; leave it out")
    if unit == "cells":
        cell_baseline(torch.zeros(1, 1, 1), baseline)
    else:
        known(IMAGE_BASELINES, baseline, "baseline")


def units_of(
    inputs: Tensor, tokens: Any, unit: str, grid: tuple[int, int], baseline: str | None
) -> Units:
    """The units that are hidden; raises UsageError where the inputs have none such."""
    check_baseline(unit, baseline)
    if unit == "words":
        if tokens is None:
            raise UsageError("unit 'words': give tokens, the words that are hidden")
        return units.words(torch.as_tensor(tokens))
    if inputs.dim() != AXES[unit]:
        raise UsageError(
            f"unit {unit!r}: inputs of shape {tuple(inputs.shape)} have {inputs.dim()} axes, not "
            f"{AXES[unit]}; give images (b,c,y,x), or cells (b,l,d) with unit='cells'"
        )
    if unit == "cells":
        return units.cells(inputs, baseline or "mean")
    if unit == "pixels":
        return units.pixels(inputs, baseline or "blur")
    return units.patches(inputs, grid, baseline or "blur")


def values_at(hidden: Units, values: Any, unit: str, grid: tuple[int, int]) -> Float[Tensor, "b u"]:
    """A map's values at the units; raises UsageError where they do not go together."""
    maps = as_array(values)
    count = hidden.present.shape[1]
    if maps.ndim == 3 and maps[0].size != count and unit in ("patches", "pixels"):
        size = grid if unit == "patches" else tuple(hidden.inputs.shape[2:])
        maps = resize_area(maps, (int(size[0]), int(size[1])))
    if len(maps) != len(hidden.present) or maps[0].size != count:
        raise UsageError(
            f"maps of shape {maps.shape} for {len(hidden.present)} questions with {count} {unit}; "
            "give one map for each question"
        )
    flat = torch.as_tensor(np.ascontiguousarray(maps.reshape(len(maps), count), dtype=np.float32))
    return flat.to(hidden.present.device)


def as_array(values: Any) -> np.ndarray:
    """A tensor of any device, or anything numpy takes, as an array."""
    return np.asarray(values.detach().cpu() if isinstance(values, Tensor) else values)
