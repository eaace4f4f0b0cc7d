import re

import pandas as pd
import pytest

from vqax.errors import BadData
from vqax.report.content import HISTORY_COLUMNS
from vqax.report.curves import training_curves


def history(*rows):
    return pd.DataFrame(rows, columns=HISTORY_COLUMNS)


def epochs(run, metric, values, split="train"):
    return [[run, i + 1, split, metric, value] for i, value in enumerate(values)]


def lines(svg, index=None):
    """Polyline vertices of each drawn series, by its page colour."""
    pattern = r'<path d="(M[^"]+)"[^>]*style="[^"]*stroke: (var\(--line-\d\))[^"]*"'
    return [(colour, path.count("L") + 1, path) for path, colour in re.findall(pattern, svg)]


def test_each_metric_and_split_is_one_line_and_a_metric_keeps_its_colour():
    table = history(
        *epochs("a", "loss", [3, 2, 1]),
        *epochs("a", "loss", [3, 2.5, 2], "val"),
        *epochs("a", "accuracy", [0.1, 0.2, 0.3], "val"),
        *epochs("b", "accuracy", [0.1, 0.4], "val"),
    )
    curves = training_curves(table)
    legend = dict(curves.legend)
    assert list(legend) == ["accuracy", "loss"]
    assert sorted((c, n) for c, n, _ in lines(curves.panels["a"])) == sorted(
        [(legend["loss"], 3), (legend["loss"], 3), (legend["accuracy"], 3)]
    )
    assert [(c, n) for c, n, _ in lines(curves.panels["b"])] == [(legend["accuracy"], 2)]


def test_the_validation_line_is_dashed_and_the_training_line_is_not():
    table = history(*epochs("a", "loss", [3, 2]), *epochs("a", "loss", [4, 3], "val"))
    styles = re.findall(
        r'style="([^"]*stroke: var\(--line-0\)[^"]*)"', training_curves(table).panels["a"]
    )
    assert [("dasharray" in style) for style in styles] == [False, True]


def test_what_is_neither_loss_nor_accuracy_has_a_panel_of_its_own():
    table = history(
        *epochs("a", "answer_loss", [3, 2]),
        *epochs("a", "udl", [1, 0.5]),
        *epochs("a", "certainty_peak", [9, 190]),
        *epochs("a", "accuracy", [0.1, 0.2]),
    )
    curves = training_curves(table)
    titles = re.findall(r">([a-z ]+)</text>", curves.panels["a"])
    assert sorted(titles) == ["accuracy", "certainty peak", "epoch", "loss"]
    assert [name for name, _ in curves.legend] == ["accuracy", "answer_loss", "udl"]
    drawn = [colour for colour, _, _ in lines(curves.panels["a"])]
    assert sorted(drawn) == sorted([*dict(curves.legend).values(), "var(--line-9)"])


def test_all_runs_share_the_accuracy_axis():
    table = history(*epochs("a", "accuracy", [0.2, 0.4]), *epochs("b", "accuracy", [0.2, 0.8]))
    (a,), (b,) = (lines(svg) for svg in training_curves(table).panels.values())
    start = re.compile(r"M ([\d.]+) ([\d.]+)")
    assert start.match(a[2]).groups() == start.match(b[2]).groups()
    assert a[2] != b[2]


def test_figures_follow_the_theme_and_keep_text_as_text():
    svg = training_curves(history(*epochs("a", "loss", [3, 2]))).panels["a"]
    assert ">epoch</text>" in svg
    assert "currentColor" in svg
    assert not re.search(r"#[0-9a-f]{6}\b(?!\))", re.sub(r"(url\(|href=\")#[^)\"]*", "", svg))


def test_two_figures_share_no_id():
    table = history(*epochs("a", "loss", [3, 2]), *epochs("b", "loss", [3, 2]))
    a, b = (set(re.findall(r'id="([^"]+)"', svg)) for svg in training_curves(table).panels.values())
    assert a
    assert not a & b


def test_a_hostile_run_name_is_escaped():
    svg = training_curves(history(*epochs("<script>", "loss", [3, 2]))).panels["<script>"]
    assert "<script" not in svg


def test_one_epoch_is_drawn_and_no_history_gives_no_figure():
    svg = training_curves(history(*epochs("a", "accuracy", [0.5]))).panels["a"]
    assert "<use" in svg
    assert training_curves(history()).panels == {}


def test_the_same_history_gives_the_same_figure():
    table = history(*epochs("a", "loss", [3, 2]))
    assert training_curves(table) == training_curves(table)


def test_a_missing_column_is_named():
    with pytest.raises(BadData, match="history: lacks the columns split"):
        training_curves(history().drop(columns="split"))


def test_a_constant_is_a_flat_line_with_plain_numbers():
    svg = training_curves(
        history(*epochs("a", "key_objects", [3.83396131, 3.83396132, 3.8339613]))
    ).panels["a"]
    [(_, _, path)] = lines(svg)
    heights = [float(y) for y in re.findall(r"[ML] [\d.]+ ([\d.]+)", path)]
    assert max(heights) - min(heights) < 1.0
    assert "e−" not in svg
    assert "3.83" in svg
