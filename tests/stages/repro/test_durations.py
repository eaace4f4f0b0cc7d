"""How long stages took, and what that says of those that are to run."""

from pathlib import Path

import pytest

from stages.repro import durations
from stages.repro.durations import expected, forecast, in_words, record, recorded


def test_the_last_run_counts_and_damaged_lines_do_not(tmp_path: Path) -> None:
    assert recorded(tmp_path) == {}
    record(tmp_path, "train@mcb", 12.34)
    with (tmp_path / durations.FILE).open("a", encoding="utf-8") as file:
        file.write('["train@san", \n[]\n["x", "y"]\n')
    record(tmp_path, "train@mcb", 20)
    assert recorded(tmp_path) == {"train@mcb": 20.0}


def test_a_stage_that_never_ran_is_expected_to_be_like_its_kind() -> None:
    seconds = {"train@mcb": 10.0, "train@san": 20.0, "score@san": 5.0}
    assert expected("train@mcb", seconds) == 10.0
    assert expected("train@updn", seconds) == 15.0
    assert expected("report_headline", seconds) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(12.3, "about 12 s"), (59, "about 59 s"), (600, "about 10 min"), (9000, "about 2.5 h")],
)
def test_time_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


@pytest.mark.parametrize(
    ("stages", "told"),
    [
        ([], "nothing to run"),
        (["train@mcb"], "about 30 s"),
        (["train@mcb", "report"], "about 30 s, and 1 stages that never ran here"),
        (["report"], "not known"),
    ],
)
def test_a_forecast(tmp_path: Path, monkeypatch, stages: list[str], told: str) -> None:
    monkeypatch.setattr("stages.repro.plan.stale", lambda folder, targets: dict.fromkeys(stages))
    record(tmp_path, "train@mcb", 30)
    assert forecast(tmp_path) == {"stale": stages, "will take": told}
