"""Any picture, any question: what a trained run answers, how sure it is, and where it looks."""

from stages.explain_one.many import run as explain_file
from stages.explain_one.one import run as explain_picture
from stages.explain_one.summary import Outcome

__all__ = ["Outcome", "explain_file", "explain_picture"]
