from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from vqax.data.map_files import read_named_maps
from vqax.errors import BadData, MissingArtefact, UsageError

VALUES = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40


def read(source: Path) -> dict[str, np.ndarray]:
    return {named.name: named.maps for named in read_named_maps(source)}


def write_png(path: Path) -> None:
    Image.fromarray(VALUES).save(path)


def write_colour_png_without_colour(path: Path) -> None:
    Image.fromarray(np.repeat(VALUES[..., None], 3, axis=2)).save(path)


def write_deep_png(path: Path) -> None:
    Image.fromarray(VALUES.astype(np.uint16) * 257).save(path)


def write_float_tiff(path: Path) -> None:
    Image.fromarray(VALUES.astype(np.float32) / 255).save(path)


def write_npy(path: Path) -> None:
    np.save(path, VALUES / 255)


def write_npz(path: Path) -> None:
    np.savez(path, VALUES / 255)


def write_h5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["any"] = VALUES / 255


WRITERS = {
    "grey.png": write_png,
    "rgb.png": write_colour_png_without_colour,
    "deep.png": write_deep_png,
    "float.tiff": write_float_tiff,
    "array.npy": write_npy,
    "archive.npz": write_npz,
    "hdf.h5": write_h5,
}


def test_a_folder_may_hold_every_kind_of_file(tmp_path):
    for name, write in WRITERS.items():
        write(tmp_path / name)
    (tmp_path / "README.txt").write_text("not a map")
    found = read(tmp_path)
    assert sorted(found) == sorted(Path(name).stem for name in WRITERS)
    for name, maps in found.items():
        assert maps.dtype == np.float32
        scale = {"grey": 1, "rgb": 1, "deep": 257}.get(name, 1 / 255)
        np.testing.assert_allclose(maps, VALUES[None].astype(float) * scale, rtol=1e-6)


def test_several_people_in_one_file(tmp_path):
    both = np.stack([VALUES, VALUES[::-1]]) / 255
    np.save(tmp_path / "1.npy", both)
    np.savez(tmp_path / "2.npz", both)
    np.savez(tmp_path / "3.npz", a=both[0], b=both[1])
    for maps in read(tmp_path).values():
        np.testing.assert_allclose(maps, both, rtol=1e-6)


def test_a_file_by_itself_holds_a_map_for_each_key(tmp_path):
    np.savez(tmp_path / "all.npz", **{"7": VALUES, "8": VALUES.T})
    with h5py.File(tmp_path / "all.h5", "w") as file:
        file["7"], file["8"] = VALUES, VALUES.T
    for name in ("all.npz", "all.h5"):
        found = read(tmp_path / name)
        assert {key: maps.shape for key, maps in found.items()} == {"7": (1, 2, 3), "8": (1, 3, 2)}


def test_the_files_that_explain_writes_are_read_row_by_row(tmp_path):
    maps = np.random.default_rng(0).random((3, 2, 3)).astype(np.float32)
    with h5py.File(tmp_path / "grad_cam.h5", "w") as file:
        file["question_ids"], file["maps"] = [11, 12, 11], maps
    for source in (tmp_path, tmp_path / "grad_cam.h5"):
        found = list(read_named_maps(source))
        assert [named.name for named in found] == ["11", "12", "11"]
        np.testing.assert_array_equal(np.concatenate([named.maps for named in found]), maps)


def write_colours(path: Path) -> None:
    Image.new("RGB", (3, 2), (200, 10, 10)).save(path)


def write_objects(path: Path) -> None:
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)


def write_one_axis(path: Path) -> None:
    np.save(path, np.arange(4.0))


def write_infinite(path: Path) -> None:
    np.save(path, np.array([[1, np.inf]]))


def write_text(path: Path) -> None:
    np.save(path, np.array([["a", "b"]]))


def write_cut(path: Path) -> None:
    write_npz(path)
    path.write_bytes(path.read_bytes()[:-40])


def write_two_sizes(path: Path) -> None:
    np.savez(path, VALUES, VALUES.T)


def write_ids_of_other_length(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["question_ids"], file["maps"] = [1, 2], np.zeros((3, 2, 3))


@pytest.mark.parametrize(
    ("name", "write", "words"),
    [
        ("1.png", write_colours, "in colour.*greyscale"),
        ("1.npy", write_objects, "not a readable array file.*Python objects"),
        ("1.npy", write_one_axis, "is 4; a map is height x width"),
        ("1.npy", write_infinite, "infinite values"),
        ("1.npy", write_text, "not real numbers"),
        ("1.npz", write_cut, "not a readable array file"),
        ("1.npz", write_two_sizes, "several shapes"),
        ("1.h5", write_ids_of_other_length, "do not go together"),
        ("1.h5", lambda path: path.write_bytes(b"no"), "not a whole HDF5"),
        ("1.png", lambda path: path.write_bytes(b"no"), "not a readable image"),
        ("1.txt", lambda path: path.write_text("1"), "holds no map.*png"),
    ],
)
def test_what_is_no_map_is_refused_by_its_file(tmp_path, name, write, words):
    write(tmp_path / name)
    with pytest.raises(BadData, match=words) as caught:
        read(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_a_source_that_is_not_there_or_of_another_kind(tmp_path):
    with pytest.raises(MissingArtefact, match=r"nowhere: no such file or folder"):
        read(tmp_path / "nowhere")
    (tmp_path / "maps.txt").write_text("1")
    with pytest.raises(UsageError, match=r"maps\.txt: is no folder"):
        read(tmp_path / "maps.txt")
