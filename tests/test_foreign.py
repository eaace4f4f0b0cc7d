"""Whatever a parser raises becomes one sentence; nothing unpacks without end."""

import gzip
import struct
import zlib
from pathlib import Path

import pytest

from vqax.data.json_list import read_any_json
from vqax.errors import BadData, MissingArtefact, UsageError
from vqax.files import read_json, read_parquet
from vqax.foreign import LONGEST, gunzip, reading

PATH = Path("folder/file.bin")
RAISED = [
    *(RuntimeError("r"), IndexError("i"), KeyError("k"), ValueError("v"), TypeError("t")),
    *(RecursionError("deep"), MemoryError(), OverflowError("o"), SyntaxError("s"), EOFError()),
    *(struct.error("b"), zlib.error("z"), AssertionError(), OSError("no number"), StopIteration()),
]


@pytest.mark.parametrize("raised", RAISED, ids=lambda error: type(error).__name__)
def test_whatever_is_raised_becomes_a_sentence(raised: Exception) -> None:
    with (
        pytest.raises(BadData, match=r"^folder/file\.bin: row 3 is not a map \(.+\); mend it$"),
        reading(PATH, "a map", "mend it", entry="row 3"),
    ):
        raise raised


@pytest.mark.parametrize("raised", [KeyboardInterrupt(), SystemExit(3), UsageError("ours")])
def test_what_is_no_fault_of_the_file_passes(raised: BaseException) -> None:
    with pytest.raises(type(raised)) as caught, reading(PATH, "a map", "mend it"):
        raise raised
    assert caught.value is raised


def test_absent_files_and_folders_have_a_remedy_of_their_own(tmp_path: Path) -> None:
    missing = tmp_path / "none"
    with (
        pytest.raises(MissingArtefact, match="no such file; draw it"),
        reading(missing, "a map", "mend it", absent="no such file; draw it"),
    ):
        missing.read_bytes()
    with (
        pytest.raises(BadData, match=r"cannot be read \(Is a directory\); name another path"),
        reading(tmp_path, "a map", "mend it"),
    ):
        tmp_path.read_bytes()


def test_messages_are_bounded_and_one_line() -> None:
    words = "line\n\x1b[31m " + "x" * 9999
    with pytest.raises(BadData) as caught, reading(PATH, "a map", "mend it"):
        raise ValueError(words)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < LONGEST + 60


def test_the_class_of_the_error_can_be_chosen() -> None:
    with (
        pytest.raises(UsageError, match="not YAML"),
        reading(PATH, "YAML", "mend it", error_class=UsageError),
    ):
        raise ValueError("v")


@pytest.mark.parametrize("content", [b"", b"once", b"x" * 9999])
def test_gunzip_agrees_with_the_standard_library(content: bytes) -> None:
    packed = gzip.compress(content[:7]) + gzip.compress(content[7:]) + b"\0\0"
    assert gunzip(packed) == gzip.decompress(packed) == content


def test_gunzip_notices_cuts_and_flipped_bits() -> None:
    packed = gzip.compress(bytes(range(256)) * 9)
    for length in range(1, len(packed)):
        with pytest.raises((EOFError, zlib.error)):
            gunzip(packed[:length])
    with pytest.raises(zlib.error):
        gunzip(packed[:-6] + bytes([packed[-6] ^ 1]) + packed[-5:])


def test_json_that_unpacks_without_end(tmp_path: Path) -> None:
    path = tmp_path / "bomb.json.gz"
    path.write_bytes(gzip.compress(b"[" + b" " * (100 << 20), compresslevel=1))
    with pytest.raises(BadData, match=r"bomb\.json\.gz: not a whole JSON file .*more than 64 MB"):
        read_any_json(path)


@pytest.mark.parametrize("read", [read_json, read_any_json])
@pytest.mark.parametrize("content", ["[" * 5000 + "]" * 5000, "[" * 200_000, "9" * 5000])
def test_json_beyond_the_limits_of_the_parser(tmp_path: Path, read, content: str) -> None:
    path = tmp_path / "odd.json"
    path.write_text(content)
    with pytest.raises(BadData, match=r"odd\.json: not .*JSON.*\(.+\); .*write it again"):
        read(path)


def test_parquet_whose_metadata_are_damaged(tmp_path: Path) -> None:
    path = tmp_path / "odd.parquet"
    path.write_bytes(b"PAR1" + b"\xff" * 40 + (36).to_bytes(4, "little") + b"PAR1")
    with pytest.raises(BadData, match=r"odd\.parquet: not a readable Parquet file"):
        read_parquet(path)
