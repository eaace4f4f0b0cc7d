"""Means, extremes and the best epoch."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vqax.learning.history import History, Running

pairs = st.lists(st.tuples(st.floats(-50, 50), st.integers(1, 9)), min_size=1, max_size=8)


@given(pairs)
def test_summary_counts_each_example_once(steps: list[tuple[float, int]]) -> None:
    running = Running()
    for value, examples in steps:
        running.add({"loss": value}, examples)
    every = np.repeat([value for value, _ in steps], [count for _, count in steps])
    summary = running.summary()
    assert np.isclose(summary["loss"], every.mean(), atol=1e-9)
    assert (summary["loss_min"], summary["loss_max"]) == (every.min(), every.max())


def test_best_epoch_is_the_first_of_the_highest() -> None:
    history = History()
    assert history.best_epoch() is None
    for epoch, accuracy in enumerate([0.1, 0.4, 0.3, 0.4], 1):
        history.add(epoch, "val", {"accuracy": accuracy})
        history.add(epoch, "train", {"accuracy": 1.0 - accuracy})
    assert history.best_epoch() == 2
    assert history.epoch(3) == {"val/accuracy": 0.3, "train/accuracy": 0.7}


def test_frame_has_one_row_per_value() -> None:
    history = History()
    assert list(history.frame().columns) == ["epoch", "split", "metric", "value"]
    history.add(1, "train", {"loss": 2.0, "loss_min": 1.5})
    assert history.frame().to_dict("records") == [
        {"epoch": 1, "split": "train", "metric": "loss", "value": 2.0},
        {"epoch": 1, "split": "train", "metric": "loss_min", "value": 1.5},
    ]


def test_an_epoch_is_not_better_by_rounding() -> None:
    """Answers of .3 and .6 against .9 and 0, summed in single precision."""
    early, late = (float(np.float32(a) + np.float32(b)) / 2 for a, b in ((0.0, 0.9), (0.3, 0.6)))
    assert early < late
    history = History()
    for epoch, accuracy in enumerate([early, late, late + 1e-6], 1):
        history.add(epoch, "val", {"accuracy": accuracy})
        assert history.best_epoch() == (1 if epoch < 3 else 3)
