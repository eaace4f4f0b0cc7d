"""Scenes: a generated VQA data set in exactly the official formats (docs/scenes.md)."""

from vqax.data.scenes.contact_sheet import contact_sheet
from vqax.data.scenes.generate import KIND, generate
from vqax.data.scenes.settings import SceneSettings

__all__ = ["KIND", "SceneSettings", "contact_sheet", "generate"]
