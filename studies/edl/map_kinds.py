"""EDL section 3: do Grad-CAM and RISE give similar maps, and which of them costs less?"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import torch

from project.params import Params
from project.schema import Positive, Share
from project.workspace import Workspace
from studies.edl.metric_rows import Row, images_table, means, number, write_metrics
from studies.edl.overlap import CONDITIONS
from studies.edl.paired_conditions import signed_rank_p
from studies.edl.trained import Trained, load_classifier
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
    """Write images.parquet and metrics.parquet, of the first ``images`` of the test part.

    Rows grad_cam and rise by condition, with Dice and IoU; ``same`` and ``other``: the rank
    correlation of a Grad-CAM map with RISE's of the same image, and of the next one.
    """
    loaded = load_classifier(params, workspace, classifier)
    tables, found = [], {}
    for condition in TURNS:
        pixels = CONDITIONS[condition](loaded.parts.test.pixels[:images])
        objects = object_masks(pixels, mask)
        for kind, maps in _maps(loaded, pixels, masks, params.seed).items():
            here = overlap(maps, objects, (threshold,), scale=scale)
            passes = np.full(len(maps), masks if kind == "rise" else GRAD_CAM_PASSES, float)
            values = {"dice": here.dice[:, 0], "iou": here.iou[:, 0], "passes": passes}
            found[kind, condition] = maps
            tables.append(images_table(f"{kind}_{condition}", values))
    cam, rise = (found[kind, TURNS[0]] for kind in ("grad_cam", "rise"))
    for row, other in (("same", rise), ("other", np.roll(rise, 1, axis=0))):
        values = {"map_similarity": rank_correlation(cam, other)}
        tables.append(images_table(row, values))
    out = workspace.analysis(NAME)
    write_parquet(out / "images.parquet", pd.concat(tables, ignore_index=True))
    return write_metrics(out, _metrics(params, tables))


def _maps(loaded: Trained, pixels: np.ndarray, masks: int, seed: int) -> dict[str, np.ndarray]:
    """Both kinds at the size of the images, of the answer given."""
    given = torch.from_numpy(pixels)
    labels = loaded.predict(pixels).label
    cam = enlarge(classifier_grad_cam(loaded.model, given, labels), tuple(pixels.shape[2:]))
    rise = classifier_rise(loaded.model, loaded.head, given, labels, masks=masks, seed=seed)
    return {"grad_cam": cam.numpy(), "rise": rise.numpy()}


def _metrics(params: Params, tables: list[pd.DataFrame]) -> Iterator[Row]:
    by_row = {str(table["row"].iloc[0]): table for table in tables}
    for row, table in by_row.items():
        measured = table.drop(columns=["row", "question_id", "image_id"])
        yield from means(params, NAME, row, {str(c): v.to_numpy() for c, v in measured.items()})
    for kind in ("grad_cam", "rise"):
        pair = [by_row[f"{kind}_{condition}"]["dice"].to_numpy() for condition in TURNS]
        p = signed_rank_p(*pair)
        yield number(NAME, f"{kind}_upright_vs_rotated", "p_dice", p, len(pair[0]))
