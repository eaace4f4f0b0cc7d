"""Interp, section 4.2: does the number of answers that occlusion changes foretell failure?

An answer counts as right from an official accuracy of ½ on. Predictors differ in what they read;
``confidence`` is the control that needs no occlusion. ``chance`` tosses a coin, ``majority`` always
says what holds of most of the answers that are asked about, which no predictor can know.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from project.metric_rows import column_mean
from project.params import Params
from vqax.metrics.calibration import misclassification_auroc
from vqax.metrics.ties import right_answers
from vqax.stats.contrast import statistic_contrast
from vqax.stats.failure import predict_failure

PREDICTORS: dict[str, tuple[str, ...]] = {
    "changes": ("patches", "words"),
    "patch_changes": ("patches",),
    "word_changes": ("words",),
    "confidence": ("confidence",),
    "changes_and_confidence": ("patches", "words", "confidence"),
}
SHARES = ("patches", "large_patches", "words")
COLUMNS = [
    *("question_id", "image_id", "row", "hit", "uncertainty", "accuracy_official"),
]


def predicted_failures(changes: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """A row per question and predictor (``row``): ``hit`` is 1 where it told right from wrong.

    ``changes`` has question_id, image_id, accuracy_official and the features; ``uncertainty`` is
    the predicted probability of a wrong answer. Every question is predicted from the half of the
    images that it is not in; questions without words are left out.
    """
    table = changes.dropna(subset=list(SHARES)).reset_index(drop=True)
    right = right_answers(table["accuracy_official"].to_numpy())
    images = table["image_id"].to_numpy()
    frames = []
    for name, columns in PREDICTORS.items():
        features = table[list(columns)].to_numpy(dtype=np.float64)
        found = predict_failure(features, right, clusters=images, seed=seed)
        frames.append(_rows(table, name, (found > 0.5) == right, 1 - found))
    nothing = np.full(len(table), 0.5)
    frames.append(_rows(table, "majority", right == (right.mean() > 0.5), nothing))
    frames.append(_rows(table, "chance", nothing, nothing))
    return pd.concat(frames, ignore_index=True)[COLUMNS]


def _rows(
    table: pd.DataFrame, predictor: str, hit: np.ndarray, uncertainty: np.ndarray
) -> pd.DataFrame:
    return table.assign(row=predictor, hit=hit.astype(float), uncertainty=uncertainty)


def predictor_metrics(
    name: str, failures: pd.DataFrame, params: Params
) -> Iterator[tuple[Any, ...]]:
    """Accuracy and AUROC of every predictor on questions it was not fitted on."""
    for predictor, table in failures.groupby("row", sort=False):
        row = f"{name}/{predictor}"
        mean = column_mean(table, "hit", params)
        yield row, "failure_accuracy", *mean, "fraction", "higher"
        yield row, "failure_auroc", *_auroc(table, "uncertainty", params), "", "higher"


def share_metrics(name: str, changes: pd.DataFrame, params: Params) -> Iterator[tuple[Any, ...]]:
    """How often hiding a patch or a word changes the answer: of all, right and wrong answers."""
    right = right_answers(changes["accuracy_official"].to_numpy())
    for share in SHARES:
        row = f"{name}/{share}"
        for metric, table in (
            ("flip_rate", changes),
            ("flip_rate_of_right", changes[right]),
            ("flip_rate_of_wrong", changes[~right]),
        ):
            yield row, metric, *column_mean(table, share, params), "fraction", ""
        yield row, "failure_auroc", *_auroc(changes, share, params), "", "higher"


def _auroc(table: pd.DataFrame, column: str, params: Params) -> tuple[float, float, float, int]:
    """The chance that a wrong answer has more of ``column`` than a right one."""
    contrast = statistic_contrast(
        lambda uncertainty, accuracy: misclassification_auroc(uncertainty, right_answers(accuracy)),
        table[column].to_numpy(dtype=np.float64),
        table["accuracy_official"].to_numpy(dtype=np.float64),
        clusters=table["image_id"].to_numpy(),
        samples=params.score.resamples,
        seed=params.seed,
    )
    return contrast.value, contrast.low, contrast.high, contrast.n
