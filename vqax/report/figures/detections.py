"""What a detector finds in images, beside what is there."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

from vqax.data.images import as_rgb
from vqax.errors import BadData
from vqax.report.cd_diagram import INK
from vqax.report.figures.style import BAD, GOOD, SMALL, drawable, new_figure, wrapped
from vqax.report.frames import DETECTION_COLUMNS
from vqax.report.numbers import number

LONGEST_PX = 480
ACROSS = 4
PAPER = "#ffffff"


def draw_detections(frame: pd.DataFrame, images: Mapping[int, Image.Image]) -> Figure:
    """An image per ``image_id`` with its boxes (pixels of the image), the surest on top.

    ``name`` and ``score`` stand on each box, blue where ``right``, orange where not; boxes with
    a NaN ``score`` are what is truly there and missed by all others, drawn with a thin line.

    Raises:
        BadData: a column or an image is missing, or there is no row.
    """
    drawable(frame, DETECTION_COLUMNS, "detections")
    shown = list(dict.fromkeys(frame["image_id"]))
    across = min(ACROSS, len(shown))
    down = -(-len(shown) // across)
    figure = new_figure(down * (8.0 / ACROSS + 0.45) + 0.1)
    cells = list(figure.subplots(down, ACROSS, squeeze=False).flat)
    for axes, image_id in zip(cells, shown, strict=False):
        if image_id not in images:
            raise BadData(f"detections: no image for image_id {image_id}; give one per row")
        rows = frame[frame["image_id"] == image_id]
        axes.imshow(np.asarray(_boxed(images[image_id], rows)), interpolation="antialiased")
        axes.set_xlabel(_below(rows), fontsize=SMALL, color=INK)
        axes.set(xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set_visible(False)
    for axes in cells[len(shown) :]:
        axes.set_visible(False)
    return figure


def _boxed(image: Image.Image, rows: pd.DataFrame) -> Image.Image:
    scale = LONGEST_PX / max(image.size)
    size = (round(image.width * scale), round(image.height * scale))
    canvas = as_rgb(image).resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(canvas)
    for row in rows.sort_values("score", na_position="first").to_dict("records"):
        _box(draw, row, scale)
    return canvas


def _box(draw: ImageDraw.ImageDraw, row: Mapping[Any, Any], scale: float) -> None:
    corners = [float(row[side]) * scale for side in ("x1", "y1", "x2", "y2")]
    if not np.isfinite(row["score"]):
        draw.rectangle(corners, outline=PAPER, width=2)
        return
    colour = GOOD if row["right"] else BAD
    draw.rectangle(corners, outline=colour, width=5)
    text = f"{row['name']} {number(float(row['score']), 2)}"
    font = ImageFont.load_default(26)
    left, top = max(0.0, corners[0]), max(0.0, corners[1] - 32)
    draw.rectangle(draw.textbbox((left + 4, top + 2), text, font=font), fill=colour)
    draw.text((left + 4, top + 2), text, font=font, fill=PAPER)


def _below(rows: pd.DataFrame) -> str:
    missed = rows.loc[rows["score"].isna(), "name"]
    if len(missed):
        return wrapped(f"missed: {', '.join(missed)}", 24, 2)
    return "nothing missed"
