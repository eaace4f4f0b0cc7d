import shutil
from pathlib import Path

import pytest

from tests.stages import pipelines, tiny
from tests.stages.code.copies import would_run


@pytest.fixture(scope="session")
def built(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished workspace with a pipeline and code of its own; nothing to do."""
    folder = tmp_path_factory.mktemp("edits") / "work"
    shutil.copytree(finished, folder)
    pipelines.committed(folder)
    for package in ("stages", "project", "vqax"):
        (folder / package).unlink()
        shutil.copytree(
            tiny.ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    for link in [path for path in (folder / "studies").rglob("*.py") if path.is_symlink()]:
        original = link.resolve()
        link.unlink()
        shutil.copy(original, link)
    assert would_run(folder) == []
    return folder


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Path:
    """A copy to edit."""
    return Path(shutil.copytree(built, tmp_path / "work", symlinks=True))
