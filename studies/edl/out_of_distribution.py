"""EDL figures 3 and 4: is a classifier in doubt about images of another kind?"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from project.maps import write_hdf5
from project.params import Params
from project.workspace import Workspace
from studies.edl.images import out_of_distribution
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
from vqax.evidential.reliability import ood_auroc
from vqax.files import write_parquet

NAME = "out_of_distribution"
IN_DISTRIBUTION = "in_distribution"


def run(
    params: Params, workspace: Workspace, *, classifiers: list[str], kinds: list[str], shown: str
) -> dict[str, Any]:
    """Write image_values, metrics and example .parquet, and example.h5.

    ``kinds`` are image sets of the settings that no classifier was trained on. Rows of
    image_values.parquet: a classifier's own test images and all others, and NAME_ood, the others
    alone. The example is the first image of ``shown``, seen by the first training of each.
    """
    tables, rows, examples = [], [], []
    for name in classifiers:
        trainings = load_trainings(params, workspace, name)
        own = trainings[0].parts.test
        sets = {IN_DISTRIBUTION: own.pixels}
        sets |= {kind: out_of_distribution(params, kind, own, workspace.root) for kind in kinds}
        kind = np.repeat([*sets], [len(pixels) for pixels in sets.values()])
        values = over_trainings(trainings, lambda one, sets=sets: _values(one, sets))
        table = image_table(name, trainings, values)
        table["kind"] = np.tile(kind, len(trainings))
        table["in_distribution"] = (table["kind"] == IN_DISTRIBUTION).astype(float)
        tables += [table, table[table["kind"] != IN_DISTRIBUTION].assign(row=f"{name}_ood")]
        rows += list(_metrics(params, name, values, kind))
        examples.append(_example(trainings[0], sets[shown][:1]))
    out = workspace.analysis(NAME)
    write_parquet(out / "image_values.parquet", pd.concat(tables, ignore_index=True))
    write_parquet(out / "example.parquet", pd.concat(examples, ignore_index=True))
    write_hdf5(out / "example.h5", images=sets[shown][:1, 0])
    return write_metrics(out, rows)


def _values(trained: Trained, sets: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    found = trained.predict(np.concatenate([*sets.values()]))
    return {
        "confidence": found.probabilities.max(dim=1).values.double().numpy(),
        "uncertainty": found.uncertainty.double().numpy(),
    }


def _metrics(params: Params, name: str, values: Values, kind: np.ndarray) -> Iterator[Row]:
    for one in dict.fromkeys(kind):
        named = {f"{metric}_{one}": each[:, kind == one] for metric, each in values.items()}
        yield from means(NAME, name, named)
    for one in dict.fromkeys(kind[kind != IN_DISTRIBUTION]):
        both = (kind == one) | (kind == IN_DISTRIBUTION)
        uncertainty = values["uncertainty"][:, both]
        in_distribution = np.broadcast_to(kind[both] == IN_DISTRIBUTION, uncertainty.shape)
        columns = uncertainty, in_distribution
        yield statistic(params, NAME, name, f"ood_auroc_{one}", _auroc, *columns)


def _auroc(uncertainty: np.ndarray, in_distribution: np.ndarray) -> float:
    return ood_auroc(uncertainty[in_distribution == 1], uncertainty[in_distribution == 0])


def _example(trained: Trained, image: np.ndarray) -> pd.DataFrame:
    found = trained.predict(image)
    return pd.DataFrame(
        {
            "run": trained.name,
            "answer": trained.parts.test.classes,
            "probability": found.probabilities[0].double().numpy(),
            "uncertainty": float(found.uncertainty[0]),
        }
    )
