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
