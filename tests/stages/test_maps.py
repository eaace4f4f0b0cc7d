from pathlib import Path

import numpy as np
import pytest

from stages.maps import Maps, read_map, read_maps, write_hdf5
from vqax.errors import BadData, MissingArtefact

IDS = np.array([30, 10, 20])


def stored(folder: Path, methods: tuple[str, ...]) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    maps, given = Maps(IDS, (2, 3)), {}
    for method in methods:
        given[method] = random.normal(size=(3, 2, 3)).astype(np.float32)
        maps.add(method, 0, given[method][:2])
        maps.add(method, 2, given[method][2:])
    maps.write(folder, ["yes", "no", "2"])
    return given


def test_every_map_comes_back_with_its_question(tmp_path: Path) -> None:
    given = stored(tmp_path, ("attention", "grad_cam"))
    found = {method: (ids, maps) for method, ids, maps in read_maps(tmp_path)}
    assert list(found) == ["attention", "grad_cam"]
    for method, (ids, maps) in found.items():
        assert ids.tolist() == IDS.tolist()
        np.testing.assert_array_equal(maps, given[method])


@pytest.mark.parametrize(
    ("methods", "chosen"),
    [(("grad_cam", "attention"), "attention"), (("grad_cam",), "grad_cam")],
)
def test_the_map_a_reader_is_shown(tmp_path: Path, methods: tuple[str, ...], chosen: str) -> None:
    given = stored(tmp_path, methods)
    method, found = read_map(tmp_path, 10)
    assert method == chosen
    np.testing.assert_array_equal(found, given[chosen][1])


def test_a_run_without_any_map(tmp_path: Path) -> None:
    stored(tmp_path, ())
    assert list(read_maps(tmp_path)) == []
    assert read_map(tmp_path, 10) == ("none", None)


def test_maps_that_are_left_of_an_earlier_run_are_not_read(tmp_path: Path) -> None:
    stored(tmp_path, ("attention", "grad_cam"))
    stored(tmp_path, ("grad_cam",))
    assert (tmp_path / "attention.h5").exists()
    assert [method for method, _, _ in read_maps(tmp_path)] == ["grad_cam"]


def test_a_file_that_is_cut_or_gone(tmp_path: Path) -> None:
    stored(tmp_path, ("attention",))
    path = tmp_path / "attention.h5"
    path.write_bytes(path.read_bytes()[:600])
    with pytest.raises(BadData, match=r"attention\.h5: not a whole HDF5 file"):
        list(read_maps(tmp_path))
    write_hdf5(path, other=np.zeros(3))
    with pytest.raises(BadData, match=r"attention\.h5: not a whole file of maps \(.*'maps'"):
        read_map(tmp_path, 10)
    path.unlink()
    with pytest.raises(MissingArtefact, match=r"attention\.h5: no such file"):
        list(read_maps(tmp_path))


def test_the_same_maps_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_hdf5(tmp_path / name, maps=np.arange(6.0), question_ids=IDS)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
