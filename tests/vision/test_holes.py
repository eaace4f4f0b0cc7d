import io

import h5py
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vqax.vision.holes import HoleyFile

PIECES = st.lists(st.tuples(st.integers(0, 40), st.binary(min_size=1, max_size=20)), max_size=6)


@given(pieces=PIECES, start=st.integers(0, 60), length=st.integers(0, 30))
def test_it_reads_like_a_file_in_memory(pieces, start, length) -> None:
    holey, plain = HoleyFile(), io.BytesIO()
    for offset, piece in pieces:
        for file in (holey, plain):
            file.seek(offset)
            file.write(piece)
    size = plain.seek(0, io.SEEK_END)
    assert holey.seek(0, io.SEEK_END) == holey.tell() == size
    holey.seek(start)
    expected = plain.getvalue()[start : start + length]
    assert holey.read(length) == expected.ljust(length, b"\0")


def test_what_was_not_written_takes_no_room(tmp_path) -> None:
    holey, path = HoleyFile(), tmp_path / "f.h5"
    early = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    early.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    early.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    with h5py.File(holey, "w") as file:
        file.create_dataset("large", (1 << 33,), "u1", dcpl=early)
        file["small"] = np.arange(5)
    holey.save(path)
    assert path.stat().st_size > 1 << 33
    assert path.stat().st_blocks * 512 < 1 << 20
    with h5py.File(path) as file:
        assert file["small"][:].tolist() == [0, 1, 2, 3, 4]
        assert file["large"][-3:].tolist() == [0, 0, 0]


def test_it_can_be_cut() -> None:
    holey = HoleyFile()
    holey.write(b"abcdef")
    assert holey.truncate(3) == 3 == holey.seek(0, io.SEEK_END)
