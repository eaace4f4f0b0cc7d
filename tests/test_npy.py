"""Arrays of plain numbers; a claim beyond the bytes that are there is refused before it is read."""

import io
import zipfile

import numpy as np
import pytest

from vqax.npy import read_arrays

MAPS = {"a": np.arange(6.0).reshape(2, 3), "b": np.array(7)}


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def npz(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return stream.getvalue()


def test_both_kinds_are_read_as_numpy_reads_them() -> None:
    for save in (np.savez, np.savez_compressed):
        stream = io.BytesIO()
        save(stream, **MAPS)
        arrays = read_arrays(stream.getvalue())
        assert arrays.keys() == MAPS.keys()
        assert all(np.array_equal(arrays[name], MAPS[name]) for name in MAPS)
        assert read_arrays(stream.getvalue(), ["b"]).keys() == {"b"}
    fortran = np.asfortranarray(MAPS["a"])
    assert np.array_equal(read_arrays(npy(fortran))["array"], fortran)


def claiming(shape: str) -> bytes:
    """The file of six numbers whose header says another shape in as many characters."""
    return npy(MAPS["a"]).replace(b"'shape': (2, 3), }           ", shape.encode().ljust(29))


@pytest.mark.parametrize("shape", ["'shape': (3000000000, 3), }", "'shape': (-2, 3), }"])
def test_a_claim_that_the_file_cannot_keep(shape: str) -> None:
    assert claiming(shape) != npy(MAPS["a"])
    for content in (claiming(shape), npz(a=claiming(shape))):
        with pytest.raises(ValueError, match=r"an array of shape .* claims"):
            read_arrays(content)


def test_an_archive_that_unpacks_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vqax.npy.MOST_BYTES", 1000)
    with pytest.raises(ValueError, match=r"a\.npy claims 8,128 bytes, more than 1,000"):
        read_arrays(npz(a=npy(np.zeros(1000))))


def test_python_objects_and_absent_names_are_refused() -> None:
    with pytest.raises(ValueError, match="Object arrays cannot be loaded"):
        read_arrays(npy(np.array([{}])))
    with pytest.raises(KeyError, match="There is no item named 'c"):
        read_arrays(npz(a=npy(MAPS["a"])), ["c"])
