"""The package as ``pip install --editable`` leaves it."""

import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BUILD = "from hatchling.build import build_editable; build_editable('wheels')"
SCRIPT = "import cli, stages, vqax\nprint(*(one.__file__ for one in (cli, stages, vqax)))\n"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What packaging reads of the repository, in a folder with the name of the package."""
    folder = tmp_path_factory.mktemp("projects") / "vqax"
    folder.mkdir()
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    for package in ("cli", "stages", "vqax"):
        (folder / package).mkdir()
        shutil.copy(ROOT / package / "__init__.py", folder / package)
    return folder


def installed(folder: Path) -> Path:
    """The Python of a new environment with an editable install of ``folder`` in it."""
    subprocess.run([sys.executable, "-c", BUILD], cwd=folder, check=True, capture_output=True)
    environment = folder.parent / "environment"
    venv.create(environment, symlinks=True)
    packages = next(environment.glob("lib/python*/site-packages"))
    with zipfile.ZipFile(next((folder / "wheels").glob("*.whl"))) as wheel:
        wheel.extractall(packages)
    return environment / "bin" / "python"


def test_a_script_beside_a_clone_called_vqax_imports_the_library(clone: Path) -> None:
    """Python takes any folder of that name beside the script for a namespace package, but only
    where no entry of its path has a real one: a finder at the end of the line comes too late.
    """
    python = installed(clone)
    script = clone.parent / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    command = [python, script.name]
    done = subprocess.run(command, cwd=clone.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [
        str(clone / package / "__init__.py") for package in ("cli", "stages", "vqax")
    ]
