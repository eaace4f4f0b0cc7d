"""Rows of images with maps laid over them, for reading with the eyes (U-CAM, Figs. 5, 6, 11)."""

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from vqax.errors import BadData
from vqax.report.cd_diagram import INK, QUIET
from vqax.report.figures.style import NORMAL, SMALL, drawable, new_figure, one_of, wrapped
from vqax.report.numbers import number
from vqax.report.overlay import has_evidence, overlay, thumbnail

MAP_COLUMNS = ["question_id", "question", "truth", "map", "answer", "rank_correlation"]
SAMPLE_COLUMNS = ["sample", "question", "truth", "answer", "probability", "uncertainty"]
LONGEST_PX = 200
SAMPLES_ACROSS = 5

Map = Float[np.ndarray, "h w"]
T = TypeVar("T")


def draw_map_rows(
    frame: pd.DataFrame,
    images: Mapping[int, Image.Image],
    maps: Mapping[tuple[int, str], Map],
) -> Figure:
    """A row per question: the image, then its maps in the order of ``map``.

    ``map`` heads the column ("where people looked", "baseline", …). Below each map stand the
    run's ``answer`` ("" for none) and its Spearman ``rank_correlation`` with the human map (NaN
    for none). ``images`` is by question_id, ``maps`` (raw, signed) by (question_id, map); a
    map that is missing leaves a gap.

    Raises:
        BadData: a column or image is missing, there is no row, or a map is not finite.
    """
    drawable(frame, MAP_COLUMNS, "maps")
    questions = list(dict.fromkeys(frame["question_id"]))
    columns = list(dict.fromkeys(frame["map"].astype(str)))
    across = len(columns) + 1
    cell = 8.0 / max(across, 4)
    figure = new_figure(len(questions) * (cell + 0.62) + 0.2)
    grid = figure.subplots(len(questions), across, squeeze=False)
    for line, question_id in zip(grid, questions, strict=True):
        chosen = frame[frame["question_id"] == question_id]
        rows = {str(row["map"]): row for row in chosen.to_dict("records")}
        image = thumbnail(_found(images, question_id), LONGEST_PX)
        first = chosen.iloc[0]
        asked = wrapped(str(first["question"]), max(10, round(13 * cell)), 3)
        _show(line[0], image, f"{asked}\n→ {wrapped(str(first['truth']), 20, 1)}")
        for axes, name in zip(line[1:], columns, strict=True):
            _map_cell(axes, image, maps.get((question_id, name)), rows.get(name))
    for axes, name in zip(grid[0], ["image", *columns], strict=True):
        axes.set_title(wrapped(name, max(10, round(11 * cell))), fontsize=NORMAL, color=INK)
    return figure


def _map_cell(
    axes: Axes, image: Image.Image, raw_map: Map | None, row: Mapping[Any, Any] | None
) -> None:
    if raw_map is None or row is None:
        _show(axes, None, "no map")
        return
    lines = [wrapped(str(row["answer"]), 20, 1)] if row["answer"] else []
    if row["answer"] and str(row["answer"]) == str(row["truth"]):
        lines[0] += " ✓"
    if np.isfinite(row["rank_correlation"]):
        lines.append(f"ρ = {number(row['rank_correlation'], 2)}")
    if not has_evidence(raw_map):
        lines.append("nothing stands out")
    _show(axes, overlay(image, raw_map), "\n".join(lines))


def draw_attention_samples(
    frame: pd.DataFrame, image: Image.Image, maps: Mapping[int, Map]
) -> Figure:
    """Monte-Carlo samples of the attention on one question, the most certain first.

    A row per ``sample`` (the key of its raw map in ``maps``) with the sample's own ``answer``,
    the ``probability`` of that answer in [0, 1] and its ``uncertainty`` (nats).

    Raises:
        BadData: a column or map is missing, there is no row, or there are several questions.
    """
    drawable(frame, SAMPLE_COLUMNS, "attention_samples")
    question, truth = (one_of(frame, name, "attention_samples") for name in ("question", "truth"))
    ordered = frame.sort_values("uncertainty", kind="stable")
    across = min(SAMPLES_ACROSS, len(ordered) + 1)
    down = -(-(len(ordered) + 1) // across)
    figure = new_figure(down * 2.1 + 0.3)
    grid = list(figure.subplots(down, across, squeeze=False).flat)
    small = thumbnail(image, LONGEST_PX)
    figure.suptitle(
        wrapped(f"{question}  → {truth}", 100, 2), x=0.01, ha="left", fontsize=NORMAL, color=INK
    )
    _show(grid[0], small, "image")
    for axes, (_, row) in zip(grid[1:], ordered.iterrows(), strict=False):
        _show(axes, overlay(small, _found(maps, int(row["sample"]))), _sample_text(row))
    for axes in grid[len(ordered) + 1 :]:
        axes.set_visible(False)
    return figure


def _sample_text(row: pd.Series) -> str:
    mark = "✓" if str(row["answer"]) == str(row["truth"]) else "✗"
    return (
        f"{wrapped(str(row['answer']), 18, 1)} {mark}\n"
        f"p = {number(float(row['probability']), 2)}\n"
        f"uncertainty {number(float(row['uncertainty']), 2)}"
    )


def _found(things: Mapping[Any, T], key: object) -> T:
    if key not in things:
        raise BadData(f"figure: no image or map for {key!r}; give one per row of its frame")
    return things[key]


def _show(axes: Axes, image: Image.Image | None, text: str) -> None:
    """An image at its own ratio of sides with a few lines below it."""
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)
    if image is not None:
        axes.imshow(np.asarray(image), interpolation="none")
    axes.set_xlabel(text, fontsize=SMALL, color=INK if image is not None else QUIET)
