"""Names are completed in bash and zsh: the scripts that docs/command_line.md has people load."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import ROOT
from vqax.explain import EXPLAINERS

PROGRAM = f"""#!{sys.executable}
import sys
sys.path.insert(0, {str(ROOT)!r})
from cli.main import main
main(prog_name="vqax")
"""
SHELLS = ["bash", "zsh"]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A folder with the command ``vqax``, as an installation has one."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "vqax").write_text(PROGRAM, encoding="utf-8")
    (folder / "vqax").chmod(0o755)
    return folder


def said(program: Path, shell: str, words: str, **more: str) -> list[str]:
    """What click's script of a shell is told for a line, its last word being completed."""
    environment = {
        **os.environ,
        "_VQAX_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - (not words.endswith(" "))),
        **more,
    }
    done = subprocess.run(
        [program / "vqax"], env=environment, capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    names = lines[1::3] if shell == "zsh" else [line.partition(",")[2] for line in lines]
    return [name for name in names if name]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("vqax ex", ["explain"]),
        ("vqax train mcb", ["mcb", "mcb_a_gca", "mcb_p_gca"]),
        ("vqax runs show lst", ["lstm_qi"]),
        ("vqax compare head", ["headline"]),
        ("vqax table ucam/I", ["ucam/I", "ucam/II", "ucam/IV"]),
        ("vqax table --metric accuracy_y", ["accuracy_yes_no"]),
        ("vqax explain --method word_sh", ["word_shapley"]),
        ("vqax align --metric ns", ["nss"]),
        ("vqax faithfulness --measure del", ["deletion"]),
        ("vqax runs --group hea", ["headline"]),
    ],
)
@pytest.mark.usefixtures("workspace")
def test_names_are_completed(program: Path, shell: str, words: str, names: list[str]) -> None:
    assert said(program, shell, words) == names


@pytest.mark.usefixtures("workspace")
def test_profiles_and_all_methods(program: Path, workspace: Path) -> None:
    (workspace / "profiles").mkdir()
    (workspace / "profiles" / "large.yaml").write_text("{}", encoding="utf-8")
    assert said(program, "bash", "vqax repro --profile l") == ["large"]
    assert set(said(program, "bash", "vqax explain --method ")) >= set(EXPLAINERS)


def test_a_folder_without_settings_completes_nothing(program: Path, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert said(program, "bash", "vqax train m") == []
    Path("params.yaml").write_text("runs: [", encoding="utf-8")
    assert said(program, "bash", "vqax train m") == []


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_the_shell_is_what_it_can_read(program: Path, shell: str) -> None:
    environment = {**os.environ, "_VQAX_COMPLETE": f"{shell}_source"}
    done = subprocess.run(
        [program / "vqax"], env=environment, capture_output=True, text=True, check=True
    )
    assert f"_VQAX_COMPLETE={shell}_complete" in done.stdout
    page = (ROOT / "docs" / "command_line.md").read_text(encoding="utf-8")
    assert f"_VQAX_COMPLETE={shell}_source vqax" in page
    if shutil.which(shell):
        checked = subprocess.run([shell, "-n"], input=done.stdout, text=True, check=False)
        assert checked.returncode == 0


@pytest.mark.usefixtures("workspace")
def test_bash_completes_a_line_as_typed(program: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed")
    script = (
        'eval "$(_VQAX_COMPLETE=bash_source vqax)"\n'
        "COMP_WORDS=(vqax train san)\nCOMP_CWORD=2\n_vqax_completion vqax san train\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    path = f"{program}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [bash, "-c", script],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["san", "san_p_gca"]
