"""Which run a checkpoint belongs to, and what tells two runs apart."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from torch import nn

from vqax.settings import TrainSettings


def identity(model: nn.Module, questions: int, settings: TrainSettings) -> dict[str, Any]:
    """The part of a fingerprint that the loop knows by itself."""
    shapes = {name: list(tensor.shape) for name, tensor in model.state_dict().items()}
    return {"settings": asdict(settings), "questions": questions, "weights": shapes}


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """One phrase for every entry of two nested mappings that is not the same in both."""
    old, new = (_flat(json.loads(json.dumps(side))) for side in (there, here))
    return [
        f"{key} was {old.get(key, 'absent')}, is {new.get(key, 'absent')}"
        for key in dict.fromkeys([*old, *new])
        if old.get(key, "absent") != new.get(key, "absent")
    ]


def _flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, with dotted keys."""
    flat: dict[str, Any] = {}
    for key, inner in value.items():
        flat |= (
            _flat(inner, f"{prefix}{key}.") if isinstance(inner, dict) else {prefix + key: inner}
        )
    return flat
