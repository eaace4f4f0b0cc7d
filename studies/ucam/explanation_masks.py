"""U-CAM table III and figure 11: which mask agrees with the one people draw to justify an answer?

Every row is an explainer applied to a run, for the questions that have VQA-X maps. Methods that
reach the pixels get the images through the image encoder; their maps are then shrunk as people's
are.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import torch
from pydantic import Field

from project.human_maps import read_human_maps
from project.maps import write_hdf5
from project.metric_rows import asked_table, column_mean, write_metrics
from project.params import Params
from project.pixels import images_of, pixel_model
from project.resolve import run_plan
from project.trained import Trained, load_trained
from project.workspace import Workspace
from vqax.errors import BadData
from vqax.explain import EXPLAINERS
from vqax.files import write_parquet
from vqax.metrics import MAP_METRICS
from vqax.metrics.inter_annotator_agreement import human_alignment
from vqax.metrics.resize import rectify, resize_area
from vqax.models.options import option

Source = Annotated[dict[Literal["run", "method"], str], Field(min_length=2)]
Rows = Annotated[dict[str, Source], Field(min_length=1)]
NAME = "explanation_masks"
BATCH = 16


def run(params: Params, workspace: Workspace, *, dataset: str, rows: Rows) -> dict[str, Any]:
    """Write questions.parquet, metrics.parquet and maps.h5 (14×14, negative evidence set to 0).

    ``rows``: row -> {run, method}. The answer explained is the run's own.

    Raises:
        BadData: the data set has no VQA-X maps.
    """
    human_maps = read_human_maps(workspace.dataset(dataset) / "explanation_maps.h5")
    if not human_maps:
        raise BadData(
            f"{workspace.dataset(dataset)}: no VQA-X maps, which the analysis {NAME} asks for; "
            "take it out of params.yaml or give the data set a folder vqa_x/visual"
        )
    frames, maps = [], {}
    for row, source in rows.items():
        loaded = load_trained(
            run_plan(params, workspace, source["run"]), among=frozenset(human_maps)
        )
        maps[row] = rectify(resize_area(_maps(loaded, source["method"])))
        frames.append(_scores(loaded, maps[row], human_maps).assign(row=row))
    questions = pd.concat(frames, ignore_index=True)
    out = workspace.analysis(NAME)
    write_hdf5(out / "maps.h5", question_ids=loaded.questions.question_ids, **maps)
    write_parquet(out / "questions.parquet", questions)
    return write_metrics(out, _means(questions, params))


def _maps(loaded: Trained, method: str) -> np.ndarray:
    """Raw maps (n,h,w) of every question of ``loaded``."""
    explainer = option(EXPLAINERS, method, f"analyses.{NAME}.method")
    pixels = "pixels" in explainer.needs
    model = pixel_model(loaded) if pixels else loaded.model
    maps = []
    for start, batch in loaded.batches(BATCH):
        with torch.no_grad():
            answer = loaded.model(batch.visual, batch.tokens).logits.argmax(1)
        examples = loaded.examples[start : start + len(answer)]
        given, options = batch.visual, dict[str, torch.Tensor]()
        if pixels:
            given, which = images_of(loaded, examples)
            options = {"image_of": which}
        found = explainer(model, given, batch.tokens, answer, loaded.feature_file.grid, **options)
        maps.append(found.detach().float().cpu().numpy())
    return np.concatenate(maps)


def _scores(loaded: Trained, maps: np.ndarray, human_maps: dict[int, np.ndarray]) -> pd.DataFrame:
    table = asked_table(loaded.examples)
    drawn = [human_maps[question_id] for question_id in table["question_id"]]
    return table.assign(
        run=loaded.name,
        **{
            name: human_alignment(metric.compute, maps, drawn)
            for name, metric in MAP_METRICS.items()
        },
    )


def _means(questions: pd.DataFrame, params: Params) -> Iterator[tuple[Any, ...]]:
    for row, table in questions.groupby("row", sort=False):
        for name, metric in MAP_METRICS.items():
            mean = column_mean(table, name, params)
            yield f"{NAME}/{row}", name, *mean, metric.unit, metric.direction
