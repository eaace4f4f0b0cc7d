"""Where a VQA model looks, how sure it is, and whether that agrees with human attention.

Letters in shape annotations, everywhere in this package:

``b`` batch, ``l`` grid cells or regions, ``h w`` grid height and width, ``d`` visual width,
``t`` tokens of the question, ``a`` answers, ``s`` Monte-Carlo samples, ``k`` boxes,
``q`` width of the question vector, ``c`` width of the combined vector, ``n`` records.
"""

from importlib import import_module
from typing import Any

PUBLIC = {
    "align": ("vqax.alignment", "align"),
    "compare": ("vqax.stats.compare_methods", "compare_methods"),
    "explain": ("vqax.explain", None),  # a package, which calls vqax.notebook.explain
    "faithfulness": ("vqax.evaluation", "faithfulness"),
}
"""Each public name and where it comes from, which is imported when it is first used."""

__all__ = ["align", "compare", "explain", "faithfulness"]


def __getattr__(name: str) -> Any:
    if name not in PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = PUBLIC[name]
    found = import_module(module)
    return found if attribute is None else getattr(found, attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *PUBLIC})
