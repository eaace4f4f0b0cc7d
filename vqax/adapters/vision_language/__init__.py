"""Vision-language models of ``transformers`` behind the contract of ``Forward``."""

from vqax.adapters.vision_language.adapter import EncodedImage, VisionLanguage
from vqax.adapters.vision_language.places import spread

__all__ = ["EncodedImage", "VisionLanguage", "spread"]
