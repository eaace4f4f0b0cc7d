import os
from pathlib import Path

import pandas as pd
import pytest

from vqax.errors import BadData, MissingArtefact
from vqax.files import atomic_path, read_json, read_parquet, write_json, write_parquet

TABLE = pd.DataFrame({"question_id": [1, 2], "answer": ["yes", "no"]})


def full_disk(path: Path) -> None:
    """Every write to the temporary file of ``path`` fails for want of space."""
    device = Path("/dev/full")
    if not device.exists():
        pytest.skip("this system has no /dev/full")
    path.with_name(f".{path.name}.{os.getpid()}.tmp").symlink_to(device)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_json(tmp_path / "deep" / "a.json", {"π": [1, None]})
    assert read_json(tmp_path / "deep" / "a.json") == {"π": [1, None]}
    write_parquet(tmp_path / "a.parquet", TABLE)
    pd.testing.assert_frame_equal(read_parquet(tmp_path / "a.parquet"), TABLE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.parquet", "deep"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, 1)

    def fail() -> None:
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert read_json(path) == 1
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("write", [write_json, write_parquet])
def test_a_full_disk(tmp_path: Path, write) -> None:
    path = tmp_path / "a"
    full_disk(path)
    with pytest.raises(BadData, match=r"/a: the disk is full; free some space"):
        write(path, {"a": 1} if write is write_json else TABLE)
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "folder").touch()
    with pytest.raises(BadData, match=r"folder/a\.json: cannot be written .*; make the folder"):
        write_json(tmp_path / "folder" / "a.json", 1)


@pytest.mark.parametrize(("read", "content"), [(read_json, b'{"a": '), (read_parquet, b"PAR1")])
def test_a_cut_file_and_none(tmp_path: Path, read, content: bytes) -> None:
    path = tmp_path / "a"
    with pytest.raises(MissingArtefact, match=r"/a: no such file"):
        read(path)
    path.write_bytes(content)
    with pytest.raises(BadData, match=r"/a: not "):
        read(path)
