"""What ``align`` gives back: a table of metrics, scores by question, and what was left out."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from vqax.errors import UsageError
from vqax.files import atomic_path, write_parquet

SHOWN = {
    "metric": "metric",
    "value": "value",
    "interval": "95 % interval",
    "n": "n",
    "ceiling": "ceiling",
    "other_question": "other question",
    "mean_human_map": "mean human map",
    "centred_gaussian": "Gaussian",
    "uniform_noise": "noise",
    "share": "share",
    "resizing": "resizing",
}


@dataclass(frozen=True)
class Alignment:
    """How well maps align with human attention.

    ``table``: a row a metric (docs/alignment.md names the columns). ``questions``: a row a
    question, with id, image and for each metric ``{metric}``, ``{metric}_ceiling`` and
    ``{metric}_{floor}``. ``unmatched_maps`` and ``unmatched_human`` are names without a partner,
    ``fixations_outside`` counts fixations that lie outside of their image.
    """

    table: pd.DataFrame
    questions: pd.DataFrame
    human_maps: int
    unmatched_maps: list[str]
    unmatched_human: list[str]
    fixations_outside: int

    def summary(self) -> dict[str, Any]:
        """Everything but the scores of questions, ready for JSON: undefined numbers are None."""
        rows = [
            {key: _json(value) for key, value in row.items()}
            for row in self.table.to_dict("records")
        ]
        return {
            "questions": len(self.questions),
            "images": int(self.questions["image"].nunique()),
            "human_maps": self.human_maps,
            "metrics": {row.pop("metric"): row for row in rows},
            "unmatched_maps": self.unmatched_maps,
            "unmatched_human": self.unmatched_human,
            "fixations_outside": self.fixations_outside,
        }

    def save(self, path: str | Path) -> None:
        """Write ``table`` as Parquet or CSV, by the ending of the name.

        Raises:
            UsageError: another ending.
            BadData: the file cannot be written.
        """
        path = Path(path)
        if path.suffix == ".parquet":
            write_parquet(path, self.table)
        elif path.suffix == ".csv":
            with atomic_path(path) as temporary:
                self.table.to_csv(temporary, index=False)
        else:
            raise UsageError(f"{path}: ends in neither .parquet nor .csv; give one of them")

    def __str__(self) -> str:
        head = (
            f"{len(self.questions)} questions on {self.questions['image'].nunique()} images, "
            f"{self.human_maps} human maps"
        )
        lines = [head, self._shown().to_string(index=False), *self._left_out()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        left_out = "".join(f"<p>{line}</p>" for line in self._left_out())
        return self._shown().to_html(index=False, border=0) + left_out

    def _shown(self) -> pd.DataFrame:
        ends = zip(self.table["ci_low"], self.table["ci_high"], strict=True)
        interval = [f"{_number(low)} to {_number(high)}" for low, high in ends]
        table = self.table.assign(interval=interval)
        shown = table[list(SHOWN)].rename(columns=SHOWN)
        numeric = shown.select_dtypes("float").columns
        return shown.assign(**{column: shown[column].map(_number) for column in numeric})

    def _left_out(self) -> list[str]:
        return [
            f"{len(names)} {what}: {', '.join(names[:5])}{' …' if len(names) > 5 else ''}"
            for what, names in (
                ("maps without a human map", self.unmatched_maps),
                ("human maps without a map", self.unmatched_human),
            )
            if names
        ] + (
            [f"{self.fixations_outside} fixations lie outside of their image"]
            if self.fixations_outside
            else []
        )


def _number(value: float) -> str:
    return f"{value:.4f}" if math.isfinite(value) else "–"


def _json(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
