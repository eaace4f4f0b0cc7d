"""``vqax compare --a --b``: two methods from files with a value per question and training."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stages.question_values import OfficialSplit, read_values
from vqax.errors import UsageError
from vqax.metrics import METRICS
from vqax.metrics.calibration import misclassification_auroc
from vqax.metrics.ties import right_answers
from vqax.stats.compare_methods import Measure, MethodComparison, compare_trainings
from vqax.stats.power import seeds_needed
from vqax.stats.seed_variance import SeedVariance
from vqax.stats.words import Hypothesis

AUROC = "auroc_"
ACCURACY = "accuracy_official"


@dataclass(frozen=True)
class MethodFiles:
    """One file a training: of A, of B, and of each further configuration of their family.

    ``floor`` stands in the place of ``b``: one file of a method that is not trained. ``split``
    scores those that are official results.
    """

    a: tuple[Path, ...]
    b: tuple[Path, ...] = ()
    floor: Path | None = None
    family: tuple[tuple[Path, ...], ...] = ()
    split: OfficialSplit | None = None

    @property
    def every(self) -> list[Path]:
        return [*self.a, *self.second, *(path for files in self.family for path in files)]

    @property
    def second(self) -> tuple[Path, ...]:
        return self.b if self.floor is None else (self.floor,)


def run(
    files: MethodFiles,
    *,
    metric: str,
    higher_is_better: bool | None = None,
    margin: float = 0.0,
    data: str = "",
    effect: float | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """What can be said about A against B, in words and numbers; undefined numbers are None.

    ``higher_is_better`` follows from ``metric`` where vqax has it, otherwise it is taken as true.
    ``effect`` asks how many trainings a side would find a difference of that size.

    Raises:
        UsageError: a file is given twice or has an unknown format, the margin is negative.
        BadData: the trainings do not have the same questions, a value is no number.
    """
    _refuse_twice(files.every)
    measure = _measure(metric, seed)
    read = partial(_by_file, columns=measure.columns, split=files.split)
    better = _higher_is_better(metric) if higher_is_better is None else higher_is_better
    found = compare_trainings(
        read(files.a),
        read(files.second),
        family=[read(paths) for paths in files.family],
        measure=measure,
        hypothesis=Hypothesis(metric=metric, data=data, higher_is_better=better, margin=margin),
        trained_b=files.floor is None,
    )
    needed = {} if effect is None else {"seeds_needed": _seeds_needed(found, effect, files)}
    return {"metric": metric, **_numbers(found), **needed}


def _refuse_twice(paths: Sequence[Path]) -> None:
    resolved = [path.resolve() for path in paths]
    for path, name in zip(resolved, paths, strict=True):
        if resolved.count(path) > 1:
            raise UsageError(f"{name}: is given twice; name each training once, on one side")


def _measure(metric: str, seed: int) -> Measure:
    """``auroc_NAME`` is the AUROC of errors by the column NAME, anything else a column's mean."""
    if metric.startswith(AUROC):
        return Measure((metric.removeprefix(AUROC), ACCURACY), _error_auroc, seed=seed)
    return Measure((metric,))


def _error_auroc(uncertainty: np.ndarray, accuracy: np.ndarray) -> float:
    return misclassification_auroc(uncertainty, right_answers(accuracy))


def _higher_is_better(metric: str) -> bool:
    known = [name for name in METRICS if metric.endswith(name)]
    return not known or METRICS[max(known, key=len)].direction == "higher"


def _by_file(
    paths: Sequence[Path], columns: Sequence[str], split: OfficialSplit | None
) -> dict[str, pd.DataFrame]:
    return {str(path): read_values(path, columns, split) for path in paths}


def _seeds_needed(found: MethodComparison, effect: float, files: MethodFiles) -> int | None:
    return seeds_needed(
        effect,
        SeedVariance(found.seed_sd**2, found.seed_df),
        found.image_variance,
        found.images - 1,
        configurations=len(files.family) + (2 if files.floor is None else 1),
    )


def _numbers(found: MethodComparison) -> dict[str, Any]:
    """Sentence and word first; the ends of the interval named as in the tables."""
    values = asdict(found)
    first = {key: values.pop(key) for key in ("sentence", "word", "estimate")}
    ends = {f"ci_{end}": values.pop(end) for end in ("low", "high")}
    return {
        key: None if isinstance(value, float) and not np.isfinite(value) else value
        for key, value in {**first, **ends, **values}.items()
    }
