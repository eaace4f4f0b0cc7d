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

from stages.edl.pairs import compared
from stages.edl.rows import Row, means, pictures_table, statistic, write_metrics
from stages.edl.trained import Trained, load_classifier
from stages.maps import write_hdf5
from stages.params import Params
from stages.sections import Positive, Share
from stages.workspace import Workspace
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
    "turned": lambda pixels: rotate(pixels, -90.0),
    "upright_255": scale_as_released,
    "released": rotate_as_released,
}
PAIRS = {"turned": "upright", "released": "upright", "upright_255": "upright"}
EXAMPLES = 6


def run(
    params: Params,
    workspace: Workspace,
    *,
    classifiers: list[str],
    mask: str,
    scale: str,
    threshold: Share,
    emd_pictures: Positive,
    shown: Annotated[dict[str, str], Field(min_length=1)],
    workers: Literal[1, 2] = 1,
) -> dict[str, Any]:
    """Write pictures, metrics and thresholds .parquet, and examples.h5.

    All pictures of a data set are looked at, those of the test part once more by themselves
    (`dice_test`); ``threshold`` is a fraction of a map's maximum. ``shown``: classifier -> the
    class of which rows of their own are kept (CLASSIFIER_only_CONDITION).
    """
    tables, rows, curves, examples = [], [], [], {}
    for name in classifiers:
        subject = load_classifier(params, workspace, name)
        found = {}
        for condition, change in CONDITIONS.items():
            seen = _seen(subject, change, mask)
            values = _values(subject, seen, threshold, scale, emd_pictures, workers)
            found[condition] = pictures_table(f"{name}_{condition}", values)
            tables.append(found[condition])
            rows += list(_metrics(params, f"{name}_{condition}", values))
            curves.append(_curve(f"{name}_{condition}", seen, scale))
            if name in shown:
                examples |= _examples(subject, condition, seen, shown[name])
        if name in shown:
            tables += _one_class(subject, found, shown[name])
        for changed, kept in PAIRS.items():
            pair = found[kept], found[changed]
            rows += list(compared(params, NAME, f"{name}_{kept}_vs_{changed}", *pair))
    out = workspace.analysis(NAME)
    write_parquet(out / "pictures.parquet", pd.concat(tables, ignore_index=True))
    write_parquet(out / "thresholds.parquet", pd.concat(curves, ignore_index=True))
    write_hdf5(out / "examples.h5", **examples)
    return write_metrics(out, rows)


def _seen(subject: Trained, change: Callable[..., np.ndarray], mask: str) -> dict[str, np.ndarray]:
    """All pictures under a condition: pixels, objects, maps at their size, uncertainty."""
    parts = subject.parts
    pixels = change(np.concatenate([parts.test.pixels, parts.train.pixels]))
    size = (pixels.shape[2], pixels.shape[3])
    maps = enlarge(classifier_grad_cam(subject.model, torch.from_numpy(pixels)), size)
    return {
        "pixels": pixels,
        "objects": object_masks(pixels, mask),
        "maps": maps.numpy(),
        "uncertainty": subject.predict(pixels).uncertainty.double().numpy(),
    }


def _values(
    subject: Trained,
    seen: dict[str, np.ndarray],
    threshold: float,
    scale: str,
    emd_pictures: int,
    workers: int,
) -> dict[str, np.ndarray]:
    """Every measure of each picture; the EMD of the first ``emd_pictures``, NaN for the others."""
    maps, objects = seen["maps"], seen["objects"]
    here = overlap(maps, objects, (threshold,), scale=scale)
    moved = overlap(centred(maps, objects), objects, (threshold,), scale=scale)
    emd = np.full(len(maps), np.nan)
    some = slice(emd_pictures)
    emd[some] = object_emd(maps[some], objects[some], workers=workers)
    unseen = np.arange(len(maps)) < len(subject.parts.test.labels)
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
    """Means, and whether certainty follows the overlap from picture to picture."""
    yield from means(params, NAME, row, values)
    for metric in ("dice", "iou", "centroid_distance", "object_emd"):
        known = ~np.isnan(values[metric])
        columns = values["uncertainty"][known], values[metric][known]
        yield statistic(params, NAME, row, f"uncertainty_{metric}", correlation, *columns)


def _curve(row: str, seen: dict[str, np.ndarray], scale: str) -> pd.DataFrame:
    """Mean Dice and IoU over the thresholds; how many pictures have no object, maps no value."""
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


def _all_labels(subject: Trained) -> np.ndarray:
    return np.concatenate([subject.parts.test.labels, subject.parts.train.labels])


def _members(subject: Trained, shown: str) -> np.ndarray:
    return np.flatnonzero(_all_labels(subject) == subject.parts.train.classes.index(shown))


def _one_class(
    subject: Trained, found: dict[str, pd.DataFrame], shown: str
) -> Iterator[pd.DataFrame]:
    members = _members(subject, shown)
    for condition, table in found.items():
        yield table.iloc[members].assign(row=f"{subject.name}_only_{condition}")


def _examples(
    subject: Trained, condition: str, seen: dict[str, np.ndarray], shown: str
) -> dict[str, np.ndarray]:
    """Pictures and maps of the first test pictures of the class."""
    chosen = _members(subject, shown)[:EXAMPLES]
    start = f"{subject.name}/{condition}"
    return {
        f"{start}/pixels": seen["pixels"][chosen, 0],
        f"{start}/maps": seen["maps"][chosen],
        f"{start}/uncertainty": seen["uncertainty"][chosen],
    }
