"""What is declared of a metric, once: its function, its unit, and how a reader is told about it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Direction = Literal["higher", "lower", "neither"]
"""Which values are better."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A measure by the name it has in every file.

    ``unit`` is that of the stored value, ``shown_in`` the one a reader sees, ``scale`` turns the
    first into the second (100 for accuracies in per cent) and ``digits`` are shown. ``short`` is
    the column heading a paper prints, where it prints one. The arguments of ``compute`` are those
    of its family (`vqax.metrics`); a metric that a stage puts together has none.
    """

    name: str
    meaning: str
    better: Direction
    short: str = ""
    unit: str = ""
    shown_in: str = ""
    scale: float = 1.0
    digits: int = 3
    compute: Callable[..., Any] | None = None

    @property
    def heading(self) -> str:
        return self.short or self.name

    @property
    def direction(self) -> str:
        """``better`` as tables write it: nothing where no value is better."""
        return "" if self.better == "neither" else self.better

    @property
    def arrow(self) -> str:
        return {"higher": "↑", "lower": "↓", "neither": ""}[self.better]
