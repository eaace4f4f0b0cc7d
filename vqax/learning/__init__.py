"""Losses, the certainty gradient, and the training loop.

An objective is a function with keyword options that returns an `Objective`.
"""

from collections.abc import Callable

from vqax.learning.att_align import att_align_objective
from vqax.learning.attreg import attreg_objective
from vqax.learning.css import css_objective
from vqax.learning.evidential import evidential_objective
from vqax.learning.hint import hint_objective
from vqax.learning.objective import Objective, Step, answer_objective, uncertainty_objective
from vqax.learning.rand_img import rand_img_objective
from vqax.learning.scr import scr_objective
from vqax.learning.zero_out import zero_out_objective

OBJECTIVES: dict[str, Callable[..., Objective]] = {
    "answer": answer_objective,
    "uncertainty": uncertainty_objective,
    "attreg": attreg_objective,
    "att_align": att_align_objective,
    "hint": hint_objective,
    "scr": scr_objective,
    "css": css_objective,
    "rand_img": rand_img_objective,
    "zero_out": zero_out_objective,
    "evidential": evidential_objective,
}

NEEDS_VARIANCE = frozenset({"uncertainty"})
"""Objectives that fail without a variance head."""

NEEDS_KEY_OBJECTS = frozenset({"attreg", "att_align", "hint", "scr", "css"})
"""Objectives that fail without key objects."""

NEEDS_EVIDENCE = frozenset({"evidential"})
"""Objectives that fail without an evidential answer head."""

__all__ = [
    "NEEDS_EVIDENCE",
    "NEEDS_KEY_OBJECTS",
    "NEEDS_VARIANCE",
    "OBJECTIVES",
    "Objective",
    "Step",
]
