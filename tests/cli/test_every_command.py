"""What every command has: -C, -q, -v, and help that says so."""

from pathlib import Path

import pytest

from tests.cli.commands import assert_refused, start, vqax


def test_a_folder_is_named_before_or_behind_the_command(workspace: Path, monkeypatch) -> None:
    here = vqax("runs", "--json").stdout
    monkeypatch.chdir(workspace.parent)
    assert_refused(vqax("runs"), 4, "params.yaml: no such file")
    assert vqax("-C", workspace, "runs", "--json").stdout == here
    monkeypatch.chdir(workspace.parent)
    assert vqax("runs", "-C", workspace, "--json").stdout == here


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    result = vqax("-C", tmp_path / "nowhere", "runs")
    assert result.exit_code == 2
    assert f"{tmp_path / 'nowhere'}: No such file or directory; name a folder" in result.stderr


def test_verbose_says_progress_time_and_memory_where_there_is_no_terminal(
    workspace: Path,
) -> None:
    quiet = start(["score", "mcb", "--quiet"], workspace)
    plain = start(["score", "mcb"], workspace)
    verbose = start(["score", "mcb", "--verbose"], workspace)
    outputs = [process.communicate() for process in (quiet, plain, verbose)]
    assert len({stdout for stdout, _ in outputs}) == 1
    assert [stderr for _, stderr in outputs[:2]] == ["", ""]
    assert "score: " in outputs[2][1]
    assert "MiB of memory" in outputs[2][1]


def test_verbose_lines_of_a_long_work(workspace: Path) -> None:
    _, stderr = start(["explain", "san", "--verbose"], workspace).communicate()
    lines = [line for line in stderr.splitlines() if line.startswith("explain san: ")]
    assert 1 <= len(lines) <= 10
    assert " a second" in lines[-1]


def test_verbose_says_loss_and_accuracy_of_each_epoch(workspace: Path) -> None:
    _, stderr = start(["train", "lstm_qi", "--verbose"], workspace).communicate()
    epochs = [line for line in stderr.splitlines() if "epoch" in line]
    assert [line.split(": ")[1] for line in epochs] == ["epoch 1", "epoch 2"]
    assert all("loss " in line and "val/accuracy " in line for line in epochs)


@pytest.mark.parametrize("words", [["report", "headline", "--open"]])
def test_a_page_is_opened_or_its_place_is_said(workspace: Path, monkeypatch, words) -> None:
    opened = []
    monkeypatch.setattr("click.launch", lambda page: opened.append(page) or 0)
    result = vqax(*words)
    assert result.exit_code == 0, result.output
    assert [Path(page).name for page in opened] == ["report.html"]
    monkeypatch.setattr("click.launch", lambda page: 1)
    assert "no program opens pages here" in vqax(*words).stderr
    assert "no program" not in vqax(*words, "--quiet").stderr


def test_open_needs_a_page(workspace: Path) -> None:
    words = ("explain", "mcb", "--image", "a.png", "--question", "What?", "--open")
    assert_refused(vqax(*words), 2, "--open: there is no page without --html")
