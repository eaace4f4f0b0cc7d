"""What is seen while a command works."""

import io

import click
import pytest
from rich.console import Console

from cli import progress
from cli.progress import QUIET, VERBOSE, Bar, Lines, measured, note, progress_bar


def test_a_bar_shows_rate_epoch_loss_and_accuracy(monkeypatch: pytest.MonkeyPatch) -> None:
    bars = progress.bars()
    bar = Bar(bars, bars.add_task("train mcb", measured="", total=None))
    bar(10, 40)
    bar.epoch(3, {"loss": 1.23456, "accuracy": 0.5})
    out = io.StringIO()
    Console(file=out, width=140).print(bars.get_renderable())
    line = out.getvalue().strip()
    assert line.startswith("train mcb")
    assert "10/40" in line
    assert line.endswith("epoch 3: loss 1.235, accuracy 0.5")


def test_lines_are_one_a_tenth_and_one_an_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines("train mcb")
    for done in range(1, 1001):
        lines(done, 1000)
    lines.epoch(2, {"loss": 0.25})
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 11
    assert said[0].startswith("train mcb: 100 of 1000, ")
    assert said[-1] == "train mcb: epoch 2: loss 0.25"


def test_an_epoch_without_validation_has_its_loss_alone() -> None:
    assert measured(1, {"loss": 2.0}) == "epoch 1: loss 2"


@pytest.mark.parametrize(
    ("meta", "kind"), [({}, type(None)), ({VERBOSE: True}, Lines), ({QUIET: True}, type(None))]
)
def test_without_a_terminal_there_are_lines_only_with_verbose(meta: dict, kind: type) -> None:
    with click.Context(click.Command("train")) as context:
        context.meta.update(meta)
        with progress_bar("train") as shown:
            assert type(shown) is kind


def test_quiet_keeps_notes_back(capsys: pytest.CaptureFixture[str]) -> None:
    note("a sentence")
    with click.Context(click.Command("train")) as context:
        context.meta[QUIET] = True
        note("another")
    assert capsys.readouterr().err == "a sentence\n"
