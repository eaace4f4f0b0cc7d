from itertools import pairwise

import pandas as pd
import pytest

from tests.report.figures.frames import ranks, texts
from vqax.errors import BadData
from vqax.report.figures.ranks import draw_ranks


def test_the_title_says_the_measure_and_what_a_block_is():
    said = texts(draw_ranks(ranks()))
    assert "VQA accuracy; a block is one data set × answer type" in said
    assert "CD = 1.50  (3 methods, 9 blocks, α = 0.05)" in said
    assert "run 2" in said


@pytest.mark.parametrize("count", [2, 15, 40])
def test_numbers_on_the_axis_never_touch(count):
    figure = draw_ranks(ranks(count))
    figure.draw_without_rendering()
    numbers = [text for text in figure.axes[0].texts if text.get_text().isdigit()]
    found = [text.get_window_extent() for text in numbers]
    assert len(found) >= 2
    assert not any(a.overlaps(b) for a, b in pairwise(found))


def test_two_measures_are_two_diagrams():
    both = pd.concat([ranks(), ranks().assign(measure="margin")])
    with pytest.raises(BadData, match="2 values of 'measure'"):
        draw_ranks(both)
