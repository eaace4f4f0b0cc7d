import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import COMMANDS, main
from tests.cli.commands import assert_refused, vqax

HEAVY = ("torch", "pandas", "scipy", "dvc", "numpy", "rich", "matplotlib")


def test_help_lists_every_command_and_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom cli.main import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        f"print('HEAVY', [name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "HEAVY []" in done.stdout
    assert all(f"  {name} " in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_of_its_own(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output


def test_an_unknown_command_is_a_usage_error() -> None:
    assert vqax("trian").exit_code == 2
    assert "Did you mean" not in vqax("fly").stderr
    assert "Did you mean report or repro?" in vqax("repor").stderr
    assert "Did you mean data list?" in vqax("list").stderr
    assert "Did you mean features show or regions show or runs show?" in vqax("show").stderr


def test_errors_are_one_sentence_and_an_exit_code(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["runs"])
    assert result.exit_code == 4
    assert result.output.startswith("error: params.yaml: no such file; run vqax in the folder")
    assert "Traceback" not in result.output


def test_debug_shows_the_traceback(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["runs", "--debug"])
    assert type(result.exception).__name__ == "MissingArtefact"


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "params.yaml").mkdir()
    monkeypatch.chdir(tmp_path)
    refusal = "params.yaml: cannot be read (Is a directory)"
    assert_refused(vqax("runs"), 3, refusal, "name another path")
    result = CliRunner().invoke(main, ["runs", "--debug"])
    assert type(result.exception).__name__ == "BadData"


def test_json_is_one_object() -> None:
    result = CliRunner().invoke(main, ["data", "list", "--json"])
    assert "train2014.zip" in json.loads(result.output)


@pytest.mark.parametrize("options", [["--results", "r.json"], ["mcb", "--mode", "simple"], []])
def test_score_needs_a_run_or_all_three_files(options: list[str]) -> None:
    result = CliRunner().invoke(main, ["score", *options])
    assert result.exit_code == 2
    assert "--annotations" in result.output


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (("explain", "mcb", "--image", "a.png", "--question", "Caf\udce9?"), "--question"),
        (("explain", "mcb", "--image", "a\udcff.png", "--question", "What?"), "--image"),
        (("train", "mcb\udcff"), "RUN"),
        (("repro", "a", "b\udcff"), "TARGETS"),
    ],
)
def test_bytes_that_are_no_text_are_refused(arguments: tuple[str, ...], name: str) -> None:
    """As Python hands them on: a Latin-1 é is the surrogate U+DCE9."""
    assert_refused(vqax(*arguments), 2, f"{name}: '", "\\udc", "not UTF-8", "rename")


def test_a_near_name_of_a_method_is_offered(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    asked = ("--image", "a.png", "--question", "What?")
    result = vqax("explain", "mcb", *asked, "--method", "gradcam")
    assert_refused(result, 2, "--method: 'gradcam' is not known; did you mean grad_cam")
