"""EDL tables 1 and 2: does Grad-CAM lie on the object, and does that follow certainty?

Four conditions part what the released code mixes: upright and a quarter turn clockwise, each in
0..1 and, as its notebook feeds the turned ones, in 0..255 (`vqax.evidential.transforms`).
"""

from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import torch
from pydantic import Field

from project.maps import write_hdf5
from project.params import Params
from project.schema import Positive, Share
from project.workspace import Workspace
from studies.edl.metric_rows import Row, images_table, means, statistic, write_metrics
from studies.edl.paired_conditions import compared
from studies.edl.trained import Trained, load_classifier
from vqax.evidential.cam import classifier_grad_cam, enlarge
from vqax.evidential.overlap import (
    THRESHOLDS,
    centroid_distance,
    object_emd,
    object_masks,
    overlap,
)
from vqax.evidential.shift import centred
from vqax.evidential.transforms import rotate, rotate_as_released, scale_as_released
from vqax.files import write_parquet
from vqax.stats.contrast import correlation

NAME = "overlap"
CONDITIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "upright": lambda pixels: pixels,
    "rotated": lambda pixels: rotate(pixels, -90.0),
    "upright_255": scale_as_released,
    "released": rotate_as_released,
}
PAIRS = {"rotated": "upright", "released": "upright", "upright_255": "upright"}
EXAMPLES = 6


def run(
    params: Params,
    workspace: Workspace,
    *,
    classifiers: list[str],
    mask: str,
    scale: str,
    threshold: Share,
    emd_images: Positive,
    shown: Annotated[dict[str, str], Field(min_length=1)],
    workers: Literal[1, 2] = 1,
) -> dict[str, Any]:
    """Write images, metrics and thresholds .parquet, and examples.h5.

    All images of a data set are looked at, those of the test part once more by themselves
    (`dice_test`); ``threshold`` is a fraction of a map's maximum. ``shown``: classifier -> the
    class of which rows of their own are kept (CLASSIFIER_only_CONDITION).
    """
    tables, rows, curves, examples = [], [], [], {}
    for name in classifiers:
        loaded = load_classifier(params, workspace, name)
        found = {}
        for condition, change in CONDITIONS.items():
            seen = _seen(loaded, change, mask)
            values = _values(loaded, seen, threshold, scale, emd_images, workers)
            found[condition] = images_table(f"{name}_{condition}", values)
            tables.append(found[condition])
            rows += list(_metrics(params, f"{name}_{condition}", values))
            curves.append(_curve(f"{name}_{condition}", seen, scale))
            if name in shown:
                examples |= _examples(loaded, condition, seen, shown[name])
        if name in shown:
            tables += _one_class(loaded, found, shown[name])
        for changed, kept in PAIRS.items():
            pair = found[kept], found[changed]
            rows += list(compared(params, NAME, f"{name}_{kept}_vs_{changed}", *pair))
    out = workspace.analysis(NAME)
    write_parquet(out / "images.parquet", pd.concat(tables, ignore_index=True))
    write_parquet(out / "thresholds.parquet", pd.concat(curves, ignore_index=True))
    write_hdf5(out / "examples.h5", **examples)
    return write_metrics(out, rows)


def _seen(loaded: Trained, change: Callable[..., np.ndarray], mask: str) -> dict[str, np.ndarray]:
    """All images under a condition: pixels, objects, maps at their size, uncertainty."""
    parts = loaded.parts
    pixels = change(np.concatenate([parts.test.pixels, parts.train.pixels]))
    size = (pixels.shape[2], pixels.shape[3])
    maps = enlarge(classifier_grad_cam(loaded.model, torch.from_numpy(pixels)), size)
    return {
        "pixels": pixels,
        "objects": object_masks(pixels, mask),
        "maps": maps.numpy(),
        "uncertainty": loaded.predict(pixels).uncertainty.double().numpy(),
    }


def _values(
    loaded: Trained,
    seen: dict[str, np.ndarray],
    threshold: float,
    scale: str,
    emd_images: int,
    workers: int,
) -> dict[str, np.ndarray]:
    """Every measure of each image; the EMD of the first ``emd_images``, NaN for the others."""
    maps, objects = seen["maps"], seen["objects"]
    here = overlap(maps, objects, (threshold,), scale=scale)
    moved = overlap(centred(maps, objects), objects, (threshold,), scale=scale)
    emd = np.full(len(maps), np.nan)
    some = slice(emd_images)
    emd[some] = object_emd(maps[some], objects[some], workers=workers)
    unseen = np.arange(len(maps)) < len(loaded.parts.test.labels)
    return {
        "dice": here.dice[:, 0],
        "iou": here.iou[:, 0],
        "dice_test": np.where(unseen, here.dice[:, 0], np.nan),
        "dice_centred": moved.dice[:, 0],
        "centroid_distance": centroid_distance(maps, objects),
        "object_emd": emd,
        "blank_map": here.blank.astype(float),
        "uncertainty": seen["uncertainty"],
    }


def _metrics(params: Params, row: str, values: dict[str, np.ndarray]) -> Iterator[Row]:
    """Means, and whether certainty follows the overlap from image to image."""
    yield from means(params, NAME, row, values)
    for metric in ("dice", "iou", "centroid_distance", "object_emd"):
        known = ~np.isnan(values[metric])
        columns = values["uncertainty"][known], values[metric][known]
        yield statistic(params, NAME, row, f"uncertainty_{metric}", correlation, *columns)


def _curve(row: str, seen: dict[str, np.ndarray], scale: str) -> pd.DataFrame:
    """Mean Dice and IoU over the thresholds; how many images have no object, maps no value."""
    found = overlap(seen["maps"], seen["objects"], scale=scale)
    return pd.DataFrame(
        {
            "row": row,
            "threshold": THRESHOLDS,
            "dice": np.nanmean(found.dice, axis=0),
            "iou": np.nanmean(found.iou, axis=0),
            "n": len(found.dice) - found.undefined,
            "undefined": found.undefined,
            "blank_maps": int(found.blank.sum()),
        }
    )


def _all_labels(loaded: Trained) -> np.ndarray:
    return np.concatenate([loaded.parts.test.labels, loaded.parts.train.labels])


def _members(loaded: Trained, shown: str) -> np.ndarray:
    return np.flatnonzero(_all_labels(loaded) == loaded.parts.train.classes.index(shown))


def _one_class(
    loaded: Trained, found: dict[str, pd.DataFrame], shown: str
) -> Iterator[pd.DataFrame]:
    members = _members(loaded, shown)
    for condition, table in found.items():
        yield table.iloc[members].assign(row=f"{loaded.name}_only_{condition}")


def _examples(
    loaded: Trained, condition: str, seen: dict[str, np.ndarray], shown: str
) -> dict[str, np.ndarray]:
    """Images and maps of the first test images of the class."""
    chosen = _members(loaded, shown)[:EXAMPLES]
    start = f"{loaded.name}/{condition}"
    return {
        f"{start}/pixels": seen["pixels"][chosen, 0],
        f"{start}/maps": seen["maps"][chosen],
        f"{start}/uncertainty": seen["uncertainty"][chosen],
    }
