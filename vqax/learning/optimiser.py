"""Optimisers by name, one per parameter group, and the learning rate as a function of the step."""

from collections.abc import Mapping, Sequence
from math import cos, pi
from typing import Any

from torch import Tensor, nn
from torch.optim import SGD, Adam, Adamax, AdamW, Optimizer

from vqax.errors import UsageError
from vqax.settings import OPTIONS_OF, OptimiserSettings

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


def build_optimiser(settings: OptimiserSettings, parameters: list[nn.Parameter]) -> Optimizer:
    """An optimiser whose groups remember ``initial_lr``, the rate before any schedule.

    Raises:
        UsageError: no optimiser has this name.
    """
    name = settings.name
    if name not in OPTIMISERS:
        raise UsageError(f"optimiser.name: {name!r} is not one of {', '.join(OPTIMISERS)}")
    options: dict[str, Any] = {option: getattr(settings, option) for option in OPTIONS_OF[name]}
    if name in FUSED:
        options["fused"] = True
    group: dict[str, Any] = {"params": parameters, "initial_lr": settings.lr}
    kind: Any = OPTIMISERS[name]
    return kind([group], lr=settings.lr, weight_decay=settings.weight_decay, **options)


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
    return [
        build_optimiser({**groups, "": settings}[group], own) for group, own in owned.items() if own
    ]


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
