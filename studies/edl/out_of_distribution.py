"""EDL figures 3 and 4: is a classifier in doubt about pictures of another kind?"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from project.maps import write_hdf5
from project.params import Params
from project.workspace import Workspace
from studies.edl.images import strangers
from studies.edl.metric_rows import Row, means, statistic, write_metrics
from studies.edl.trained import Trained, load_classifier
from vqax.evidential.reliability import stranger_auroc
from vqax.files import write_parquet

NAME = "strangers"
FAMILIAR = "familiar"


def run(
    params: Params, workspace: Workspace, *, classifiers: list[str], kinds: list[str], shown: str
) -> dict[str, Any]:
    """Write pictures, metrics and example .parquet, and example.h5.

    ``kinds`` are picture sets of params.yaml that no classifier was trained on. Rows of
    pictures.parquet: a classifier's own test pictures and all strangers, and NAME_strange, the
    strangers alone. The example is the first picture of ``shown``.
    """
    tables, rows, examples = [], [], []
    read: dict[tuple[int, ...], dict[str, np.ndarray]] = {}
    for name in classifiers:
        subject = load_classifier(params, workspace, name)
        own = subject.parts.test
        shape = own.pixels.shape[1:]
        if shape not in read:
            read[shape] = {kind: strangers(params, kind, own, workspace.root) for kind in kinds}
        sets = {FAMILIAR: own.pixels, **read[shape]}
        table = _table(subject, sets)
        tables += [table, table[table["kind"] != FAMILIAR].assign(row=f"{name}_strange")]
        rows += list(_metrics(params, name, table, kinds))
        examples.append(_example(subject, sets[shown][:1]))
    out = workspace.analysis(NAME)
    write_parquet(out / "pictures.parquet", pd.concat(tables, ignore_index=True))
    write_parquet(out / "example.parquet", pd.concat(examples, ignore_index=True))
    write_hdf5(out / "example.h5", pictures=sets[shown][:1, 0])
    return write_metrics(out, rows)


def _table(subject: Trained, sets: dict[str, np.ndarray]) -> pd.DataFrame:
    frames = []
    for kind, pixels in sets.items():
        found = subject.predict(pixels)
        frame = {
            "row": subject.name,
            "kind": kind,
            "familiar": float(kind == FAMILIAR),
            "confidence": found.probabilities.max(dim=1).values.double().numpy(),
            "uncertainty": found.uncertainty.double().numpy(),
        }
        frames.append(pd.DataFrame(frame))
    table = pd.concat(frames, ignore_index=True)
    return table.assign(question_id=np.arange(len(table)), image_id=np.arange(len(table)))


def _metrics(params: Params, name: str, table: pd.DataFrame, kinds: list[str]) -> Iterator[Row]:
    by_kind = {str(kind): part for kind, part in table.groupby("kind", sort=False)}
    for kind in (FAMILIAR, *kinds):
        part = by_kind[kind]
        values = {
            f"{metric}_{kind}": part[metric].to_numpy() for metric in ("confidence", "uncertainty")
        }
        yield from means(params, NAME, name, values)
    for kind in kinds:
        both = pd.concat([by_kind[FAMILIAR], by_kind[kind]])
        columns = both["uncertainty"].to_numpy(), both["familiar"].to_numpy() == 1
        yield statistic(params, NAME, name, f"stranger_auroc_{kind}", _auroc, *columns)


def _auroc(uncertainty: np.ndarray, familiar: np.ndarray) -> float:
    return stranger_auroc(uncertainty[familiar], uncertainty[~familiar])


def _example(subject: Trained, picture: np.ndarray) -> pd.DataFrame:
    found = subject.predict(picture)
    return pd.DataFrame(
        {
            "run": subject.name,
            "answer": subject.parts.test.classes,
            "probability": found.probabilities[0].double().numpy(),
            "uncertainty": float(found.uncertainty[0]),
        }
    )
