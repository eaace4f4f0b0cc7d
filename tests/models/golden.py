"""Inputs and weights of the golden numbers, rebuilt as their README says."""

import json

import numpy as np
import torch


def lin(*shape, low=-1.0, high=1.0):
    """The sequence frac(i · 0.618…), i = 1 … n, between ``low`` and ``high``, row by row."""
    i = np.arange(1, int(np.prod(shape)) + 1, dtype=np.float64)
    values = low + (high - low) * ((i * 0.6180339887498949) % 1)
    return torch.from_numpy(values.reshape(shape).astype(np.float32))


def reference(shared, name):
    """The entry of golden/reference.json."""
    return json.loads((shared / "golden" / "reference.json").read_text())[name]


def as_reported(found, golden):
    """Equal but for half of the last printed digit, the sixth after the point.

    ``found`` is in double precision: in single precision the digits after the sixth are the
    processor's own and would add to the difference.
    """
    expected = torch.tensor(golden, dtype=torch.float64)
    torch.testing.assert_close(found, expected, atol=0.5e-6, rtol=0)
