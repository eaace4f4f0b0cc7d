import numpy as np
import pytest
from PIL import Image

from vqax.errors import BadData
from vqax.report.cd_diagram import BAR, draw_cd_diagram, write_figure
from vqax.stats.nemenyi import critical_difference, not_different

NAMES = ["SAN", "MCB", "MCB + A-GCA", "MCB + P-GCA", "Deeper LSTM Q + norm I", "SAN + P-GCA"]
RANKS = np.array([4.75, 4.0, 2.25, 1.0, 5.75, 3.25])


@pytest.fixture
def figure():
    return draw_cd_diagram(RANKS, NAMES, 2.0, n_blocks=4, alpha=0.05)


def texts(figure):
    return [text.get_text().strip() for text in figure.axes[0].texts]


def test_every_method_stands_with_the_rank_of_the_table(figure):
    written = texts(figure)
    for name, rank in zip(NAMES, RANKS, strict=True):
        assert f"{name}  {rank:.2f}" in written or f"{rank:.2f}  {name}" in written
    markers = [line.get_xdata()[0] for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert sorted(markers) == sorted(RANKS)


def test_bars_join_exactly_the_groups(figure):
    bars = [line.get_xdata() for line in figure.axes[0].lines if line.get_color() == BAR]
    groups = not_different(RANKS, 2.0)
    assert len(bars) == len(groups) > 1
    for bar, group in zip(bars, groups, strict=True):
        inside = np.flatnonzero(np.abs(RANKS - bar.mean()) <= np.ptp(bar) / 2)
        assert set(inside.tolist()) == set(group)


def test_texts_do_not_overlap(figure):
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])


def test_says_what_the_critical_difference_rests_on(figure):
    assert "CD = 2.00  (6 methods, 4 blocks, α = 0.05)" in texts(figure)


def test_a_difference_longer_than_the_axis_is_said():
    cd = critical_difference(3, 2)
    figure = draw_cd_diagram(np.array([1.0, 2, 3]), NAMES[:3], cd, n_blocks=2, alpha=0.05)
    assert any("no two methods can differ" in text for text in texts(figure))


def test_without_groups_there_is_no_bar_and_no_note():
    figure = draw_cd_diagram(np.array([1.0, 2.0]), NAMES[:2], 0.5, n_blocks=99, alpha=0.05)
    assert not any(line.get_color() == BAR for line in figure.axes[0].lines)
    assert not any("red bar" in text for text in texts(figure))


def test_written_as_png_and_svg_the_same_every_time(figure, tmp_path):
    first = write_figure(figure, tmp_path / "a" / "cd")
    again = draw_cd_diagram(RANKS, NAMES, 2.0, n_blocks=4, alpha=0.05)
    second = write_figure(again, tmp_path / "b" / "cd")
    assert [path.name for path in first] == ["cd.png", "cd.svg"]
    for a, b in zip(first, second, strict=True):
        assert a.read_bytes() == b.read_bytes()
    with Image.open(first[0]) as image:
        assert image.width > 1200
        assert image.height > 400
    assert "Deeper LSTM Q + norm I" in first[1].read_text(encoding="utf-8")
    assert len(list((tmp_path / "a").iterdir())) == 2


def test_a_place_that_cannot_be_written_is_named(figure, tmp_path):
    (tmp_path / "cd.svg").mkdir()
    with pytest.raises(BadData, match=r"cd\.svg"):
        write_figure(figure, tmp_path / "cd")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cd.png", "cd.svg"]


def test_a_title_says_what_was_ranked_and_is_optional(figure):
    titled = draw_cd_diagram(
        RANKS, NAMES, 2.0, n_blocks=4, alpha=0.05, title="accuracy; a block is one seed"
    )
    assert set(texts(titled)) - set(texts(figure)) == {"accuracy; a block is one seed"}
