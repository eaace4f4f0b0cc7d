"""EDL section 3: do Grad-CAM and RISE give similar maps, and which of them costs less?"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from project.params import Params
from project.schema import Positive, Share
from project.workspace import Workspace
from studies.edl.metric_rows import Row, Values, image_table, means, write_metrics
from studies.edl.overlap import CONDITIONS
from studies.edl.paired_conditions import p_value
from studies.edl.trained import Trained, load_trainings
from vqax.evidential.cam import classifier_grad_cam, enlarge
from vqax.evidential.overlap import object_masks, overlap
from vqax.evidential.rise import classifier_rise
from vqax.files import write_parquet
from vqax.metrics.rank_correlation import rank_correlation

NAME = "map_kinds"
TURNS = ("upright", "rotated")
GRAD_CAM_PASSES = 2.0  # one forward, one backward


def run(
    params: Params,
    workspace: Workspace,
    *,
    classifier: str,
    images: Positive,
    masks: Positive,
    mask: str,
    scale: str,
    threshold: Share,
) -> dict[str, Any]:
    """Write image_values.parquet and metrics.parquet, of the first ``images`` of the test part.

    Rows grad_cam and rise by condition, with Dice and IoU; ``same`` and ``other``: the rank
    correlation of a Grad-CAM map with RISE's of the same image, and of the next one.
    """
    trainings = load_trainings(params, workspace, classifier)
    test, kept = trainings[0].parts.test.pixels[:images], Kept(mask, scale, threshold)
    rows: dict[str, Values] = {}
    maps = {}
    for condition in TURNS:
        pixels = CONDITIONS[condition](test)
        drawn = [_maps(one, pixels, masks, params.seed) for one in trainings]
        for kind, passes in (("grad_cam", GRAD_CAM_PASSES), ("rise", float(masks))):
            maps[kind, condition] = [each[kind] for each in drawn]
            values = [kept.overlaps(each, pixels, passes) for each in maps[kind, condition]]
            rows[f"{kind}_{condition}"] = {k: np.stack([v[k] for v in values]) for k in values[0]}
    both = [*zip(*(maps[kind, TURNS[0]] for kind in ("grad_cam", "rise")), strict=True)]
    for row, shift in (("same", 0), ("other", 1)):
        alike = [rank_correlation(cam, np.roll(rise, shift, axis=0)) for cam, rise in both]
        rows[row] = {"map_similarity": np.stack(alike)}
    tables = [image_table(row, trainings, values) for row, values in rows.items()]
    out = workspace.analysis(NAME)
    write_parquet(out / "image_values.parquet", pd.concat(tables, ignore_index=True))
    return write_metrics(out, _metrics(rows))


class Kept(NamedTuple):
    """How maps and images become sets of pixels."""

    mask: str
    scale: str
    threshold: float

    def overlaps(
        self, maps: np.ndarray, pixels: np.ndarray, passes: float
    ) -> dict[str, np.ndarray]:
        here = overlap(maps, object_masks(pixels, self.mask), (self.threshold,), scale=self.scale)
        count = np.full(len(maps), passes)
        return {"dice": here.dice[:, 0], "iou": here.iou[:, 0], "passes": count}


def _maps(loaded: Trained, pixels: np.ndarray, masks: int, seed: int) -> dict[str, np.ndarray]:
    """Both kinds at the size of the images, of the answer given."""
    given = torch.from_numpy(pixels)
    labels = loaded.predict(pixels).label
    cam = enlarge(classifier_grad_cam(loaded.model, given, labels), tuple(pixels.shape[2:]))
    rise = classifier_rise(loaded.model, loaded.head, given, labels, masks=masks, seed=seed)
    return {"grad_cam": cam.numpy(), "rise": rise.numpy()}


def _metrics(rows: dict[str, Values]) -> Iterator[Row]:
    for row, values in rows.items():
        yield from means(NAME, row, values)
    for kind in ("grad_cam", "rise"):
        a, b = (rows[f"{kind}_{condition}"]["dice"] for condition in TURNS)
        yield p_value(NAME, f"{kind}_upright_vs_rotated", "p_dice", a, b)
