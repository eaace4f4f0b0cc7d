"""What a command said is kept until anything that it depends on changes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli import cache
from cli.cache import kept
from tests.cli.commands import ROOT, assert_refused, vqax


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "vqax"


class Made:
    """Counts how often a value is made."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> int:
        self.times += 1
        return self.times


def test_it_is_made_once_for_each_question_and_folder(tmp_path: Path, monkeypatch) -> None:
    made = Made()
    assert [kept(["a", 1], [], made), kept(["a", 1], [], made), kept(["a", 2], [], made)] == [
        *(1, 1),
        2,
    ]
    monkeypatch.chdir(tmp_path)
    assert kept(["a", 1], [], made) == 3


def test_it_is_made_again_when_a_file_changes(tmp_path: Path) -> None:
    made, file = Made(), tmp_path / "settings" / "deep" / "runs.yaml"
    question = (["a"], [tmp_path / "settings"], made)
    assert kept(*question) == 1
    file.parent.mkdir(parents=True)
    file.write_text("a", encoding="utf-8")
    assert kept(*question) == 2
    file.write_text("bb", encoding="utf-8")
    assert kept(*question) == 3
    stat = file.stat()
    file.write_text("cc", encoding="utf-8")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert kept(*question) == 4
    file.unlink()
    assert [kept(*question), kept(*question)] == [5, 5]


def test_it_is_made_again_when_the_program_changes(tmp_path: Path, monkeypatch) -> None:
    made = Made()
    assert kept(["a"], [], made) == 1
    (tmp_path / "vqax").mkdir()
    monkeypatch.setattr(cache, "CODE", tmp_path)
    assert kept(["a"], [], made) == 2


def test_two_questions_in_one_file_are_told_apart(folder: Path, monkeypatch) -> None:
    monkeypatch.setattr("zlib.crc32", lambda text: 7)
    made = Made()
    assert [kept(["a"], [], made), kept(["b"], [], made), kept(["a"], [], made)] == [1, 2, 3]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"key": 1}', "\0"])
def test_what_is_damaged_is_made_again(folder: Path, text: str) -> None:
    made = Made()
    kept(["a"], [], made)
    (file,) = folder.iterdir()
    file.write_text(text, encoding="utf-8")
    assert [kept(["a"], [], made), kept(["a"], [], made)] == [2, 2]


def test_where_nothing_can_be_kept_it_is_made_each_time(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    made = Made()
    assert [kept(["a"], [], made), kept(["a"], [], made)] == [1, 2]


def test_an_error_is_not_kept(workspace: Path, folder: Path) -> None:
    assert_refused(vqax("table", "ucam/none"), 2, "no such table")
    assert not folder.exists()


def test_a_table_is_there_again_without_anything_heavy(workspace: Path) -> None:
    first = vqax("table", "ucam/II").stdout
    code = (
        "import sys\nfrom cli.main import main\n"
        "main(['table', 'ucam/II'], standalone_mode=False)\n"
        "heavy = ('numpy', 'pandas', 'pyarrow', 'pydantic', 'rich', 'torch', 'yaml')\n"
        "print('HEAVY', [name for name in heavy if name in sys.modules], file=sys.stderr)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == first
    assert done.stderr == "HEAVY []\n"


def test_a_table_that_is_made_anew_is_shown_anew(workspace: Path) -> None:
    import pandas as pd

    path = workspace / "results" / "headline" / "tables" / "ucam_II.parquet"
    before = vqax("table", "ucam/II", "--json").stdout
    table = pd.read_parquet(path)
    table.assign(value=table["value"] / 2).to_parquet(path)
    after = vqax("table", "ucam/II", "--json").stdout
    values = [
        [cell["value"] for cell in json.loads(text)["cells"] if cell["value"] is not None]
        for text in (before, after)
    ]
    assert values[1] == [value / 2 for value in values[0]]
