"""One question about one image as a figure: what was answered, and where each method looks."""

import warnings
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from PIL import Image

from vqax.report.cd_diagram import INK, QUIET, write_figure
from vqax.report.figures.style import BAD, GOOD, NORMAL, SMALL, WIDTH_IN, new_figure, plain, wrapped
from vqax.report.one_image import (
    HOW_TO_READ,
    Explained,
    method_name,
    percent,
    unsure,
)
from vqax.report.one_image_maps import framed, lay_over, map_title
from vqax.report.overlay import colour_scale

LONGEST_PX = 320
HEAD_IN, NAME_IN, SCALE_IN = 1.45, 0.3, 0.62
FLATTEST, TALLEST = 0.4, 1.6  # ratio of sides of a panel; an image beyond it leaves a margin


def write_one_image(explained: Explained, path: Path) -> tuple[Path, Path]:
    """Write ``path`` as .png and as .svg; a letter the font lacks is a box in the PNG.

    Raises:
        BadData: a map is not finite, or a file cannot be written.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        return write_figure(draw_one_image(explained), path)


def draw_one_image(explained: Explained) -> Figure:
    """Answer and uncertainties, the image, each map laid over it, each method's words.

    Raises:
        BadData: a map is not finite.
    """
    panels = 1 + len(explained.maps) + len(explained.word_scores)
    across = _across(panels)
    down = -(-panels // across)
    ratio = _ratio(explained)
    heights = [HEAD_IN, down * (WIDTH_IN / across * ratio + NAME_IN), SCALE_IN]
    figure = new_figure(sum(heights))
    head, middle, foot = figure.subfigures(3, 1, squeeze=False, height_ratios=heights).flat
    _head(head, explained)
    cells = list(middle.subplots(down, across, squeeze=False).flat)
    for axes in cells[panels:]:
        axes.set_visible(False)
    _images(cells, explained)
    for axes, method in zip(cells[1 + len(explained.maps) :], explained.word_scores, strict=False):
        draw_words(axes, explained, method)
    _scale(foot)
    return figure


def _ratio(explained: Explained) -> float:
    """Height of a panel over its width."""
    return min(max(explained.image.height / explained.image.width, FLATTEST), TALLEST)


def _across(panels: int) -> int:
    """Columns that leave the fewest gaps."""
    return 3 if panels <= 3 or panels in (5, 6, 9) else 4


def _head(figure: SubFigure, explained: Explained) -> None:
    """Question, answer, uncertainties and notes on the left, the five answers on the right."""
    said, bars = figure.subplots(1, 2, width_ratios=[2.4, 1])
    said.axis("off")
    asked = wrapped(explained.question, 58, 2)
    said.text(0, 1, asked, va="top", fontsize=11, color=INK)
    unsureness = "   ".join(f"{name} {value}" for name, value, _ in unsure(explained))
    lines = [_answered(explained), f"uncertainty: {unsureness}", *explained.notes]
    text = "\n".join(wrapped(line, 78, 2) for line in lines)
    top = 0.82 if "\n" not in asked else 0.66
    said.text(0, top, text, va="top", fontsize=SMALL, color=INK, linespacing=1.5)
    _bars(bars, explained)


def _answered(explained: Explained) -> str:
    text = f"answer: {explained.answer} ({percent(explained.top5[0][1])})"
    if explained.truth:
        text += f", right answer: {explained.truth}"
    if explained.explained != explained.answer:
        text += f"; the maps explain: {explained.explained} ({percent(explained.probability)})"
    return text


def _bars(axes: Axes, explained: Explained) -> None:
    names = [wrapped(answer, 16, 1) for answer, _ in explained.top5]
    shares = [probability for _, probability in explained.top5]
    axes.barh(range(len(names)), shares, color=GOOD, height=0.62)
    for row, share in enumerate(shares):
        axes.text(share + 0.03, row, percent(share), va="center", fontsize=SMALL - 1, color=INK)
    axes.set(xlim=(0, 1.4), xticks=[], ylim=(len(names) - 0.5, -0.5))
    axes.set_yticks(range(len(names)), names)
    plain(axes)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _images(cells: list[Axes], explained: Explained) -> None:
    image = framed(explained.image, LONGEST_PX)
    _show(cells[0], image, "image")
    for axes, (method, raw_map) in zip(cells[1:], explained.maps.items(), strict=False):
        _show(axes, lay_over(image, raw_map), map_title(method, raw_map))


def _show(axes: Axes, image: Image.Image, name: str) -> None:
    axes.imshow(np.asarray(image), interpolation="antialiased")
    axes.set_title(wrapped(name, 30, 2), fontsize=NORMAL, color=INK)
    axes.axis("off")


def draw_words(axes: Axes, explained: Explained, method: str) -> None:
    """A bar for each word: to the right what speaks for the answer, to the left against it.

    The words stand inside the panel, so that it keeps to its column.
    """
    scores: Float[np.ndarray, " n"] = explained.word_scores[method]
    low, high = min(0.0, float(scores.min())), max(0.0, float(scores.max()))
    span = (high - low) or 1.0
    axes.barh(range(len(scores)), scores, color=np.where(scores >= 0, GOOD, BAD), height=0.62)
    for row, word in enumerate(explained.words):
        axes.text(
            low - 0.7 * span, row, wrapped(word, 14, 1), va="center", fontsize=SMALL, color=INK
        )
    axes.axvline(0, color=QUIET, linewidth=0.6)
    axes.set(xlim=(low - 0.72 * span, high + 0.03 * span), ylim=(len(scores) - 0.5, -0.5))
    axes.set_title(method_name(method), fontsize=NORMAL, color=INK)
    axes.set_box_aspect(_ratio(explained))
    axes.axis("off")


def _scale(figure: SubFigure) -> None:
    """The colours, and what their ends mean."""
    axes = figure.subplots()
    axes.axis("off")
    colours = np.asarray(colour_scale())
    axes.imshow(colours, extent=(3.2, 6.8, 0.6, 0.95), aspect="auto", interpolation="none")
    axes.set(xlim=(0, 10), ylim=(0, 1))
    axes.text(3.1, 0.77, "lowest in a map", ha="right", va="center", fontsize=SMALL, color=INK)
    axes.text(6.9, 0.77, "highest in a map", va="center", fontsize=SMALL, color=INK)
    text = wrapped(HOW_TO_READ, 110, 2)
    axes.text(5, 0.4, text, ha="center", va="top", fontsize=SMALL - 1, color=QUIET)
