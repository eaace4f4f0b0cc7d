"""The pipeline starts a process per run: none imports what it has no use for."""

import subprocess
import sys

import pytest


def imported(code: str, names: tuple[str, ...]) -> list[str]:
    """Which of ``names`` a new process has imported after ``code``."""
    code += f"\nimport sys\nprint('FOUND', *[name for name in {names} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.rpartition("FOUND")[2].split()


@pytest.mark.usefixtures("workspace")
def test_a_run_is_scored_without_torch() -> None:
    code = "from cli.main import main\nmain(['score', 'mcb'], standalone_mode=False)"
    assert imported(code, ("ot", "torch", "matplotlib")) == ["ot"]


def test_nothing_heavy_is_imported_before_scoring_starts() -> None:
    heavy = ("pandas", "torch", "scipy.stats", "sklearn", "ot", "matplotlib", "jinja2")
    assert imported("import stages.score", heavy) == ["pandas"]


def test_names_in_the_settings_are_checked_without_what_they_stand_for() -> None:
    heavy = ("torch", "scipy.stats", "scipy.ndimage", "sklearn", "torchvision", "spacy")
    heavy += ("transformers", "ot", "matplotlib", "jinja2", "dvc")
    assert imported("import stages.components", heavy) == ["torch"]
