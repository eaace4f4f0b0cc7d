"""What a training measured: one value per epoch, split and metric."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

import pandas as pd

ROUNDING = 3e-7
"""Of a mean accuracy; a third of an annotator more, in 200,000 questions, makes 5e-7."""


class Entry(NamedTuple):
    """``epoch`` counts from 1; ``split`` is "train" or "val"."""

    epoch: int
    split: str
    metric: str
    value: float


@dataclass
class History:
    """Every entry of a training, in the order it was measured.

    Of each train metric there are the mean over the examples of the epoch and, with ``_min``
    and ``_max`` appended, its extremes over the steps (the spread of U-CAM's figure 10).
    """

    entries: list[Entry] = field(default_factory=list)

    def add(self, epoch: int, split: str, values: Mapping[str, float]) -> None:
        self.entries += [Entry(epoch, split, metric, value) for metric, value in values.items()]

    def curve(self, split: str, metric: str) -> dict[int, float]:
        """Epoch -> value."""
        return {e.epoch: e.value for e in self.entries if (e.split, e.metric) == (split, metric)}

    def epoch(self, epoch: int) -> dict[str, float]:
        """``split/metric`` -> value of one epoch."""
        return {f"{e.split}/{e.metric}": e.value for e in self.entries if e.epoch == epoch}

    def best_epoch(self) -> int | None:
        """The first epoch with the highest validation accuracy; None without any validation.

        An accuracy is higher by more than rounding: soft scores are summed in single precision.
        """
        best, highest = None, -inf
        for epoch, accuracy in self.curve("val", "accuracy").items():
            if accuracy > highest + ROUNDING:
                best, highest = epoch, accuracy
        return best

    def frame(self) -> pd.DataFrame:
        """Columns epoch, split, metric, value."""
        return pd.DataFrame(self.entries, columns=list(Entry._fields))


@dataclass
class Running:
    """Mean over the examples and extremes over the steps of an epoch, while it runs."""

    examples: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    lows: dict[str, float] = field(default_factory=dict)
    highs: dict[str, float] = field(default_factory=dict)

    def add(self, values: Mapping[str, float], examples: int) -> None:
        self.examples += examples
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + examples * value
            self.lows[name] = min(self.lows.get(name, value), value)
            self.highs[name] = max(self.highs.get(name, value), value)

    def summary(self) -> dict[str, float]:
        summary = {name: total / self.examples for name, total in self.sums.items()}
        summary |= {f"{name}_min": low for name, low in self.lows.items()}
        return summary | {f"{name}_max": high for name, high in self.highs.items()}
