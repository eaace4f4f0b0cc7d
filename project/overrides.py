"""How a run's own settings go before the shared ones.

Apart from ``project.params``, so that a stage depends on these rules and not on the names of all
sections (``stages.code.imports``).
"""

from typing import Any, TypeVar

Value = TypeVar("Value")


def merged(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    """``base`` with the entries of ``overlay``, mapping by mapping."""
    result = dict(base)
    for key, value in overlay.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


def own_or_shared(own: Value | None, shared: Value) -> Value:
    """A value of its own, or the one all share."""
    return shared if own is None else own
