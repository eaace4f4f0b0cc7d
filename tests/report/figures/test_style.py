import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from vqax.errors import BadData
from vqax.report.figures.style import PAGE, SERIES, axis_name, drawable, line_styles, wrapped


def test_no_two_of_64_series_look_alike():
    found = line_styles(f"run {i}" for i in range(64))
    assert len(set(found.values())) == 64
    assert [styles.colour for styles in found.values()][:8] == list(SERIES)


def test_every_colour_has_a_place_in_the_page():
    assert {PAGE[colour] for colour in SERIES} == {f"var(--figure-{i})" for i in range(8)}


def test_series_differ_for_colour_blind_readers():
    """Machado et al. 2009, deuteranopia and protanopia at full strength, in CIELAB."""
    rgb = np.array([to_rgb(colour) for colour in SERIES])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    for seen in (DEUTERANOPIA, PROTANOPIA):
        lab = to_lab(np.clip(linear @ np.array(seen).T, 0, 1))
        distances = np.linalg.norm(lab[:, None] - lab[None], axis=-1)
        assert distances[np.triu_indices(len(SERIES), 1)].min() > 10


DEUTERANOPIA = [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.011820, 0.042940, 0.968881],
]
PROTANOPIA = [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
]


def to_lab(linear):
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = linear @ np.array(to_xyz).T / [0.9505, 1.0, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack(
        [116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=-1
    )


def test_a_dollar_stays_a_dollar_and_long_texts_end_in_an_ellipsis():
    assert wrapped("$5 or $6", 20) == r"\$5 or \$6"
    assert wrapped("one two three four", 9, lines=1) == "one two …"


def test_units_and_arrows_stand_behind_the_name():
    assert axis_name("accuracy_all", "fraction") == "accuracy, all questions\u00a0↑ (points)"
    assert axis_name("mutual_information", "nats") == "mutual information\u00a0↓ (nats)"
    assert axis_name("margin") == "top-2 margin\u00a0↑"


def test_an_empty_or_wrong_frame_is_named():
    with pytest.raises(BadData, match="figure noise: no rows to draw; measure the runs"):
        drawable(pd.DataFrame(columns=["run"]), ["run"], "noise")
    with pytest.raises(BadData, match="figure noise: lacks the columns value"):
        drawable(pd.DataFrame({"run": ["a"]}), ["run", "value"], "noise")
