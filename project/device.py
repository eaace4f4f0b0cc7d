"""Where torch computes, checked before anything is loaded."""

import re

import torch

from vqax.errors import UsageError


def checked(name: str) -> str:
    """``name`` if it is cpu, cuda or cuda:N and this machine has it.

    Raises:
        UsageError: it is not.
    """
    match = re.fullmatch(r"cpu|cuda(?::(\d+))?", name)
    if match is None:
        raise UsageError(f"--device {name}: no such device; choose cpu, cuda or cuda:N")
    there = torch.cuda.device_count()
    if name != "cpu" and int(match[1] or 0) >= there:
        raise UsageError(
            f"--device {name}: this machine has {there} CUDA devices; choose cpu or another one"
        )
    return name
