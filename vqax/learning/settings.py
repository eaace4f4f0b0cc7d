"""Every number of a training."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from vqax.learning.optimiser import OptimiserSettings


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """What one run of the loop depends on, besides data, model and objective.

    ``batch_size`` is that of all processes together. ``groups``: part of a parameter name -> an
    optimiser of its own. ``clip``: largest norm of all gradients together. ``warmup_epochs`` may
    be a fraction. ``patience``: epochs without a better validation accuracy before the end.
    """

    epochs: int
    batch_size: int
    seed: int
    optimiser: OptimiserSettings
    groups: Mapping[str, OptimiserSettings] = field(default_factory=dict)
    clip: float | None = None
    precision: Literal["fp32", "bf16"] = "fp32"
    warmup_epochs: float = 0.0
    decay: Literal["none", "cosine"] = "none"
    patience: int | None = None
