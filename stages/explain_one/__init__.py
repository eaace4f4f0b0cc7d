"""Any image, any question: what a model answers, how sure it is, and where it looks."""

from stages.explain_one.batch import run as explain_many
from stages.explain_one.model_choice import Model
from stages.explain_one.single import run as explain_image
from stages.explain_one.vision_language import Speech

__all__ = ["Model", "Speech", "explain_image", "explain_many"]
