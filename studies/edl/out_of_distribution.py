"""EDL figures 3 and 4: is a classifier in doubt about images of another kind?"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from project.maps import write_hdf5
from project.params import Params
from project.workspace import Workspace
from studies.edl.images import out_of_distribution
from studies.edl.metric_rows import Row, means, statistic, write_metrics
from studies.edl.trained import Trained, load_classifier
from vqax.evidential.reliability import ood_auroc
from vqax.files import write_parquet

NAME = "out_of_distribution"
IN_DISTRIBUTION = "in_distribution"


def run(
    params: Params, workspace: Workspace, *, classifiers: list[str], kinds: list[str], shown: str
) -> dict[str, Any]:
    """Write images, metrics and example .parquet, and example.h5.

    ``kinds`` are image sets of params.yaml that no classifier was trained on. Rows of
    images.parquet: a classifier's own test images and all out-of-distribution images, and
    NAME_strange, the out-of-distribution images alone. The example is the first image of ``shown``.
    """
    tables, rows, examples = [], [], []
    read: dict[tuple[int, ...], dict[str, np.ndarray]] = {}
    for name in classifiers:
        loaded = load_classifier(params, workspace, name)
        own = loaded.parts.test
        shape = own.pixels.shape[1:]
        if shape not in read:
            read[shape] = {
                kind: out_of_distribution(params, kind, own, workspace.root) for kind in kinds
            }
        sets = {IN_DISTRIBUTION: own.pixels, **read[shape]}
        table = _table(loaded, sets)
        tables += [table, table[table["kind"] != IN_DISTRIBUTION].assign(row=f"{name}_ood")]
        rows += list(_metrics(params, name, table, kinds))
        examples.append(_example(loaded, sets[shown][:1]))
    out = workspace.analysis(NAME)
    write_parquet(out / "images.parquet", pd.concat(tables, ignore_index=True))
    write_parquet(out / "example.parquet", pd.concat(examples, ignore_index=True))
    write_hdf5(out / "example.h5", images=sets[shown][:1, 0])
    return write_metrics(out, rows)


def _table(loaded: Trained, sets: dict[str, np.ndarray]) -> pd.DataFrame:
    frames = []
    for kind, pixels in sets.items():
        found = loaded.predict(pixels)
        frame = {
            "row": loaded.name,
            "kind": kind,
            "in_distribution": float(kind == IN_DISTRIBUTION),
            "confidence": found.probabilities.max(dim=1).values.double().numpy(),
            "uncertainty": found.uncertainty.double().numpy(),
        }
        frames.append(pd.DataFrame(frame))
    table = pd.concat(frames, ignore_index=True)
    return table.assign(question_id=np.arange(len(table)), image_id=np.arange(len(table)))


def _metrics(params: Params, name: str, table: pd.DataFrame, kinds: list[str]) -> Iterator[Row]:
    by_kind = {str(kind): part for kind, part in table.groupby("kind", sort=False)}
    for kind in (IN_DISTRIBUTION, *kinds):
        part = by_kind[kind]
        values = {
            f"{metric}_{kind}": part[metric].to_numpy() for metric in ("confidence", "uncertainty")
        }
        yield from means(params, NAME, name, values)
    for kind in kinds:
        both = pd.concat([by_kind[IN_DISTRIBUTION], by_kind[kind]])
        columns = both["uncertainty"].to_numpy(), both["in_distribution"].to_numpy() == 1
        yield statistic(params, NAME, name, f"ood_auroc_{kind}", _auroc, *columns)


def _auroc(uncertainty: np.ndarray, in_distribution: np.ndarray) -> float:
    return ood_auroc(uncertainty[in_distribution], uncertainty[~in_distribution])


def _example(loaded: Trained, image: np.ndarray) -> pd.DataFrame:
    found = loaded.predict(image)
    return pd.DataFrame(
        {
            "run": loaded.name,
            "answer": loaded.parts.test.classes,
            "probability": found.probabilities[0].double().numpy(),
            "uncertainty": float(found.uncertainty[0]),
        }
    )
