"""Are a classifier's answers right, its probabilities calibrated, its doubts in the right place?"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from project.params import Params
from project.schema import Positive
from project.workspace import Workspace
from studies.edl.metric_rows import (
    Row,
    Values,
    image_table,
    means,
    over_trainings,
    statistic,
    write_metrics,
)
from studies.edl.trained import Trained, load_trainings
from vqax.evidential.reliability import (
    brier_score_of_classes,
    rejection_curve,
    reliability_diagram,
)
from vqax.files import write_parquet
from vqax.metrics.calibration import aurc, expected_calibration_error, misclassification_auroc

NAME = "answers"
AVERAGED = ("uncertainty", "belief", "brier_classes")


def run(
    params: Params, workspace: Workspace, *, classifiers: list[str], bins: Positive
) -> dict[str, Any]:
    """Write image_values, metrics, reliability and rejection .parquet, of the test images.

    The two curves are of the answers of all trainings together.
    """
    tables, rows, diagrams, curves = [], [], [], []
    for name in classifiers:
        trainings = load_trainings(params, workspace, name)
        values = over_trainings(trainings, _values)
        tables.append(image_table(name, trainings, values))
        rows += list(_metrics(params, name, values))
        right, confidence = values["correct"].ravel() == 1, values["confidence"].ravel()
        diagram = reliability_diagram(confidence, right, bins=bins)
        diagrams.append(pd.DataFrame(diagram._asdict()).assign(run=name))
        curve = rejection_curve(values["uncertainty"].ravel(), right)
        curves.append(pd.DataFrame(curve._asdict()).assign(run=name))
    out = workspace.analysis(NAME)
    for file, frame in {
        "image_values": pd.concat(tables),
        "reliability": pd.concat(diagrams),
        "rejection": pd.concat(curves),
    }.items():
        write_parquet(out / f"{file}.parquet", frame.reset_index(drop=True))
    return write_metrics(out, rows)


def _values(trained: Trained) -> dict[str, np.ndarray]:
    """What one training answers about every test image."""
    found = trained.predict(trained.parts.test.pixels)
    labels, answer = trained.parts.test.labels, found.label.numpy()
    probabilities = found.probabilities.double().numpy()
    each = zip(probabilities, labels, strict=True)
    values = {
        "label": labels,
        "answer": answer,
        "correct": (answer == labels).astype(float),
        "confidence": probabilities.max(axis=1),
        "uncertainty": found.uncertainty.double().numpy(),
        "brier_classes": np.array(
            [brier_score_of_classes(p[None], np.array([k])) for p, k in each]
        ),
    }
    if found.belief is not None:
        values["belief"] = found.belief.max(dim=1).values.double().numpy()
    return values


def _metrics(params: Params, name: str, values: Values) -> Iterator[Row]:
    averaged = {metric: values[metric] for metric in AVERAGED if metric in values}
    yield from means(NAME, name, {"accuracy": values["correct"], **averaged})
    confidence, uncertainty, right = (
        values[key] for key in ("confidence", "uncertainty", "correct")
    )
    for metric, compute, columns in (
        ("ece", expected_calibration_error, (confidence, right)),
        ("aurc", aurc, (uncertainty, right)),
        ("auroc_uncertainty", _auroc, (uncertainty, right)),
    ):
        yield statistic(params, NAME, name, metric, compute, *columns)


def _auroc(uncertainty: np.ndarray, right: np.ndarray) -> float:
    return misclassification_auroc(uncertainty, right == 1)
