import errno
import os
import re
import stat
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from vqax.errors import BadData, MissingArtefact
from vqax.files import (
    atomic_path,
    leftovers,
    read_json,
    read_parquet,
    temporary_path,
    write_json,
    write_parquet,
)

TABLE = pd.DataFrame({"question_id": [1, 2], "answer": ["yes", "no"]})


def full_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every write to the temporary file of ``path`` fails for want of space."""
    device = Path("/dev/full")
    if not device.exists():
        pytest.skip("this system has no /dev/full")
    monkeypatch.setattr("vqax.files.secrets.token_hex", lambda _: "0" * 16)
    path.with_name(f".{path.name}.{'0' * 16}.tmp").symlink_to(device)


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


def test_bytes_are_flushed_before_the_rename_and_the_folder_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, flushed = tmp_path / "a.json", []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        flushed.append((kind, path.exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    write_json(path, 1)
    assert flushed == [("file", False), ("folder", True)]


def test_a_disk_that_refuses_the_flush_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    write_json(path, 1)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadData, match=r"a\.json: the disk is full"):
        write_json(path, 2)
    assert read_json(path) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_names_of_temporaries_are_never_the_same_and_do_not_follow_from_the_process(
    tmp_path: Path,
) -> None:
    path = tmp_path / ("long" * 60)
    names = {temporary_path(path).name for _ in range(100)}
    assert len(names) == 100
    assert all(re.fullmatch(r"\.(long){8}\.[0-9a-f]{16}\.tmp", name) for name in names)
    write_json(path, 1)
    assert leftovers(path) == []
    beside = temporary_path(path)
    beside.touch()
    (tmp_path / ".short.tmp").touch()
    assert leftovers(path) == [beside]
    assert leftovers(tmp_path / "absent" / "a") == []


def test_a_file_has_the_mode_that_the_system_gives_new_files(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", 1)
    (tmp_path / "b.json").touch()
    assert (tmp_path / "a.json").stat().st_mode == (tmp_path / "b.json").stat().st_mode


@pytest.mark.parametrize("write", [write_json, write_parquet])
def test_a_full_disk(tmp_path: Path, write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    full_disk(path, monkeypatch)
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


def test_a_text_of_a_table_that_is_no_utf_8_is_refused_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    texts = pa.array([b"pri\xffted"]).view(pa.string())
    pq.write_table(pa.table({"note": texts}), path)
    with pytest.raises(BadData, match=r"table\.parquet: not a readable Parquet file .*UTF8"):
        read_parquet(path)
