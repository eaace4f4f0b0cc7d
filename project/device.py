"""Where torch computes, checked before anything is loaded."""

import re

import torch

from vqax.errors import UsageError

AUTO = "auto"


def checked(name: str) -> str:
    """``name`` if it is cpu, mps, cuda or cuda:N and this machine has it; for auto the best it has.

    Raises:
        UsageError: it is not.
    """
    if name == AUTO:
        return _best()
    match = re.fullmatch(r"cpu|mps|cuda(?::(\d+))?", name)
    if match is None:
        raise UsageError(f"--device {name}: no such device; choose auto, cpu, mps, cuda or cuda:N")
    if name == "mps" and not torch.backends.mps.is_available():
        raise UsageError("--device mps: this machine has none; choose auto, cpu or another one")
    there = torch.cuda.device_count()
    if name.startswith("cuda") and int(match[1] or 0) >= there:
        raise UsageError(
            f"--device {name}: this machine has {there} CUDA devices; choose cpu or another one"
        )
    return name


def _best() -> str:
    """The first of CUDA, Apple's GPU and the processor that is there."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
