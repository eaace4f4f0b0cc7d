"""Losses, the certainty gradient, and the training loop.

An objective is a function with keyword options that returns an `Objective`.
"""

from collections.abc import Callable

from vqax.learning.objective import Objective, Step, answer_objective, uncertainty_objective

OBJECTIVES: dict[str, Callable[..., Objective]] = {
    "answer": answer_objective,
    "uncertainty": uncertainty_objective,
}

NEEDS_VARIANCE = frozenset({"uncertainty"})
"""Objectives that fail without a variance head."""

__all__ = ["NEEDS_VARIANCE", "OBJECTIVES", "Objective", "Step"]
