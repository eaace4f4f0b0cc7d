"""Questions with their words shaded by importance (Interp, figure 2 a)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from vqax.report.cd_diagram import INK, QUIET
from vqax.report.figures.style import (
    BAD,
    GOOD,
    NORMAL,
    SMALL,
    drawable,
    new_figure,
    plain,
    title,
    wrapped,
)
from vqax.report.numbers import number

COLUMNS = ["question_id", "place", "word", "drop", "answer", "truth"]
ROW_IN = 0.5
LEFT = 0.22  # of the width, for the answers


def draw_word_heat(frame: pd.DataFrame) -> Figure:
    """A row per question: its words in order, shaded by what the answer loses without each.

    ``drop`` is probability before - after: blue speaks for the ``answer``, orange against it, the
    shade is full at the largest |drop| of the question, whose value stands below each word.

    Raises:
        BadData: a column is missing, or there is no row.
    """
    drawable(frame, COLUMNS, "word_heat")
    questions = list(dict.fromkeys(frame["question_id"]))
    figure = new_figure(ROW_IN * len(questions) + 0.45)
    axes = figure.subplots()
    plain(axes)
    axes.set(xlim=(0, 1), ylim=(len(questions), 0), xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)
    for y, question_id in enumerate(questions):
        _row(axes, y, frame[frame["question_id"] == question_id].sort_values("place"))
    title(axes, "answer of the model, and the drop of its probability without each word")
    return figure


def _row(axes: Axes, y: int, words: pd.DataFrame) -> None:
    first = words.iloc[0]
    right = str(first["answer"]) == str(first["truth"])
    answer = wrapped(str(first["answer"]), 22, 1)
    axes.text(0.0, y + 0.42, f"{answer} {'✓' if right else '✗'}", fontsize=NORMAL, color=INK)
    widths = np.array([len(str(word)) + 2.5 for word in words["word"]])
    scale = (1 - LEFT) / max(widths.sum(), 52.0)
    left = LEFT
    largest = float(words["drop"].abs().max()) or 1.0
    for (_, word), width in zip(words.iterrows(), widths * scale, strict=True):
        drop = float(word["drop"])
        axes.add_patch(
            Rectangle(
                (left, y + 0.08), 0.96 * width, 0.5,
                color=GOOD if drop > 0 else BAD, alpha=0.75 * abs(drop) / largest, linewidth=0,
            )
        )  # fmt: skip
        centre = left + 0.48 * width
        text = str(word["word"]).replace("$", r"\$")
        axes.text(centre, y + 0.42, text, fontsize=NORMAL, color=INK, ha="center")
        value = number(drop, 2, sign=True)
        axes.text(centre, y + 0.8, value, fontsize=SMALL - 1, color=QUIET, ha="center")
        left += width
