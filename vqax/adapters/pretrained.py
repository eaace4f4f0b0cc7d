"""Encoder models of ``transformers`` by their name on the hub, or from a folder."""

from collections.abc import Callable, Sequence
from typing import Any

from vqax.adapters.blip import of_blip
from vqax.adapters.foreign import Foreign
from vqax.adapters.vilt import of_vilt
from vqax.adapters.vision_language.load import pretrained_part
from vqax.errors import UsageError

ENCODERS: dict[str, tuple[str, Callable[[Any, Any, Sequence[str]], Foreign]]] = {
    "vilt": ("ViltForQuestionAnswering", lambda network, words, answers: of_vilt(network, words)),  # noqa: ARG005
    "blip": ("BlipForQuestionAnswering", of_blip),
}
"""By ``config.model_type``: the class of the network, and what makes it a ``Foreign``."""


def model_type(source: str) -> str:
    """``config.model_type`` of ``hf:ORG/NAME`` or a folder; raises as ``load_encoder``."""
    kind: str = pretrained_part("AutoConfig", source).model_type
    return kind


def load_encoder(source: str, choices: Sequence[str] = ()) -> Foreign:
    """A model of ``ENCODERS``; ``choices`` are the answers of one that has none of its own.

    Raises:
        UsageError: no such kind, or no choices where they are needed.
        MissingArtefact: there is no such folder, or it cannot be downloaded.
        BadData: nothing can be made of what is there.
    """
    kind = model_type(source)
    if kind not in ENCODERS:
        raise UsageError(f"{source}: model_type {kind!r} is none of {', '.join(ENCODERS)}")
    name, make = ENCODERS[kind]
    words = pretrained_part("AutoTokenizer", source)
    return make(pretrained_part(name, source).eval(), words, choices)
