"""Every number of a training, as records that need no torch.

The annotations say which values make sense: a settings file is checked by them, before anything
heavy is imported. Code that builds a record by hand is trusted to give such values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
)
from pydantic_core import PydanticCustomError

OPTIONS_OF = {
    "adamw": ("betas", "eps"),
    "adam": ("betas", "eps"),
    "adamax": ("betas", "eps"),
    "sgd": ("momentum",),
}
"""Optimiser -> its settings besides the learning rate and the weight decay."""

Share = Annotated[float, Field(ge=0.0, lt=1.0)]
Precision = Literal["fp32", "bf16"]


def _known(name: str) -> str:
    if name not in OPTIONS_OF:
        raise PydanticCustomError("unknown", f"not one of {', '.join(OPTIONS_OF)}")
    return name


@dataclass(frozen=True, slots=True)
class OptimiserSettings:
    """``betas`` and ``eps`` count for the Adam family only, ``momentum`` for SGD only."""

    name: Annotated[str, AfterValidator(_known)]
    lr: PositiveFloat
    weight_decay: float = 0.0
    betas: tuple[Share, Share] = (0.9, 0.999)
    eps: PositiveFloat = 1e-8
    momentum: Share = 0.0


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """What one run of the loop depends on, besides data, model and objective.

    ``batch_size`` is that of all processes together. ``groups``: part of a parameter name -> an
    optimiser of its own. ``clip``: largest norm of all gradients together. ``warmup_epochs`` may
    be a fraction. ``patience``: epochs without a better validation accuracy before the end.
    """

    epochs: PositiveInt
    batch_size: PositiveInt
    seed: int
    optimiser: OptimiserSettings
    groups: Mapping[str, OptimiserSettings] = field(default_factory=dict)
    clip: PositiveFloat | None = None
    precision: Precision = "fp32"
    warmup_epochs: NonNegativeFloat = 0.0
    decay: Literal["none", "cosine"] = "none"
    patience: PositiveInt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorTraining:
    """AdamW with a warm-up and a cosine; ``seed`` orders the images and draws anchors and boxes."""

    epochs: PositiveInt
    batch_size: PositiveInt
    lr: PositiveFloat
    weight_decay: float = 0.0
    clip: PositiveFloat
    precision: Precision
    seed: int


@dataclass(frozen=True, slots=True)
class ClassifierTraining:
    """Adam and StepLR as released (learning rate 1e-3, weight decay .005, ·.1 every 7 epochs).

    The released batch is 1000, of 60,000 images; ``batch_size`` 32 takes about as many steps in
    an epoch of 1,800. ``shift``: images are moved by up to so many pixels up or down and left or
    right, anew in every epoch; no part of the paper.
    """

    seed: int
    epochs: PositiveInt = 10
    batch_size: PositiveInt = 32
    lr: PositiveFloat = 1e-3
    weight_decay: NonNegativeFloat = 0.005
    step_epochs: PositiveInt = 7
    step_factor: PositiveFloat = 0.1
    shift: NonNegativeInt = 0
