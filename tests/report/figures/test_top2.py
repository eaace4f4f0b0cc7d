import numpy as np
import pandas as pd

from tests.report.figures.frames import questions, texts
from vqax.report.figures.top2 import QUANTILES, draw_top2, shown


def test_ten_questions_are_spread_over_the_ids_whatever_the_margins():
    frame = questions()
    assert shown(frame) == [100, 103, 105, 108, 110, 113, 115, 118, 120, 123]
    assert shown(frame.assign(margin=0.0).iloc[::-1]) == shown(frame)
    assert shown(frame[frame["question_id"] < 103]) == [100, 101, 102]


def test_markers_are_the_margins_of_the_questions_beside_them():
    frame = questions()
    other, _, yes_no, _ = draw_top2(frame).axes
    for axes, rows in (
        (yes_no, frame[frame["answer_type"] == "yes/no"]),
        (other, frame[frame["answer_type"] != "yes/no"]),
    ):
        ids = shown(rows)
        for line, (_, own) in zip(axes.lines, rows.groupby("run", sort=False), strict=True):
            margins = own.set_index("question_id").loc[ids, "margin"]
            np.testing.assert_array_equal(line.get_xdata(), margins)
        labels = [label.get_text() for label in axes.get_yticklabels()]
        research_question = rows.drop_duplicates("question_id").set_index("question_id")["question"]
        assert labels == list(research_question.loc[ids])


def test_curves_fall_from_the_largest_to_the_smallest_margin():
    frame = questions()
    axes = draw_top2(frame).axes[3]
    own = frame[(frame["answer_type"] == "yes/no") & (frame["run"] == "baseline")]["margin"]
    line = axes.lines[0]
    np.testing.assert_allclose(line.get_ydata()[[0, -1]], [own.max(), own.min()])
    assert (np.diff(line.get_ydata()) <= 0).all()
    np.testing.assert_array_equal(line.get_xdata(), 100 * QUANTILES)


def test_titles_count_questions_and_the_legend_names_runs():
    said = texts(draw_top2(questions()))
    assert "all 16 questions, other than yes/no" in said
    assert "all 8 questions, yes/no" in said
    assert all(run in said for run in ("baseline", "A-GCA", "P-GCA"))
    assert "distance of the two first answers (probability)" in said


def test_a_data_set_without_yes_no_says_so():
    frame = questions()
    rest: pd.DataFrame = frame[frame["answer_type"] != "yes/no"]
    said = texts(draw_top2(rest))
    assert "no such question" in said
    assert "all 0 questions, yes/no" in said
