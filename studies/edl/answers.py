"""Are a classifier's answers right, its probabilities honest, and its doubts in the right place?"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from project.params import Params
from project.schema import Positive
from project.workspace import Workspace
from studies.edl.metric_rows import Row, images_table, means, statistic, write_metrics
from studies.edl.trained import Trained, load_classifier
from vqax.evidential.reliability import (
    brier_score_of_classes,
    rejection_curve,
    reliability_diagram,
)
from vqax.files import write_parquet
from vqax.metrics.calibration import aurc, expected_calibration_error, misclassification_auroc

NAME = "answers"


def run(
    params: Params, workspace: Workspace, *, classifiers: list[str], bins: Positive
) -> dict[str, Any]:
    """Write images, metrics, reliability and rejection .parquet, of the test images."""
    tables, rows, diagrams, curves = [], [], [], []
    for name in classifiers:
        table, probabilities = _answers(load_classifier(params, workspace, name))
        tables.append(table)
        rows += list(_metrics(params, name, table, probabilities))
        right = table["correct"].to_numpy()
        diagram = reliability_diagram(table["confidence"].to_numpy(), right, bins=bins)
        diagrams.append(pd.DataFrame(diagram._asdict()).assign(run=name))
        curve = rejection_curve(table["uncertainty"].to_numpy(), right)
        curves.append(pd.DataFrame(curve._asdict()).assign(run=name))
    out = workspace.analysis(NAME)
    for file, frame in {
        "images": pd.concat(tables),
        "reliability": pd.concat(diagrams),
        "rejection": pd.concat(curves),
    }.items():
        write_parquet(out / f"{file}.parquet", frame.reset_index(drop=True))
    return write_metrics(out, rows)


def _answers(trained: Trained) -> tuple[pd.DataFrame, Any]:
    found = trained.predict(trained.parts.test.pixels)
    labels, answer = trained.parts.test.labels, found.label.numpy()
    values = {
        "label": labels,
        "answer": answer,
        "correct": answer == labels,
        "confidence": found.probabilities.max(dim=1).values.double().numpy(),
        "uncertainty": found.uncertainty.double().numpy(),
    }
    if found.belief is not None:
        values["belief"] = found.belief.max(dim=1).values.double().numpy()
    return images_table(trained.name, values), found.probabilities.double().numpy()


def _metrics(params: Params, name: str, table: pd.DataFrame, probabilities: Any) -> Iterator[Row]:
    right = table["correct"].to_numpy()
    uncertainty = table["uncertainty"].to_numpy()
    each = zip(probabilities, table["label"], strict=True)
    brier = [brier_score_of_classes(row[None], np.array([label])) for row, label in each]
    values = {"accuracy": right, "uncertainty": uncertainty, "brier_classes": np.array(brier)}
    if "belief" in table:
        values["belief"] = table["belief"].to_numpy()
    yield from means(params, NAME, name, values)
    confidence = table["confidence"].to_numpy()
    for metric, compute, columns in (
        ("ece", expected_calibration_error, (confidence, right.astype(float))),
        ("aurc", aurc, (uncertainty, right.astype(float))),
        ("auroc_uncertainty", misclassification_auroc, (uncertainty, right)),
    ):
        yield statistic(params, NAME, name, metric, compute, *columns)
