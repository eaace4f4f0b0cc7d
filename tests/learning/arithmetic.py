"""An arithmetic in which the last digits of a result depend on the tensor's shape.

Real processors do this (how many numbers are computed at once), but not all of them and not for
every shape, so tests that need it bring it along.
"""

import torch
from torch.overrides import TorchFunctionMode


class RoundsByShape(TorchFunctionMode):
    """Sigmoids grow by a last digit for every element of their tensor."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if func in (torch.sigmoid, torch.Tensor.sigmoid):
            return result * (1 + result.numel() * torch.finfo(result.dtype).eps)
        return result
