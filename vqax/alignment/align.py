"""Anybody's maps against anybody's human maps."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int

from vqax.alignment.floors import FLOORS
from vqax.alignment.human_map import BLUR
from vqax.alignment.ids import canonical
from vqax.alignment.inputs import Predictions, read_human, read_predictions
from vqax.alignment.result import Alignment
from vqax.alignment.scores import HumanScores
from vqax.alignment.table import COLUMNS, metric_row
from vqax.errors import BadData, UsageError
from vqax.metrics.alignment import ALIGNMENT_METRICS, AlignmentMetric
from vqax.metrics.emd import spatial_emd
from vqax.metrics.resizing import KERNELS, Resizing


def align(
    maps: Any,
    human: Any,
    *,
    metrics: Sequence[str] = (),
    images: Mapping[Any, Any] | None = None,
    kernel: str | None = None,
    grid: tuple[int, int] | None = None,
    blur: float = BLUR,
    seed: int = 0,
    samples: int = 2000,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Alignment:
    """Score ``maps`` against ``human`` maps, with ceiling, floors and the share of the way.

    Both are a path (a folder, .npz, .h5; ``human`` also .csv of fixations), a mapping from ids to
    maps (h,w), or a sequence of maps; ``human`` may hold (k,h,w) of k people for an id. Sizes are
    any. ``metrics`` are names of ``ALIGNMENT_METRICS``, by default all. ``images`` says which image
    a question is about (by default each has its own): intervals draw whole images, floors are of
    other images. ``kernel`` and ``grid`` replace the resizing rule of every metric. ``blur`` is the
    deviation of a fixation in image widths. ``workers`` threads share the transport of ``emd``.
    ``progress(done, all)`` is called after each metric.

    Raises:
        UsageError: an unknown metric or kernel, a grid without cells, a blur that is not above 0,
            or a question without image.
        MissingArtefact: a path is not there.
        BadData: a file is damaged, or no map has a human map.
    """
    if not (math.isfinite(blur) and blur > 0):
        raise UsageError(f"blur {blur}: is not above 0; give a share of the width, such as .03")
    chosen = _metrics(metrics, kernel, grid, workers)
    rules = list({metric.resizing: None for metric in chosen.values()})
    predictions = read_predictions(_source(maps), rules)
    if not predictions.ids:
        raise BadData("maps: there is none; give at least one")
    human_maps = read_human(_source(human), predictions.ids, rules, blur)
    kept = np.unique(human_maps.question)
    if not kept.size:
        raise BadData(
            f"none of the {len(predictions.ids)} maps (the first is {predictions.ids[0]}) has a "
            f"human map (the first of {len(human_maps.unmatched)} is "
            f"{next(iter(human_maps.unmatched), 'none')}); name both by the same ids"
        )
    ids = [predictions.ids[row] for row in kept]
    image = _images(ids, images)
    scores = HumanScores(human_maps.of_questions(kept), image, seed)
    by_metric: dict[str, dict[str, np.ndarray]] = {}
    for name, metric in chosen.items():
        by_metric[name] = _scored(metric, scores, predictions, kept)
        if progress is not None:
            progress(len(by_metric), len(chosen))
    rows = [
        metric_row(name, chosen[name], columns, image, seed=seed, samples=samples)
        for name, columns in by_metric.items()
    ]
    without = set(predictions.ids) - set(ids)
    return Alignment(
        table=pd.DataFrame(rows, columns=COLUMNS),
        questions=_questions(ids, image, by_metric),
        human_maps=len(human_maps.question),
        unmatched_maps=[key for key in predictions.ids if key in without],
        unmatched_human=human_maps.unmatched,
        fixations_outside=human_maps.outside,
    )


def _metrics(
    names: Sequence[str], kernel: str | None, grid: tuple[int, int] | None, workers: int
) -> dict[str, AlignmentMetric]:
    """The metrics named, each with the rule and the threads that were asked for."""
    unknown = [name for name in names if name not in ALIGNMENT_METRICS]
    if unknown:
        raise UsageError(
            f"metric {unknown[0]!r} is not known; choose from {', '.join(ALIGNMENT_METRICS)}"
        )
    if kernel is not None and kernel not in KERNELS:
        raise UsageError(f"kernel {kernel!r} is not known; choose from {', '.join(KERNELS)}")
    chosen = {name: ALIGNMENT_METRICS[name] for name in names or ALIGNMENT_METRICS}
    for name, metric in chosen.items():
        rule = Resizing(kernel or metric.resizing.kernel, grid or metric.resizing.size)
        chosen[name] = metric._replace(resizing=rule)
    if "emd" in chosen:
        transport = partial(spatial_emd, workers=workers)
        chosen["emd"] = chosen["emd"]._replace(compute=transport)
    return chosen


def _source(source: Any) -> Any:
    return Path(source) if isinstance(source, str) else source


def _images(ids: Sequence[str], images: Mapping[Any, Any] | None) -> Int[np.ndarray, "n"]:
    """The number of each question's image, from 0 in the order of their first question."""
    if images is None:
        return np.arange(len(ids))
    known = {canonical(str(key)): str(value) for key, value in images.items()}
    absent = [key for key in ids if key not in known]
    if absent:
        raise UsageError(
            f"images: {len(absent)} of {len(ids)} questions have none, the first is {absent[0]}; "
            "give the image of every question"
        )
    return pd.factorize(np.array([known[key] for key in ids], dtype=object))[0].astype(np.int64)


def _scored(
    metric: AlignmentMetric,
    scores: HumanScores,
    predictions: Predictions,
    kept: Int[np.ndarray, "n"],
) -> dict[str, np.ndarray]:
    """Value, ceiling and floors of every question."""
    maps = predictions.grids[metric.resizing][kept]
    return {
        "value": scores.of_maps(metric, maps),
        "ceiling": scores.ceiling(metric),
        **{floor: scores.floor(metric, floor) for floor in FLOORS},
    }


def _questions(
    ids: Sequence[str], image: Int[np.ndarray, "n"], by_metric: dict[str, dict[str, np.ndarray]]
) -> pd.DataFrame:
    columns: dict[str, Any] = {"id": list(ids), "image": image}
    for name, scores in by_metric.items():
        columns |= {
            name if key == "value" else f"{name}_{key}": values for key, values in scores.items()
        }
    return pd.DataFrame(columns)
