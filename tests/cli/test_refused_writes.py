"""A folder that cannot be written or is full: one sentence, and nothing that looks whole."""

import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.commands import assert_refused, files, start, vqax
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
    (("report",), Path("data/reports/headline")),
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


@pytest.mark.parametrize(("command", "folder"), OUTPUTS, ids=str)
def test_a_file_stands_where_the_folder_should_be(command: tuple[str, ...], folder: Path) -> None:
    """As a folder without the right to write; that right would not stop root, a file does."""
    shutil.rmtree(folder)
    folder.touch()
    before = files(Path())
    assert_refused(vqax(*command), 3, str(folder), "writable")
    shutil.rmtree("data/checkpoints")  # what --resume goes on from
    assert files(Path()) == before


@pytest.mark.parametrize(
    ("command", "folder"),
    [(*item,) for item in OUTPUTS if item[0][0] not in ("features", "train")],
    ids=str,
)
def test_the_disk_is_full(command: tuple[str, ...], folder: Path) -> None:
    shutil.rmtree(folder)
    with full_disk(left=400):
        result = vqax(*command)
    assert_refused(result, 3, str(folder), "cannot be written", "File too large")
    assert all(path.stat().st_size < 400 for path in folder.rglob("*") if path.is_file())


def test_the_disk_is_full_in_training() -> None:
    shutil.rmtree("data/runs")
    with full_disk(left=400):
        result = vqax("train", "mcb")
    assert_refused(result, 3, "data/checkpoints/mcb-", "File too large")
    assert not Path("data/runs").exists()
    assert vqax("train", "mcb", "--resume").exit_code == 0


def test_the_disk_is_full_in_feature_extraction(workspace: Path) -> None:
    """In a process of its own: HDF5 complains to stderr before our sentence comes."""
    shutil.rmtree("data/features")
    process = start(["features", "extract", DATASET], workspace)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (400, 400))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 3
    assert f"error: data/features/{DATASET}.h5: cannot be written" in errors
    assert files(Path("data/features")) == {}


def test_a_contact_sheet_is_a_png(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.xyz"
    assert_refused(vqax("data", "contact-sheet", "scenes_v1", sheet), 2, str(sheet), "sheet.png")
    assert not sheet.exists()
