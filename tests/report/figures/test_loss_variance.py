import numpy as np
import pandas as pd
import pytest

from tests.report.figures.frames import history, texts
from vqax.errors import BadData
from vqax.report.figures.loss_variance import draw_loss_variance
from vqax.report.loss_terms import from_history


def test_extremes_of_the_training_epochs_go_beside_their_means():
    frame = from_history(history())
    assert list(frame["metric"].unique()) == ["variance", "aul"]
    row = frame[(frame["run"] == "MCB") & (frame["epoch"] == 1)].iloc[0]
    assert (row["value"], row["lowest"], row["highest"]) == (4.0, 2.0, 8.0)
    assert 99.0 not in frame["value"].to_numpy()
    assert set(frame.loc[frame["metric"] == "aul", "run"]) == {"A-GCA"}


def test_histories_without_such_terms_give_an_empty_frame():
    frame = from_history(history().assign(metric="loss", epoch=lambda t: np.arange(len(t))))
    assert frame.empty
    with pytest.raises(BadData, match="figure loss_variance: no rows to draw"):
        draw_loss_variance(frame)


def test_lines_and_bands_are_the_frames_numbers():
    axes = draw_loss_variance(from_history(history())).axes[0]
    assert axes.get_title(loc="left") == "predicted variance (squared logits)"
    assert len(axes.lines) == 2
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), [1, 2])
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [4.0, 4.0 / 2**7])
    band = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == (2.0 / 2**7, 8.0)


def test_only_a_positive_term_that_falls_far_is_logarithmic():
    frame = from_history(history())
    assert draw_loss_variance(frame).axes[0].get_yscale() == "log"
    negative = frame.assign(lowest=-1.0)
    assert draw_loss_variance(negative).axes[0].get_yscale() == "linear"
    level = frame.assign(value=1.0, lowest=0.9, highest=1.1)
    assert draw_loss_variance(level).axes[0].get_yscale() == "linear"


def test_many_runs_are_split_over_panels_and_none_is_lost():
    one = from_history(history())
    one = one[(one["run"] == "MCB") & (one["metric"] == "variance")]
    numbers = ["value", "lowest", "highest"]
    many = pd.concat([one.assign(run=f"run {i}", **(1.0 + i) * one[numbers]) for i in range(12)])
    figure = draw_loss_variance(many)
    assert [len(axes.lines) for axes in figure.axes] == [4, 4, 4]
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    assert all(f"run {i}" in texts(figure) for i in range(12))
