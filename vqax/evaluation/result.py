"""What ``faithfulness`` gives back: a row for each method and measure, and values by question."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from vqax.errors import UsageError
from vqax.evaluation.measures import MEASURES
from vqax.files import write_parquet
from vqax.stats.bootstrap import bootstrap_mean

RANDOM = "random"
COLUMNS = ["method", "measure", "value", "ci_low", "ci_high", "n", "unit", "direction", "random"]


@dataclass(frozen=True)
class Faithfulness:
    """``table``: columns ``COLUMNS``, where ``random`` is the value of random maps.

    ``questions``: method, measure, question (from 0) and value.
    """

    table: pd.DataFrame
    questions: pd.DataFrame

    def summary(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Method -> measure -> the rest of its row, ready for JSON: undefined numbers are None."""
        found: dict[str, dict[str, dict[str, Any]]] = {}
        for row in self.table.to_dict("records"):
            values = {str(key): _json(value) for key, value in row.items()}
            found.setdefault(values.pop("method"), {})[values.pop("measure")] = values
        return found

    def save(self, path: str | Path) -> None:
        """Write ``table`` as Parquet; raises BadData where it cannot be written."""
        write_parquet(Path(path), self.table)

    def __str__(self) -> str:
        shown = self.table.assign(
            **{
                column: self.table[column].map(lambda value: f"{value:.4f}")
                for column in ("value", "ci_low", "ci_high", "random")
            }
        )
        return shown.replace("nan", "–").to_string(index=False)

    def _repr_html_(self) -> str:
        html: str = self.table.to_html(index=False, border=0)
        return html


def tabulated(
    scores: Mapping[str, Mapping[str, Float[np.ndarray, "b"]]],
    questions: int,
    images: Sequence[Any] | None,
    *,
    seed: int,
) -> Faithfulness:
    """Means with 95 % intervals that draw whole images, by default an image a question.

    Raises:
        UsageError: ``images`` are not as many as questions.
    """
    image = np.arange(questions) if images is None else pd.factorize(np.array(images, object))[0]
    if len(image) != questions:
        raise UsageError(f"images: {len(image)} of {questions} questions; name the image of each")
    random = {name: _mean(values) for name, values in scores.get(RANDOM, {}).items()}
    rows = []
    for method, measures in scores.items():
        for name in (name for name in MEASURES if name in measures):
            mean = bootstrap_mean(measures[name], seed=seed, clusters=image)
            unit_and_direction = MEASURES[name].unit, MEASURES[name].direction
            rows.append(
                (method, name, *mean[:3], mean.n, *unit_and_direction, random.get(name, math.nan))
            )
    values = [
        pd.DataFrame({"method": method, "measure": name, "question": range(questions), "value": v})
        for method, measures in scores.items()
        for name, v in measures.items()
    ]
    return Faithfulness(pd.DataFrame(rows, columns=COLUMNS), pd.concat(values, ignore_index=True))


def pooled(
    parts: Sequence[Faithfulness], images: Sequence[Any] | None = None, *, seed: int = 0
) -> Faithfulness:
    """The results of several calls as one; ``images`` names the image of each of their questions.

    What was not measured in a part is NaN for its questions, and not counted.
    """
    counts = [int(part.questions["question"].max()) + 1 for part in parts]
    starts = np.cumsum([0, *counts])
    found: dict[str, dict[str, np.ndarray]] = {}
    for part, start in zip(parts, starts[:-1], strict=True):
        for (method, name), rows in part.questions.groupby(["method", "measure"], sort=False):
            own = found.setdefault(str(method), {})
            values = own.setdefault(str(name), np.full(starts[-1], np.nan))
            values[start + rows["question"].to_numpy()] = rows["value"]
    return tabulated(found, int(starts[-1]), images, seed=seed)


def _mean(values: Float[np.ndarray, "b"]) -> float:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else math.nan


def _json(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
