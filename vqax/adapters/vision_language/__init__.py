"""Vision-language models of ``transformers`` behind the contract of ``Forward``."""

from vqax.adapters.vision_language.adapter import EncodedImage, VisionLanguage
from vqax.adapters.vision_language.load import is_pretrained, load_vision_language
from vqax.adapters.vision_language.places import spread
from vqax.adapters.vision_language.write import Said, write

__all__ = [
    "EncodedImage",
    "Said",
    "VisionLanguage",
    "is_pretrained",
    "load_vision_language",
    "spread",
    "write",
]
