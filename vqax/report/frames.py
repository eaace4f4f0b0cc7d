"""What a figure is drawn from, before it is drawn: a frame with the columns that its kind needs.

Nothing here imports matplotlib, so that settings which name figures are checked at no cost.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

CURVE_COLUMNS = ["panel", "run", "x", "value", "ci_low", "ci_high", "x_name", "y_name"]
DOT_COLUMNS = ["run", "metric", "value", "ci_low", "ci_high", "n"]
FLIP_COLUMNS = ["run", "noise", "unit", "strength", "value", "ci_low", "ci_high", "n"]
LOSS_COLUMNS = ["run", "epoch", "metric", "value", "lowest", "highest"]
WORD_COLUMNS = ["kind", "method", "value", "ci_low", "ci_high", "chance", "n"]
DETECTION_COLUMNS = ["image_id", "x1", "y1", "x2", "y2", "name", "score", "right"]


@dataclass(frozen=True, eq=False)
class Part:
    """One drawing: its kind in ``FIGURES``, its frame, and what else ``draw`` takes.

    ``suffix`` tells apart several drawings of one kind, as in ``attention_samples_4000010``.
    """

    kind: str
    frame: pd.DataFrame
    arrays: Mapping[str, Any] = field(default_factory=dict)
    suffix: str = ""

    @property
    def file_name(self) -> str:
        return f"{self.kind}_{self.suffix}" if self.suffix else self.kind
