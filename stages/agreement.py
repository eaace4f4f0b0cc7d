"""Stage ``agreement``: the frame of every comparison with human maps, for one data set.

Other people are the ceiling, uniform random maps the floor.
"""

from typing import Any

import numpy as np
import pandas as pd

from project.human_maps import read_human_maps
from project.params import Params, named
from project.workspace import Workspace
from vqax.files import write_parquet
from vqax.metrics import MAP_METRICS
from vqax.metrics.inter_annotator_agreement import human_alignment, inter_annotator_agreement
from vqax.report.columns import METRIC_COLUMNS
from vqax.stats.bootstrap import bootstrap_mean


def run(params: Params, workspace: Workspace, dataset: str) -> dict[str, Any]:
    """Write metrics.parquet with the rows DATASET/human and DATASET/random.

    A data set without human maps has none of them.
    """
    named(params.datasets, dataset, "data set", "params.yaml: datasets")
    maps = read_human_maps(workspace.dataset(dataset) / "human_maps.h5")
    rows = []
    for metric, values in _scores(maps, params.seed).items() if maps else ():
        who, name = metric
        mean = bootstrap_mean(values, samples=params.score.resamples, seed=params.seed)
        rows.append(
            (
                f"{dataset}/{who}", f"attention_{name}", *mean[:3], mean.n,
                MAP_METRICS[name].unit, MAP_METRICS[name].direction,
            )
        )  # fmt: skip
    table = pd.DataFrame(rows, columns=METRIC_COLUMNS)
    write_parquet(workspace.agreement(dataset) / "metrics.parquet", table)
    return {f"{row.run} {row.metric}": row.value for row in table.itertuples()}


def _scores(maps: dict[int, np.ndarray], seed: int) -> dict[tuple[str, str], np.ndarray]:
    """(human or random, metric) -> one value per question."""
    human_maps = list(maps.values())
    random = np.random.default_rng(seed).random((len(human_maps), *human_maps[0].shape[1:]))
    scores = {}
    for name, metric in MAP_METRICS.items():
        between = inter_annotator_agreement(maps, metric.compute)
        scores["human", name] = np.array(list(between.values()), dtype=np.float64)
        scores["random", name] = human_alignment(metric.compute, random, human_maps)
    return scores
