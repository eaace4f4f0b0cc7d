"""A vision-language model by its name on the Hugging Face hub, or from a folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from vqax.adapters.vision_language.adapter import VisionLanguage
from vqax.errors import BadData, MissingArtefact, UsageError

HUB = "hf:"


def load_vision_language(
    source: str,
    *,
    device: str | torch.device = "cpu",
    device_map: Any = None,
    dtype: Any = "auto",
    attention: str = "eager",
) -> VisionLanguage:
    """``hf:ORG/NAME``, or a folder made with ``save_pretrained`` of network and processor.

    A folder is read without a connection. ``dtype`` auto is that of the weights, often bfloat16.
    ``device_map`` shares the network among devices (needs accelerate), instead of ``device``.
    ``attention`` is how ``transformers`` computes it: eager keeps the weights that the explainer
    ``attention`` shows, sdpa is faster and keeps none.

    Raises:
        UsageError: transformers is not installed, or it is of no family known here.
        MissingArtefact: there is no such folder, or it cannot be downloaded.
        BadData: network or processor cannot be made of what is there.
    """
    place = {} if device_map is None else {"device_map": device_map}
    network = pretrained_part(
        "AutoModelForImageTextToText", source, dtype=dtype, attn_implementation=attention, **place
    )
    processor = pretrained_part("AutoProcessor", source)
    if device_map is None:
        network.to(device)
    return VisionLanguage(network.eval(), processor, source.removeprefix(HUB))


def pretrained_part(kind: str, source: str, **options: Any) -> Any:
    """``from_pretrained`` of a class of ``transformers`` by its name; raises as above."""
    with _loading(source):
        name, local = _where(source)
        return getattr(_transformers(), kind).from_pretrained(name, **options, **local)


def is_pretrained(source: str) -> bool:
    """Whether ``--model`` names the hub or a folder, rather than a function of a file."""
    return source.startswith(HUB) or Path(source).is_dir()


def _where(source: str) -> tuple[str, dict[str, Any]]:
    if source.startswith(HUB):
        return source.removeprefix(HUB), {}
    if not (Path(source) / "config.json").is_file():
        raise MissingArtefact(
            f"{source}: no folder with a config.json; give one made with save_pretrained, "
            f"or {HUB}ORG/NAME"
        )
    return os.fspath(source), {"local_files_only": True}


def _transformers() -> Any:
    try:
        import transformers
    except ImportError as error:
        raise UsageError('transformers is not installed; pip install "vqax[hf]"') from error
    return transformers


@contextmanager
def _loading(source: str) -> Iterator[None]:
    """What goes wrong in a sentence that says what to do."""
    try:
        yield
    except (OSError, ConnectionError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        if source.startswith(HUB):
            raise MissingArtefact(
                f"{source}: cannot be downloaded ({reason}); check the name and the connection, "
                "or give a folder made with save_pretrained"
            ) from error
        raise MissingArtefact(
            f"{source}: not a whole model ({reason}); save network and processor there with "
            "save_pretrained"
        ) from error
    except (ValueError, KeyError, TypeError, RuntimeError, ImportError) as error:
        raise BadData(
            f"{source}: no image-text-to-text model can be made of it "
            f"({type(error).__name__}: {str(error).strip().splitlines()[0]}); give another one"
        ) from error
