"""Optimisers by name, one per parameter group, and the learning rate as a function of the step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, pi
from typing import Any

from torch import Tensor, nn
from torch.optim import SGD, Adam, Adamax, AdamW, Optimizer

from vqax.errors import UsageError

OPTIMISERS: dict[str, type[Optimizer]] = {
    "adamw": AdamW,
    "adam": Adam,
    "adamax": Adamax,
    "sgd": SGD,
}
FUSED = ("adamw", "adam", "sgd")  # one pass over weights and state instead of ten
DECAYS = {
    "none": lambda _: 1.0,
    "cosine": lambda done: 0.5 * (1.0 + cos(pi * done)),
}


@dataclass(frozen=True, slots=True)
class OptimiserSettings:
    """``betas`` count for the Adam family only, ``momentum`` for SGD only."""

    name: str
    lr: float
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    momentum: float = 0.0

    def build(self, parameters: list[nn.Parameter]) -> Optimizer:
        """An optimiser whose groups remember ``initial_lr``, the rate before any schedule."""
        if self.name not in OPTIMISERS:
            raise UsageError(f"optimiser.name: {self.name!r} is not one of {', '.join(OPTIMISERS)}")
        extra: dict[str, Any] = {"betas": self.betas}
        if self.name == "sgd":
            extra = {"momentum": self.momentum}
        if self.name in FUSED:
            extra["fused"] = True
        group: dict[str, Any] = {"params": parameters, "initial_lr": self.lr}
        kind: Any = OPTIMISERS[self.name]
        return kind([group], lr=self.lr, weight_decay=self.weight_decay, **extra)


def optimisers(
    model: nn.Module, settings: OptimiserSettings, groups: Mapping[str, OptimiserSettings]
) -> list[Optimizer]:
    """One optimiser for each group that owns parameters, and one for all other parameters.

    A parameter belongs to the group whose name is a part of its own: ``variance`` owns
    ``variance.weight`` and ``head.variance.bias``. U-CAM trains its uncertainty head so, by SGD.

    Raises:
        UsageError: an unknown optimiser, or a group that owns no parameter of this model.
    """
    owned: dict[str, list[nn.Parameter]] = {group: [] for group in (*groups, "")}
    trained = [(name, value) for name, value in model.named_parameters() if value.requires_grad]
    for name, parameter in trained:
        owner = next((group for group in groups if group in name.split(".")), "")
        owned[owner].append(parameter)
    for group in groups:
        if not owned[group]:
            names = ", ".join(name for name, _ in trained)
            raise UsageError(
                f"optimiser group {group!r}: no parameter of {type(model).__name__} belongs to "
                f"it; remove the group or name a part of one of {names}"
            )
    return [{**groups, "": settings}[group].build(own) for group, own in owned.items() if own]


def rate_factor(step: int, *, warmup_steps: float, total_steps: int, decay: str) -> float:
    """What the learning rate is multiplied by in step 0, 1, …: a linear rise, then the decay.

    Raises:
        UsageError: an unknown decay.
    """
    if decay not in DECAYS:
        raise UsageError(f"decay: {decay!r} is not one of {', '.join(DECAYS)}")
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    return DECAYS[decay]((step - warmup_steps) / max(1.0, total_steps - warmup_steps))


def set_rates(optimisers: Sequence[Optimizer], factor: float) -> None:
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["lr"] = group["initial_lr"] * factor


def state_of_optimisers(
    optimisers: Sequence[Optimizer],
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What the optimisers remember, as tensors and plain values named optimiser.row.key."""
    state = {
        f"{index}.{row}.{key}": value
        for index, optimiser in enumerate(optimisers)
        for row, memory in optimiser.state_dict()["state"].items()
        for key, value in memory.items()
    }
    tensors = {name: value for name, value in state.items() if isinstance(value, Tensor)}
    return tensors, {name: value for name, value in state.items() if name not in tensors}


def restore_optimisers(optimisers: Sequence[Optimizer], state: Mapping[str, Any]) -> None:
    """Put back what ``state_of_optimisers`` took from optimisers of the same settings."""
    memory: list[dict[int, dict[str, Any]]] = [{} for _ in optimisers]
    for name, value in state.items():
        index, row, key = name.split(".", 2)
        memory[int(index)].setdefault(int(row), {})[key] = value
    for optimiser, rows in zip(optimisers, memory, strict=True):
        groups = optimiser.state_dict()["param_groups"]
        optimiser.load_state_dict({"state": rows, "param_groups": groups})
