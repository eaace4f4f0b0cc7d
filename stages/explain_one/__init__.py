"""Any picture, any question: what a model answers, how sure it is, and where it looks."""

from stages.explain_one.asked import Model
from stages.explain_one.many import run as explain_many
from stages.explain_one.one import run as explain_picture
from stages.explain_one.vision_language import Speech

__all__ = ["Model", "Speech", "explain_many", "explain_picture"]
