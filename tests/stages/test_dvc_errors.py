"""Damaged and busy files of DVC: the sentence names the file and what to do about it."""

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stages.repro.command import run
from stages.repro.plan import stale
from tests.stages import pipelines
from tests.stages.pipelines import shell
from vqax.errors import BadData, MissingArtefact, UsageError, VqaxError

# DVC uses pygtrie in a way that pygtrie will not allow for ever
pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning")
LOCK = "schema: '2.0'\nstages:\n  top:\n    cmd: cp input top\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pipeline of one stage, not run yet."""
    stages = {"top": shell("cp input top", deps=("input",), out="top")}
    folder = pipelines.trivial(tmp_path / "work", stages)
    (folder / "input").write_text("1", encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LOCK + "    deps: [1\n", "line 6: did not find expected"),
        (f"<<<<<<< HEAD\n{LOCK}=======\n>>>>>>> other\n", "possible merge conflicts"),
        ("schema: '2.0'\nstages:\n  top: 3\n", r"expected a dictionary .*\['top'\]"),
        ("schema: '9.0'\n", r"invalid schema version"),
        (b"\xff\xfe\x00", "not valid utf-8"),
    ],
)
def test_a_damaged_lock_file_is_named_with_its_own_remedy(
    folder: Path, text: str | bytes, words: str
) -> None:
    (folder / "dvc.lock").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BadData, match=words) as error:
        stale(folder, ())
    assert str(error.value).startswith(f"{folder / 'dvc.lock'}: ")
    assert str(error.value).endswith("remove it: every stage then counts as never run")
    assert "\n" not in str(error.value)


def test_the_file_of_another_folder_than_the_current_one(
    folder: Path, tmp_path: Path, monkeypatch
) -> None:
    """A profile works in work/NAME, and the command runs above it."""
    (folder / "dvc.lock").write_text("- 1\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadData, match=str(folder / "dvc.lock")):
        stale(folder, ())


def test_the_remedy_is_right(folder: Path) -> None:
    (folder / "dvc.lock").write_text("- 1\n", encoding="utf-8")
    with pytest.raises(BadData):
        run(())
    (folder / "dvc.lock").unlink()
    assert run(())["stages run"] == 1


@pytest.mark.parametrize(
    "text", ["stages: [1", "stages: {a: {cmmd: x}}", "stages: {a: {cmd: '${b}'}}"]
)
def test_a_pipeline_that_is_none(folder: Path, text: str) -> None:
    (folder / "dvc.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"dvc\.yaml: .*; mend it or restore it from git$"):
        stale(folder, ())


def test_a_damaged_configuration_of_dvc(folder: Path) -> None:
    (folder / ".dvc" / "config").write_text("[core", encoding="utf-8")
    with pytest.raises(BadData, match=r"\.dvc/config: .*; mend it or restore it from git$"):
        stale(folder, ())


def lock_top(folder: Path, pid: int) -> Path:
    """.dvc/tmp/rwlock as a process leaves it that is killed while it writes ``top``."""
    path = folder / ".dvc" / "tmp" / "rwlock"
    path.parent.mkdir(exist_ok=True)
    held = {"write": {str(folder / "top"): {"pid": pid, "cmd": "dvc repro"}}, "read": {}}
    path.write_text(json.dumps(held), encoding="utf-8")
    return path


@contextmanager
def sleeping() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def test_a_lock_of_a_process_that_lives_is_respected(folder: Path) -> None:
    with sleeping() as pid:
        path = lock_top(folder, pid)
        with pytest.raises(
            VqaxError, match=rf"rwlock: an output is in use: \(PID {pid}\): dvc repro; wait"
        ):
            run(())
    assert path.exists()
    assert not (folder / "top").exists()


def test_a_lock_of_a_process_that_ended_is_removed(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with sleeping() as pid:
        pass
    lock_top(folder, pid)
    with caplog.at_level(logging.WARNING, "stages.dvc_errors"):
        assert run(())["stages run"] == 1
    assert f"process {pid} has ended, its locks are removed" in caplog.text


def test_another_process_with_the_number_of_an_ended_one_holds_nothing(folder: Path) -> None:
    with sleeping() as pid, sleeping() as other:
        path = lock_top(folder, pid)
        locks = json.loads(path.read_text(encoding="utf-8"))
        locks["read"] = {"elsewhere": [{"pid": pid, "cmd": "x"}, {"pid": other, "cmd": "y"}]}
        path.write_text(json.dumps(locks), encoding="utf-8")
        before = time.time() - 3600  # the file is older than both processes
        os.utime(path, (before, before))
        assert run(())["stages run"] == 1


@pytest.mark.parametrize("content", [b"", b"{", b'{"write": 3}', b"\xff\xfe", b"[]"])
def test_a_damaged_lock_of_outputs(folder: Path, content: bytes) -> None:
    path = folder / ".dvc" / "tmp" / "rwlock"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    with pytest.raises(BadData, match=r"tmp/rwlock: damaged .*; remove it if no dvc"):
        stale(folder, ())
    path.unlink()
    assert run(())["stages run"] == 1


def test_without_dvc_the_remedy_is_to_install_it(folder: Path, monkeypatch) -> None:
    for module in ("dvc", "dvc.exceptions", "dvc.repo"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingArtefact, match=r"dvc.*: not installed; run `pip install"):
        stale(folder, ())
