"""What is written faster than DVC writes it is what DVC would have written."""

import os
import shutil
from pathlib import Path

import pytest
import yaml
from dvc.dependency import param
from dvc.fs import localfs

from stages.dvc_shortcuts import LOCK_BEGINS, parse_settings_once, with_lines
from stages.repro import run, stale
from tests.stages import pipelines

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning")
TWO = f"{LOCK_BEGINS}  a:\n    cmd: x\n    outs:\n    - path: a\n  b@c:\n    cmd: y\n"


def test_lines_take_the_place_of_older_ones() -> None:
    assert with_lines(TWO, "a", "  a:\n    cmd: z\n") == (
        f"{LOCK_BEGINS}  a:\n    cmd: z\n  b@c:\n    cmd: y\n"
    )


def test_a_new_stage_comes_last() -> None:
    assert with_lines(TWO, "b", "  b:\n    cmd: z\n") == f"{TWO}  b:\n    cmd: z\n"
    assert with_lines(LOCK_BEGINS, "b", "  b:\n") == f"{LOCK_BEGINS}  b:\n"


@pytest.mark.parametrize(
    "lock", ["stages:\n  a:\n", f"{TWO}datasets:\n- name: d\n", f"{LOCK_BEGINS}    cmd: x\n"]
)
def test_what_is_no_list_of_stages_is_left_to_dvc(lock: str) -> None:
    with pytest.raises(ValueError, match=r"stage"):
        with_lines(lock, "a", "  a:\n")


def test_settings_are_parsed_again_only_if_they_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, parsed, parse = tmp_path / "own.yaml", [], param.load_path
    path.write_text("a: {b: 1}", encoding="utf-8")
    monkeypatch.setattr(param, "load_path", lambda *a, **o: parsed.append(a) or parse(*a, **o))
    undo = parse_settings_once()
    try:
        for _ in range(2):
            assert param.read_param_file(localfs, str(path), ["a.b"], flatten=True) == {"a.b": 1}
        assert len(parsed) == 1
        path.write_text("a: {b: 22}", encoding="utf-8")
        os.utime(path, (1, 1))
        assert param.read_param_file(localfs, str(path), ["a.b"], flatten=True) == {"a.b": 22}
    finally:
        undo()
    param.read_param_file(localfs, str(path), ["a.b"], flatten=True)
    assert len(parsed) == 3


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three stages that read settings, two of them the same mapping, which YAML would share."""
    stages = {
        name: pipelines.shell(f"echo {name} > {name}", deps=deps, out=name)
        | {"params": ["text", {"own.yaml": ["one", "same"]}]}
        for name, deps in (("a", ()), ("b", ("a",)), ("c", ("a", "b")))
    }
    folder = pipelines.trivial(tmp_path / "work", stages)
    (folder / "own.yaml").write_text("one: &it {x: 1, text: 'a: b', none: null}\nsame: *it\n")
    monkeypatch.chdir(folder)
    return folder


def test_the_lock_file_is_the_one_of_dvc(folder: Path, tmp_path: Path) -> None:
    other = shutil.copytree(folder, tmp_path / "other", symlinks=True)
    pipelines.dvc(other, "repro", "--quiet")
    assert run(())["stages run"] == 3
    ours, theirs = ((one / "dvc.lock").read_text(encoding="utf-8") for one in (folder, other))
    assert yaml.safe_load(ours) == yaml.safe_load(theirs)
    assert "&" not in ours
    assert "up to date" in pipelines.dvc(folder, "status")
    assert stale(folder, ()) == {}


def test_a_stage_that_ran_again_keeps_its_place(folder: Path) -> None:
    run(())
    before = (folder / "dvc.lock").read_bytes()
    (folder / "a").unlink()
    assert run(())["stages run"] == 3
    assert (folder / "dvc.lock").read_bytes() == before


def test_a_lock_file_with_more_than_stages(folder: Path) -> None:
    lock = folder / "dvc.lock"
    lock.write_text("schema: '2.0'\ndatasets: []\n", encoding="utf-8")
    assert run(())["stages run"] == 3
    assert yaml.safe_load(lock.read_text(encoding="utf-8")).keys() >= {"stages", "datasets"}
    assert stale(folder, ()) == {}
