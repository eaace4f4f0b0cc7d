"""EDL figure 2: what becomes of certainty when the pictures are turned?"""

from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field

from project.maps import write_hdf5
from project.params import Params
from project.workspace import Workspace
from studies.edl.metric_rows import means, metrics_table, pictures_table, write_metrics
from studies.edl.trained import Trained, load_classifier
from vqax.evidential.transforms import rotate
from vqax.files import write_parquet

NAME = "rotation"
SURE = 0.5
Angles = Annotated[int, Field(gt=0, le=180)]


def run(
    params: Params,
    workspace: Workspace,
    *,
    classifiers: list[str],
    step: Angles,
    shown: str,
    reported: list[int],
) -> dict[str, Any]:
    """Write pictures, metrics, curves and example .parquet, and the turned example.h5.

    0 to 180 degrees counter-clockwise in steps of ``step``. ``confidently_wrong``: the answer is
    wrong and the uncertainty below ½. The example is the test picture of class ``shown`` whose
    uncertainty under the first classifier is the median of its class, seen by those of the same
    classes. ``reported`` angles have rows of their own in pictures and metrics.
    """
    angles = [*range(0, 181, step)]
    subjects = [load_classifier(params, workspace, name) for name in classifiers]
    tables, rows, curves = [], [], []
    for subject in subjects:
        swept = {angle: _values(subject, angle) for angle in angles}
        for angle in reported:
            tables.append(pictures_table(f"{subject.name}_{angle}", swept[angle]))
            rows += list(means(params, NAME, f"{subject.name}_{angle}", swept[angle]))
        tables.append(pictures_table(subject.name, _over(swept, angles)))
        curves += [
            (*row, angle, subject.name)
            for angle in angles
            for row in means(params, NAME, subject.name, swept[angle])
        ]
    chosen = _median(subjects[0], shown)
    examples = [
        _example(subject, chosen, angles)
        for subject in subjects
        if subject.parts.test.classes == subjects[0].parts.test.classes
    ]
    out = workspace.analysis(NAME)
    write_parquet(out / "pictures.parquet", pd.concat(tables, ignore_index=True))
    write_parquet(out / "curves.parquet", _curves(curves))
    write_parquet(out / "example.parquet", pd.concat(examples, ignore_index=True))
    turned = [rotate(subjects[0].parts.test.pixels[chosen], float(angle))[0] for angle in angles]
    write_hdf5(out / "example.h5", pictures=np.stack(turned))
    return write_metrics(out, rows)


def _values(subject: Trained, angle: int) -> dict[str, np.ndarray]:
    test = subject.parts.test
    found = subject.predict(rotate(test.pixels, float(angle)))
    right = found.label.numpy() == test.labels
    uncertainty = found.uncertainty.double().numpy()
    return {
        "accuracy": right.astype(float),
        "uncertainty": uncertainty,
        "confidently_wrong": (~right & (uncertainty < SURE)).astype(float),
    }


def _over(swept: dict[int, dict[str, np.ndarray]], angles: list[int]) -> dict[str, np.ndarray]:
    """Each value averaged over the turned pictures."""
    return {
        metric: np.mean([swept[angle][metric] for angle in angles if angle > 0], axis=0)
        for metric in swept[0]
    }


def _median(subject: Trained, shown: str) -> np.ndarray:
    """The row, in a list, of the typical test picture of a class."""
    test = subject.parts.test
    members = np.flatnonzero(test.labels == test.classes.index(shown))
    doubt = subject.predict(test.pixels[members]).uncertainty.numpy()
    return members[[np.argsort(doubt, kind="stable")[len(doubt) // 2]]]


def _example(subject: Trained, chosen: np.ndarray, angles: list[int]) -> pd.DataFrame:
    test = subject.parts.test
    turned = np.concatenate([rotate(test.pixels[chosen], float(angle)) for angle in angles])
    found = subject.predict(turned)
    return pd.DataFrame(
        {
            "run": subject.name,
            "angle": np.repeat(angles, len(test.classes)),
            "answer": np.tile(test.classes, len(angles)),
            "probability": found.probabilities.double().numpy().ravel(),
            "uncertainty": np.repeat(found.uncertainty.double().numpy(), len(test.classes)),
            "truth": test.classes[test.labels[chosen[0]]],
        }
    )


def _curves(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    names = [*metrics_table([]).columns, "angle", "classifier"]
    table = pd.DataFrame(rows, columns=names)
    return table.assign(run=table.pop("classifier"))
