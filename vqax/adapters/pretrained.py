"""Encoder models of ``transformers`` by their name on the hub, or from a folder."""

from collections.abc import Callable, Sequence
from typing import Any

from vqax.adapters.blip import of_blip
from vqax.adapters.clip import of_clip
from vqax.adapters.foreign import Foreign
from vqax.adapters.lxmert import of_lxmert
from vqax.adapters.region_models import ForeignOfRegions
from vqax.adapters.vilt import of_vilt
from vqax.adapters.vision_language.load import pretrained_part
from vqax.adapters.visual_bert import of_visual_bert
from vqax.errors import UsageError

ENCODERS: dict[str, tuple[str, Callable[[Any, Any, Sequence[str]], Foreign]]] = {
    "vilt": ("ViltForQuestionAnswering", lambda network, words, answers: of_vilt(network, words)),  # noqa: ARG005
    "blip": ("BlipForQuestionAnswering", of_blip),
    "clip": ("CLIPModel", of_clip),
}
"""Of images, by ``config.model_type``: the class of the network, what makes it a ``Foreign``."""

OF_REGIONS: dict[str, tuple[str, Callable[[Any, Any, Sequence[str]], ForeignOfRegions]]] = {
    "lxmert": ("LxmertForQuestionAnswering", of_lxmert),
    "visual_bert": ("VisualBertForQuestionAnswering", of_visual_bert),
}
"""Of regions that a detector found, the same."""


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
    if kind in OF_REGIONS:
        raise UsageError(
            f"{source}: model_type {kind!r} is given regions of the detector it was trained with, "
            "not an image; use vqax.adapters.pretrained.load_region_model, as "
            "docs/explainers.md shows"
        )
    network, words = _parts(source, kind, ENCODERS)
    return ENCODERS[kind][1](network, words, choices)


def load_region_model(source: str, answers: Sequence[str] = ()) -> ForeignOfRegions:
    """A model of ``OF_REGIONS``; ``answers`` name its columns where its configuration does not.

    Raises:
        UsageError: no such kind, or as ``ForeignOfRegions``.
        MissingArtefact, BadData: as ``load_encoder``.
    """
    kind = model_type(source)
    network, words = _parts(source, kind, OF_REGIONS)
    return OF_REGIONS[kind][1](network, words, answers)


def _parts(source: str, kind: str, known: dict[str, Any]) -> tuple[Any, Any]:
    """Network, with attention that keeps its weights, and tokeniser."""
    if kind not in known:
        raise UsageError(f"{source}: model_type {kind!r} is none of {', '.join(known)}")
    words = pretrained_part("AutoTokenizer", source)
    return pretrained_part(known[kind][0], source, attn_implementation="eager").eval(), words
