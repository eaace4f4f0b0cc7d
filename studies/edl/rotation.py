"""EDL figure 2: what becomes of certainty when the images are rotated?"""

from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field

from project.maps import write_hdf5
from project.params import Params
from project.workspace import Workspace
from studies.edl.metric_rows import images_table, means, metrics_table, write_metrics
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
    """Write images, metrics, curves and example .parquet, and the rotated example.h5.

    0 to 180 degrees counter-clockwise in steps of ``step``. ``confidently_wrong``: the answer is
    wrong and the uncertainty below ½. The example is the test image of class ``shown`` whose
    uncertainty under the first classifier is the median of its class, seen by those of the same
    classes. ``reported`` angles have rows of their own in images and metrics.
    """
    angles = [*range(0, 181, step)]
    loaded_models = [load_classifier(params, workspace, name) for name in classifiers]
    tables, rows, curves = [], [], []
    for loaded in loaded_models:
        swept = {angle: _values(loaded, angle) for angle in angles}
        for angle in reported:
            tables.append(images_table(f"{loaded.name}_{angle}", swept[angle]))
            rows += list(means(params, NAME, f"{loaded.name}_{angle}", swept[angle]))
        tables.append(images_table(loaded.name, _over(swept, angles)))
        curves += [
            (*row, angle, loaded.name)
            for angle in angles
            for row in means(params, NAME, loaded.name, swept[angle])
        ]
    chosen = _median(loaded_models[0], shown)
    examples = [
        _example(loaded, chosen, angles)
        for loaded in loaded_models
        if loaded.parts.test.classes == loaded_models[0].parts.test.classes
    ]
    out = workspace.analysis(NAME)
    write_parquet(out / "images.parquet", pd.concat(tables, ignore_index=True))
    write_parquet(out / "curves.parquet", _curves(curves))
    write_parquet(out / "example.parquet", pd.concat(examples, ignore_index=True))
    rotated = [
        rotate(loaded_models[0].parts.test.pixels[chosen], float(angle))[0] for angle in angles
    ]
    write_hdf5(out / "example.h5", images=np.stack(rotated))
    return write_metrics(out, rows)


def _values(loaded: Trained, angle: int) -> dict[str, np.ndarray]:
    test = loaded.parts.test
    found = loaded.predict(rotate(test.pixels, float(angle)))
    right = found.label.numpy() == test.labels
    uncertainty = found.uncertainty.double().numpy()
    return {
        "accuracy": right.astype(float),
        "uncertainty": uncertainty,
        "confidently_wrong": (~right & (uncertainty < SURE)).astype(float),
    }


def _over(swept: dict[int, dict[str, np.ndarray]], angles: list[int]) -> dict[str, np.ndarray]:
    """Each value averaged over the rotated images."""
    return {
        metric: np.mean([swept[angle][metric] for angle in angles if angle > 0], axis=0)
        for metric in swept[0]
    }


def _median(loaded: Trained, shown: str) -> np.ndarray:
    """The row, in a list, of the typical test image of a class."""
    test = loaded.parts.test
    members = np.flatnonzero(test.labels == test.classes.index(shown))
    vacuity = loaded.predict(test.pixels[members]).uncertainty.numpy()
    return members[[np.argsort(vacuity, kind="stable")[len(vacuity) // 2]]]


def _example(loaded: Trained, chosen: np.ndarray, angles: list[int]) -> pd.DataFrame:
    test = loaded.parts.test
    rotated = np.concatenate([rotate(test.pixels[chosen], float(angle)) for angle in angles])
    found = loaded.predict(rotated)
    return pd.DataFrame(
        {
            "run": loaded.name,
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
