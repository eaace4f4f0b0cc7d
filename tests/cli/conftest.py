import shutil
from pathlib import Path

import pytest

from tests.stages import tiny


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace after every stage, for reading only."""
    return tiny.build(tmp_path_factory.getbasetemp() / "finished")


@pytest.fixture
def workspace(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of a finished workspace to break, and the current folder."""
    folder = tmp_path / "workspace"
    shutil.copytree(finished, folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def studies(
    finished: Path, tmp_path_factory: pytest.TempPathFactory, tmp_path, monkeypatch
) -> Path:
    """A copy of a workspace with both studies to change, and the current folder."""
    whole = tiny.build_study(tmp_path_factory.getbasetemp() / "whole", finished)
    folder = tmp_path / "studies"
    shutil.copytree(whole, folder)
    monkeypatch.chdir(folder)
    return folder
