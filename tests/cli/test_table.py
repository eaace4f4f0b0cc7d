"""``vqax table``: for a terminal, for a pipe, whole or in part."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import MAIN, ROOT, assert_refused, vqax


def in_terminal(folder: Path, *words: str, columns: int = 100, **environment: str) -> str:
    """What a command shows in a terminal of so many columns."""
    ours, theirs = pty.openpty()
    code = f"import sys; sys.argv[1:] = {list(words)}; {MAIN}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "COLUMNS": str(columns),
            "TERM": "xterm",
            **environment,
        },
        stdout=theirs,
        stderr=subprocess.PIPE,
        check=True,
    )
    assert done.stderr == b""
    os.close(theirs)
    text = b""
    try:
        while part := os.read(ours, 65536):
            text += part
    except OSError:  # the terminal is closed and read to its end
        pass
    os.close(ours)
    return text.decode().replace("\r\n", "\n")


def test_a_terminal_gets_a_table_and_a_pipe_markdown(workspace: Path) -> None:
    text = in_terminal(workspace, "table", "ucam/II")
    assert "\x1b[1m" in text
    assert "| ---" not in text
    assert "bold: the best measured here" not in text  # of one training each
    assert "| --- |" in vqax("table", "ucam/II").stdout
    assert "| --- |" in in_terminal(workspace, "table", "ucam/II", "--format", "markdown")


def test_no_color_leaves_no_colour(workspace: Path) -> None:
    text = in_terminal(workspace, "table", "ucam/II", NO_COLOR="1")
    codes = {code for part in text.split("\x1b[")[1:] for code in part.split("m")[0].split(";")}
    assert codes <= {"0", "1", "2", "3"}


def test_a_narrow_terminal_is_filled_and_not_left(workspace: Path) -> None:
    text = in_terminal(workspace, "table", "ucam/I", "--format", "terminal", columns=50)
    assert max(map(len, plain(text).splitlines())) <= 50
    assert plain(text).count("LSTM Q+I[8]") > 1


def plain(text: str) -> str:
    first, *parts = text.split("\x1b[")
    return first + "".join(part.partition("m")[2] for part in parts)


def test_metrics_and_rows_are_chosen_by_name_or_heading(workspace: Path) -> None:
    text = vqax("table", "ucam/II", "--metric", "accuracy_all", "--row", "gca").stdout
    lines = text.splitlines()
    assert lines[2].startswith("| Models | ")
    assert lines[2].endswith("| All ↑ | reported |")
    assert [line.split("|")[1].strip() for line in lines[4:6]] == ["A-GCA (ours)", "P-GCA (ours)"]
    assert vqax("table", "ucam/II", "--metric", "all", "--row", "gca").stdout == text


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("ucam/II", "--metric", "accuracy_al"), "no such metric; did you mean accuracy_all"),
        (("ucam/II", "--row", "Basline"), "no such row; did you mean Baseline"),
        (("--metric", "emd"), "of which table? Name it"),
    ],
)
def test_what_a_table_has_not_is_refused(workspace: Path, words, sentence: str) -> None:
    assert_refused(vqax("table", *words), 2, sentence)


def test_people_and_random_maps_compete_with_no_run(workspace: Path) -> None:
    text = in_terminal(workspace, "table", "ucam/IV", columns=200)
    rows = [line for line in text.splitlines() if line.startswith(("Human", "random"))]
    assert len(rows) == 2
    assert not any("\x1b[1m" in row for row in rows)
