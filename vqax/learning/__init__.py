"""Losses, the certainty gradient, and the training loop.

An objective is a function with keyword options that returns an `Objective`.
"""

from collections.abc import Callable

from vqax.learning.attreg import attreg_objective
from vqax.learning.objective import Objective, Step, answer_objective, uncertainty_objective

OBJECTIVES: dict[str, Callable[..., Objective]] = {
    "answer": answer_objective,
    "uncertainty": uncertainty_objective,
    "attreg": attreg_objective,
}

NEEDS_VARIANCE = frozenset({"uncertainty"})
"""Objectives that fail without a variance head."""

NEEDS_KEY_OBJECTS = frozenset({"attreg"})
"""Objectives that fail without key objects."""

__all__ = ["NEEDS_KEY_OBJECTS", "NEEDS_VARIANCE", "OBJECTIVES", "Objective", "Step"]
