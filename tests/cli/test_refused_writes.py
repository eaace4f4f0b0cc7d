"""A folder that cannot be written or is full: one sentence, and nothing that looks whole."""

import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.commands import assert_refused, files, vqax
from tests.stages.tiny import DATASET

pytestmark = pytest.mark.usefixtures("workspace")
OUTPUTS = [
    (("data", "scenes", DATASET), Path("data/scenes")),
    (("data", "prepare", DATASET), Path("data/datasets")),
    (("features", "extract", DATASET), Path("data/features")),
    (("train", "mcb"), Path("data/runs")),
    (("explain", "mcb"), Path("data/explanations")),
    (("score", "mcb"), Path("data/scores")),
    (("compare",), Path("results")),
    (("report",), Path("data/report")),
]


@contextmanager
def full_disk(left: int) -> Iterator[None]:
    """No file can grow beyond ``left`` bytes: the write fails as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (left, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(("command", "folder"), OUTPUTS, ids=lambda value: str(value))
def test_a_file_stands_where_the_folder_should_be(command: tuple[str, ...], folder: Path) -> None:
    """As a folder without the right to write; that right would not stop root, a file does."""
    inputs = {Path("data/scores"): "data/explanations", Path("results"): "data/scores"}
    assert Path(inputs.get(folder, "data")).exists()
    shutil.rmtree(folder)
    folder.touch()
    before = files(Path())
    assert_refused(vqax(*command), 3, str(folder), "writable")
    assert files(Path()) == before


@pytest.mark.parametrize(("command", "folder"), OUTPUTS[1:], ids=lambda value: str(value))
def test_the_disk_is_full(command: tuple[str, ...], folder: Path) -> None:
    shutil.rmtree(folder)
    with full_disk(left=400):
        result = vqax(*command)
    assert_refused(result, 3, str(folder), "cannot be written", "File too large")
    left = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size >= 400]
    assert left == []
