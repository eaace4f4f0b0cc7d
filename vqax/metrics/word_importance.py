"""Which word of a question matters most (Interp, section 4.2 and figure 3)."""

import numpy as np
from jaxtyping import Bool, Float

from vqax.metrics.checks import as_flags, check_same_shape
from vqax.metrics.ties import exact_ties


def most_important(
    importance: Float[np.ndarray, "n t"], present: Bool[np.ndarray, "n t"]
) -> Float[np.ndarray, "n t"]:
    """1 at the word of each question with the largest ``importance``, 0 elsewhere.

    Equally important words share the 1, so that the first one, mostly a wh-word, has no
    advantage. A row sums to 1, to 0 where no word is ``present``.

    Raises:
        UsageError: the two differ in shape, or ``present`` holds other numbers than 0 and 1.
    """
    check_same_shape(importance=importance, present=present)
    present = as_flags(present, "present")
    seen = exact_ties(np.where(present, importance, -np.inf))
    highest = present & (seen == seen.max(axis=1, keepdims=True))
    return highest / np.maximum(highest.sum(axis=1, keepdims=True), 1)


def by_chance(present: Bool[np.ndarray, "n t"]) -> Float[np.ndarray, "n t"]:
    """The same for a word drawn blindly: 1 / (words of its question)."""
    return present / np.maximum(present.sum(axis=1, keepdims=True), 1)
