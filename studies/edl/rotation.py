"""EDL figure 2: what becomes of certainty when the images are rotated?"""

from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field

from project.maps import write_hdf5
from project.params import Params
from project.workspace import Workspace
from studies.edl.metric_rows import (
    Values,
    image_table,
    means,
    metrics_table,
    over_trainings,
    write_metrics,
)
from studies.edl.trained import Trained, load_trainings
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
    reported: Annotated[list[int], Field(min_length=2)],
) -> dict[str, Any]:
    """Write image_values, metrics, curves and example .parquet, and the rotated example.h5.

    Counter-clockwise. All test images are rotated by the ``reported`` angles, which are the curves
    and have rows of their own in images and metrics; the example by 0 to 180 degrees in steps of
    ``step``. ``confidently_wrong``: the answer is wrong and the uncertainty below ½. The example is
    the test image of class ``shown`` whose uncertainty under the first training of the first
    classifier is the median of its class, seen by the first training of those of the same classes.
    """
    tables, rows, curves, firsts = [], [], [], []
    for name in classifiers:
        trainings = load_trainings(params, workspace, name)
        firsts.append(trainings[0])
        swept = {angle: _values(trainings, angle) for angle in reported}
        for angle, values in swept.items():
            tables.append(image_table(f"{name}_{angle}", trainings, values))
            rows += list(means(NAME, f"{name}_{angle}", values))
            curves += [(*row, angle, name) for row in means(NAME, name, values)]
        tables.append(image_table(name, trainings, _over(swept)))
    out = workspace.analysis(NAME)
    write_parquet(out / "image_values.parquet", pd.concat(tables, ignore_index=True))
    write_parquet(out / "curves.parquet", _curves(curves))
    _write_example(workspace, firsts, shown, [*range(0, 181, step)])
    return write_metrics(out, rows)


def _values(trainings: list[Trained], angle: int) -> dict[str, np.ndarray]:
    test = trainings[0].parts.test
    rotated = rotate(test.pixels, float(angle))

    def of_one(trained: Trained) -> dict[str, np.ndarray]:
        found = trained.predict(rotated)
        right = found.label.numpy() == test.labels
        uncertainty = found.uncertainty.double().numpy()
        return {
            "accuracy": right.astype(float),
            "uncertainty": uncertainty,
            "confidently_wrong": (~right & (uncertainty < SURE)).astype(float),
        }

    return over_trainings(trainings, of_one)


def _over(swept: dict[int, Values]) -> dict[str, np.ndarray]:
    """Each value averaged over the rotated images."""
    rotated = [values for angle, values in swept.items() if angle > 0]
    return {metric: np.mean([one[metric] for one in rotated], axis=0) for metric in rotated[0]}


def _write_example(
    workspace: Workspace, trainings: list[Trained], shown: str, angles: list[int]
) -> None:
    first, out = trainings[0], workspace.analysis(NAME)
    chosen = _median(first, shown)
    classes = first.parts.test.classes
    alike = [one for one in trainings if one.parts.test.classes == classes]
    examples = [_example(one, chosen, angles) for one in alike]
    write_parquet(out / "example.parquet", pd.concat(examples, ignore_index=True))
    rotated = [rotate(first.parts.test.pixels[chosen], float(angle))[0] for angle in angles]
    write_hdf5(out / "example.h5", images=np.stack(rotated))


def _median(trained: Trained, shown: str) -> np.ndarray:
    """The row, in a list, of the typical test image of a class."""
    test = trained.parts.test
    members = np.flatnonzero(test.labels == test.classes.index(shown))
    uncertainty = trained.predict(test.pixels[members]).uncertainty.numpy()
    return members[[np.argsort(uncertainty, kind="stable")[len(uncertainty) // 2]]]


def _example(trained: Trained, chosen: np.ndarray, angles: list[int]) -> pd.DataFrame:
    test = trained.parts.test
    rotated = np.concatenate([rotate(test.pixels[chosen], float(angle)) for angle in angles])
    found = trained.predict(rotated)
    return pd.DataFrame(
        {
            "run": trained.name,
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
