"""Model weights as safetensors, with errors that say what does not fit."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn

from vqax.errors import BadData
from vqax.files import atomic_path, read_json, write_json
from vqax.foreign import reading

WEIGHTS = "model.safetensors"
META = "model.json"


def save_model(folder: Path, model: nn.Module, meta: Mapping[str, Any]) -> None:
    """Write ``model.safetensors`` and, when it is whole, ``model.json`` with what builds it.

    Raises:
        BadData: the folder is read-only or the disk is full.
    """
    write_tensors(folder / WEIGHTS, model.state_dict())
    write_json(folder / META, dict(meta), indent=1)


def load_model_weights(folder: Path, model: nn.Module) -> dict[str, Any]:
    """Put the weights of the folder into the model; return what ``model.json`` says.

    Raises:
        MissingArtefact: one of the two files is absent.
        BadData: a file is cut, or the weights are those of another architecture.
    """
    meta: dict[str, Any] = read_json(folder / META)
    copy_weights(read_tensors(folder / WEIGHTS), model, folder / WEIGHTS)
    return meta


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write copies on the CPU, so that tied and non-contiguous tensors are no special case.

    Raises:
        BadData: the folder is read-only or the disk is full.
    """
    copies = {
        name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, tensor in tensors.items()
    }
    with atomic_path(path) as temporary:
        # not save_file: it hides a full disk behind an error of its own
        temporary.write_bytes(save(copies))


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a file, on the CPU.

    Raises:
        MissingArtefact: there is no such file.
        BadData: the file is cut or is not in the safetensors format.
    """
    remedy = "delete it and train the model again"
    with reading(
        path,
        "a whole safetensors file",
        remedy,
        absent="no such file; train the model first",
        output=path,
    ):
        return load_file(path)


def copy_weights(tensors: Mapping[str, Tensor], model: nn.Module, path: Path) -> None:
    """Put tensors read from ``path`` into the model.

    Raises:
        BadData: names or shapes differ; the message gives both shapes of the first difference.
    """
    wanted = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    wrong = [name for name in [*wanted, *found] if wanted.get(name) != found.get(name)]
    if wrong:
        name, more = wrong[0], len(set(wrong)) - 1
        raise BadData(
            f"{path}: weights of another model: {name} is {found.get(name, 'absent')} in the file "
            f"and {wanted.get(name, 'absent')} in {type(model).__name__} ({more} more differ); "
            "build the model with the settings it was trained with, or train it again"
        )
    model.load_state_dict(dict(tensors))
