"""Losses, the certainty gradient, and the training loop."""

from vqax.learning.objective import OBJECTIVES, Objective, Step

__all__ = ["OBJECTIVES", "Objective", "Step"]
