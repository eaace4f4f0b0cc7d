import numpy as np

from tests.report.figures.frames import shares, texts
from vqax.report.figures.training_share import draw_training_share


def test_values_with_intervals_over_the_share_in_per_cent():
    axes = draw_training_share(shares()).axes[0]
    line = axes.containers[0].lines[0]
    np.testing.assert_allclose(line.get_xdata(), [50, 75, 100])
    np.testing.assert_allclose(line.get_ydata(), [0.2, 0.4 / 3, 0.1])
    whisker = axes.containers[0].lines[2][0].get_segments()[0]
    np.testing.assert_allclose(whisker[:, 1], [0.18, 0.24])


def test_a_panel_per_metric_with_its_name_and_the_run_below():
    figure = draw_training_share(shares().assign(unit="nats"))
    said = texts(figure)
    assert "mutual information\u00a0↓ (nats)" in said
    assert "variance of the probabilities" in said
    assert said.count("share of the training questions (%)") == 2
    assert "P-GCA" in said
    assert list(figure.axes[0].get_xticks()) == [50, 75, 100]
