"""Sizes and types that belong together, checked where a metric is called.

NumPy would broadcast what does not fit, or read 0 and 1 as row numbers, and return a number.
"""

import numpy as np
from jaxtyping import Bool, Shaped

from vqax.errors import UsageError


def check_same_shape(**arrays: Shaped[np.ndarray, "..."]) -> None:
    """Raise UsageError, which names arrays and shapes, unless all have one shape."""
    shapes = {name: array.shape for name, array in arrays.items()}
    if len(set(shapes.values())) > 1:
        listed = " and ".join(f"{name} of shape {shape}" for name, shape in shapes.items())
        raise UsageError(f"{listed} do not belong together; bring them to one shape")


def check_one_each(**arrays: Shaped[np.ndarray, "n ..."]) -> None:
    """Raise UsageError, which names arrays and lengths, unless all have as many rows."""
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        listed = " and ".join(f"{length} {name}" for name, length in lengths.items())
        raise UsageError(f"{listed} do not belong together; give one of each for every question")


def as_flags(values: Shaped[np.ndarray, "*n"], name: str) -> Bool[np.ndarray, "*n"]:
    """Truth values, also where they are given as the numbers 0 and 1.

    Raises:
        UsageError: there is another value among them.
    """
    if values.dtype == bool:
        return values
    other = values[(values != 0) & (values != 1)]
    if len(other):
        raise UsageError(f"{name}: {other[0]} is neither 0 nor 1; give truth values")
    return values.astype(bool)
