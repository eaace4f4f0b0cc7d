"""DVC of a version that was not tried: a sentence, and plain ``dvc repro``."""

from importlib import metadata
from pathlib import Path

import pytest

from stages.repro.command import run
from stages.repro.dvc_itself import TRY, supported
from tests.stages import pipelines
from tests.stages.pipelines import shell
from tests.stages.tiny import ROOT
from vqax.errors import VqaxError

# DVC uses pygtrie in a way that pygtrie will not allow for ever
pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two stages, and a DVC of which nobody knows."""
    stages = {
        "top": shell("echo 1 > top", out="top"),
        "end": shell("cp top end", deps=("top",), out="end"),
    }
    folder = pipelines.trivial(tmp_path / "work", stages)
    monkeypatch.chdir(folder)
    monkeypatch.delenv(TRY, raising=False)
    real = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "9.0.0" if name == "dvc" else real(name))
    return folder


def test_this_version_was_tried() -> None:
    assert supported() is None


def test_another_one_runs_alone(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(("top",), jobs=2)["stages run"] == "by dvc repro"
    assert (folder / "top").exists()
    assert not (folder / "end").exists()
    assert "dvc 9.0.0 is not one of " in capfd.readouterr().err
    assert run((), dry=True)["stages run"] == "by dvc repro"
    assert not (folder / "end").exists()


def test_its_failure_is_ours(folder: Path) -> None:
    with pytest.raises(VqaxError, match="dvc repro stopped with the error printed above"):
        run(("nothing",))


def test_one_may_try_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TRY, "1")
    assert run(())["stages run"] == 2


def test_nothing_of_dvc_is_replaced() -> None:
    """No attribute of its modules and classes is assigned to, and dvc.lock is no text of ours."""
    import re

    replaced = re.compile(r"dvc\.[a-z_.]+\s*=|Output\._build|dump_stages")
    for package in ("cli", "stages", "vqax"):
        for path in (ROOT / package).rglob("*.py"):
            lines = path.read_text(encoding="utf-8").splitlines()
            assert not [line for line in lines if replaced.search(line)], path
