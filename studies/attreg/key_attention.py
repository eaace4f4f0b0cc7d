"""Does the attention of a run fall on the key objects of a question? (AttReg, figures 1 and 5b.)"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd
import torch

from project.dataset import load_prepared
from project.feature_files import region_file
from project.metric_rows import column_mean, write_metrics
from project.params import Params
from project.questions import hints_of
from project.resolve import data_plan, run_plan
from project.trained import load_trained
from project.workspace import Workspace
from vqax.explain.attention import attention_of
from vqax.files import read_parquet, write_parquet
from vqax.learning.key_objects import ignored_by

HintsAmong = Callable[[int], Mapping[int, np.ndarray]]
NAME = "key_attention"
BATCH = 256
IGNORED_BEFORE = "key_share_where_ignored"
MEASURES = {
    "key_share": ("fraction", "higher"),
    "ignored_key_objects": ("count", "lower"),
    "has_key_objects": ("fraction", "higher"),
    IGNORED_BEFORE: ("fraction", "higher"),
}


def run(
    params: Params,
    workspace: Workspace,
    *,
    dataset: str,
    runs: list[str],
    key_objects: str,
    keep_top: int,
    sets: list[str],
) -> dict[str, Any]:
    """Write questions.parquet and metrics.parquet.

    Rows ``runs``, on test questions: the share of attention on ``key_objects``, and how many of
    them are not among the ``keep_top`` most attended regions; NaN without key objects. The share
    also of the questions alone of which the backbone ignored a key object. Rows
    ``sets``: whether a training question has key objects, by these entries of `key_objects`.
    """
    hints = cache(partial(hints_of, workspace.key_objects(key_objects)))  # by the number of regions
    of_runs = {name: _of_run(params, workspace, name, hints, keep_top) for name in runs}
    tables = [_where_ignored(params, name, of_runs) for name in runs]
    prepared = load_prepared(data_plan(params, workspace, dataset))
    asked = [(e.question_id, e.image_id) for e in prepared.train]
    for name in sets:
        table = pd.DataFrame(asked, columns=["question_id", "image_id"])
        mined = read_parquet(workspace.key_objects(name))
        has = table["question_id"].isin(mined["question_id"]).astype(np.float64)
        tables.append(table.assign(has_key_objects=has, row=name))
    questions = pd.concat(tables, ignore_index=True)
    out = workspace.analysis(NAME)
    write_parquet(out / "questions.parquet", questions)
    return write_metrics(out, _metrics(questions, params))


def _of_run(
    params: Params, workspace: Workspace, name: str, hints_among: HintsAmong, keep_top: int
) -> pd.DataFrame:
    loaded = load_trained(run_plan(params, workspace, name))
    regions = region_file(loaded.feature_file, NAME).boxes_per_image
    hints = hints_among(regions)
    none, share, ignored = np.zeros(regions, np.float32), [], []
    for _, batch in loaded.batches(BATCH):
        with torch.no_grad():
            forward = loaded.model(batch.visual, batch.tokens)
        attention = attention_of(forward, loaded.model).float().cpu()
        key = torch.from_numpy(
            np.stack([hints.get(one, none) for one in batch.question_ids.tolist()]) > 0
        )
        found = key.any(1)
        share.append((attention * key).sum(1).where(found, torch.nan))
        passed_by = (key & ignored_by(attention, keep_top)).sum(1).float()
        ignored.append(passed_by.where(found, torch.nan))
    examples = loaded.examples
    return pd.DataFrame(
        {
            "question_id": [e.question_id for e in examples],
            "image_id": [e.image_id for e in examples],
            "key_share": torch.cat(share).numpy(),
            "ignored_key_objects": torch.cat(ignored).numpy(),
            "row": name,
        }
    )


def _where_ignored(params: Params, name: str, of_runs: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The share on key objects where the run that this one starts from, or itself, ignored one."""
    before = of_runs.get(params.run(name).backbone_run or name, of_runs[name])
    ignored = before.set_index("question_id")["ignored_key_objects"] > 0
    table = of_runs[name]
    kept = table["question_id"].map(ignored).fillna(False).astype(bool)
    return table.assign(**{IGNORED_BEFORE: table["key_share"].where(kept)})


def _metrics(questions: pd.DataFrame, params: Params) -> Iterator[tuple[Any, ...]]:
    for row, table in questions.groupby("row", sort=False):
        for measure, (unit, direction) in MEASURES.items():
            if table[measure].isna().all():
                continue
            mean = column_mean(table, measure, params)
            name = "key_object_sample_ratio" if measure == "has_key_objects" else measure
            yield f"{NAME}/{row}", name, *mean, unit, direction
