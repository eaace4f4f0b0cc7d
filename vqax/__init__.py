"""Where a VQA model looks, how sure it is, and whether that agrees with human attention.

Letters in shape annotations, everywhere in this package:

``b`` batch, ``l`` grid cells or regions, ``h w`` grid height and width, ``d`` visual width,
``t`` tokens of the question, ``a`` answers, ``s`` Monte-Carlo samples, ``k`` boxes,
``q`` width of the question vector, ``c`` width of the combined vector, ``n`` records.
"""

from importlib import import_module
from typing import Any

PUBLIC = {"align": "vqax.alignment", "faithfulness": "vqax.evaluation"}
"""Each public name and the module it comes from, which is imported when it is first used."""

__all__ = list(PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *PUBLIC])
