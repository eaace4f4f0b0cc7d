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
from studies.edl.metric_rows import (
    Row,
    Values,
    image_table,
    means,
    over_trainings,
    statistic,
    write_metrics,
)
from studies.edl.paired_conditions import compared
from studies.edl.trained import Trained, load_trainings
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
FOLLOWED = ("dice", "centroid_distance")
EXAMPLES = 6


def run(
    params: Params,
    workspace: Workspace,
    *,
    classifiers: list[str],
    images: Positive | None = None,
    mask: str,
    scale: str,
    threshold: Share,
    emd_images: Positive,
    shown: Annotated[dict[str, str], Field(min_length=1)],
    workers: Literal[1, 2] = 1,
) -> dict[str, Any]:
    """Write image_values, metrics and thresholds .parquet, and examples.h5.

    Of the test part the first ``images`` are looked at, all without a number; ``threshold`` is a
    fraction of a map's maximum. ``shown``: classifier -> the class of which rows of their own are
    kept (CLASSIFIER_only_CONDITION); examples are those of its first training.
    """
    measure = Measure(mask, scale, threshold, emd_images, workers)
    tables, rows, curves, examples = [], [], [], {}
    for name in classifiers:
        trainings = load_trainings(params, workspace, name)
        found: dict[str, Values] = {}
        for condition, change in CONDITIONS.items():
            pixels = change(trainings[0].parts.test.pixels[:images])
            values = over_trainings(trainings, lambda one, p=pixels: measure(one, p))
            curves.append(_curve(f"{name}_{condition}", values))
            found[condition] = {key: v for key, v in values.items() if v.ndim == 2}
            tables.append(image_table(f"{name}_{condition}", trainings, found[condition]))
            rows += list(_metrics(params, f"{name}_{condition}", found[condition]))
            if name in shown:
                examples |= _examples(trainings[0], condition, pixels, shown[name])
        if name in shown:
            tables += _one_class(trainings, found, shown[name])
        for changed, kept in PAIRS.items():
            pair = found[kept], found[changed]
            rows += list(compared(NAME, f"{name}_{kept}_vs_{changed}", *pair))
    out = workspace.analysis(NAME)
    write_parquet(out / "image_values.parquet", pd.concat(tables, ignore_index=True))
    write_parquet(out / "thresholds.parquet", pd.concat(curves, ignore_index=True))
    write_hdf5(out / "examples.h5", **examples)
    return write_metrics(out, rows)


class Measure:
    """Every measure of each image under one training, by the rules of the experiment."""

    def __init__(
        self, mask: str, scale: str, threshold: float, emd_images: int, workers: int
    ) -> None:
        self.mask, self.scale, self.threshold = mask, scale, threshold
        self.emd_images, self.workers = emd_images, workers

    def __call__(self, trained: Trained, pixels: np.ndarray) -> dict[str, np.ndarray]:
        """(n,) of each measure, NaN where an image has none; of curves (n, thresholds)."""
        objects, maps = object_masks(pixels, self.mask), _maps(trained, pixels)
        swept = overlap(maps, objects, (self.threshold, *THRESHOLDS), scale=self.scale)
        dice, blank = swept.dice[:, 0], swept.blank
        return {
            "dice": dice,
            "iou": swept.iou[:, 0],
            "dice_of_maps": np.where(blank, np.nan, dice),
            "dice_centred": self._moved_dice(maps, objects),
            "dice_centred_other": self._moved_dice(np.roll(maps, 1, axis=0), objects),
            "centroid_distance": centroid_distance(maps, objects),
            "object_emd": self._emd(maps, objects),
            "blank_map": blank.astype(float),
            "uncertainty": trained.predict(pixels).uncertainty.double().numpy(),
            "dice_curve": swept.dice[:, 1:],
            "iou_curve": swept.iou[:, 1:],
        }

    def _moved_dice(self, maps: np.ndarray, objects: np.ndarray) -> np.ndarray:
        """Dice once the centre of each map lies on that of the object."""
        moved = centred(maps, objects)
        return overlap(moved, objects, (self.threshold,), scale=self.scale).dice[:, 0]

    def _emd(self, maps: np.ndarray, objects: np.ndarray) -> np.ndarray:
        """The EMD of the first images, NaN for the others."""
        emd, some = np.full(len(maps), np.nan), slice(self.emd_images)
        emd[some] = object_emd(maps[some], objects[some], workers=self.workers)
        return emd


def _maps(trained: Trained, pixels: np.ndarray) -> np.ndarray:
    """Grad-CAM of the answer given, at the size of the images."""
    maps = classifier_grad_cam(trained.model, torch.from_numpy(pixels))
    return enlarge(maps, (pixels.shape[2], pixels.shape[3])).numpy()


def _metrics(params: Params, row: str, values: Values) -> Iterator[Row]:
    """Means, and whether certainty follows the overlap from image to image."""
    yield from means(NAME, row, values)
    for metric in FOLLOWED:
        columns = values["uncertainty"], values[metric]
        yield statistic(params, NAME, row, f"uncertainty_{metric}", correlation, *columns)


def _curve(row: str, values: Values) -> pd.DataFrame:
    """Mean Dice and IoU over the thresholds; images without object, maps without a value.

    ``n``, ``undefined`` and ``blank_maps`` count the images of all trainings.
    """
    undefined = int(np.isnan(values["dice"]).sum())
    return pd.DataFrame(
        {
            "row": row,
            "threshold": THRESHOLDS,
            "dice": np.nanmean(values["dice_curve"], axis=(0, 1)),
            "iou": np.nanmean(values["iou_curve"], axis=(0, 1)),
            "n": values["dice"].size - undefined,
            "undefined": undefined,
            "blank_maps": int(values["blank_map"].sum()),
        }
    )


def _members(trained: Trained, shown: str, images: int) -> np.ndarray:
    test = trained.parts.test
    return np.flatnonzero(test.labels[:images] == test.classes.index(shown))


def _one_class(
    trainings: list[Trained], found: dict[str, Values], shown: str
) -> Iterator[pd.DataFrame]:
    for condition, values in found.items():
        members = _members(trainings[0], shown, values["dice"].shape[1])
        chosen = {metric: each[:, members] for metric, each in values.items()}
        name = f"{trainings[0].name}_only_{condition}"
        yield image_table(name, trainings, chosen)


def _examples(
    trained: Trained, condition: str, pixels: np.ndarray, shown: str
) -> dict[str, np.ndarray]:
    """Images and maps of the first test images of the class."""
    chosen = pixels[_members(trained, shown, len(pixels))[:EXAMPLES]]
    start = f"{trained.name}/{condition}"
    return {
        f"{start}/pixels": chosen[:, 0],
        f"{start}/maps": _maps(trained, chosen),
        f"{start}/uncertainty": trained.predict(chosen).uncertainty.double().numpy(),
    }
