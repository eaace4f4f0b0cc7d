"""What a notebook asks first: one image, one question, and why the answer."""

from vqax.notebook.explain import explain
from vqax.notebook.explanation import Explanation

__all__ = ["Explanation", "explain"]
