"""VQA-HAT maps, written and read, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.extra import numpy as hnp
from PIL import Image

from vqax.data.hat import human_map_paths, read_human_map, write_human_map
from vqax.errors import BadData, MissingArtefact

MAP = np.array([[0, 51, 255], [102, 0, 0]], dtype=np.uint8)


def test_a_map_is_read_as_numbers_from_0_to_1(tmp_path: Path) -> None:
    path = write_human_map(tmp_path, 4870250, 1, MAP)
    assert path == tmp_path / "4870250_1.png"
    human = read_human_map(path, (2, 3))
    assert human.dtype == np.float32
    np.testing.assert_allclose(human, [[0, 0.2, 1], [0.4, 0, 0]], rtol=1e-6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(map_uint8=hnp.arrays(np.uint8, (3, 5)).filter(lambda m: m.min() != m.max()))
def test_the_round_trip_is_exact(tmp_path: Path, map_uint8: np.ndarray) -> None:
    human = read_human_map(write_human_map(tmp_path, 1, 1, map_uint8))
    assert np.array_equal(np.round(human * 255).astype(np.uint8), map_uint8)


def test_a_16_bit_map(tmp_path: Path) -> None:
    Image.fromarray(MAP.astype(np.uint16) * 257).save(tmp_path / "1_1.png")
    np.testing.assert_allclose(read_human_map(tmp_path / "1_1.png"), MAP / 255, rtol=1e-6)


def test_a_constant_map(tmp_path: Path) -> None:
    path = write_human_map(tmp_path, 7, 2, np.full((2, 3), 51, dtype=np.uint8))
    with pytest.raises(BadData) as caught:
        read_human_map(path)
    assert str(caught.value) == f"{path}: is constant (0.2); leave this map out"


def test_a_map_of_the_wrong_size(tmp_path: Path) -> None:
    path = write_human_map(tmp_path, 7, 2, MAP)
    with pytest.raises(BadData) as caught:
        read_human_map(path, (3, 2))
    assert str(caught.value) == (
        f"{path}: is 2x3 px (height x width), expected 3x2; "
        "fetch the map of this image or resize it"
    )


def test_a_map_in_colours(tmp_path: Path) -> None:
    path = tmp_path / "7_1.png"
    Image.new("RGB", (3, 2)).save(path)
    with pytest.raises(BadData) as caught:
        read_human_map(path)
    assert str(caught.value) == f"{path}: has mode RGB, not greyscale; save it as 8-bit grey PNG"


def test_a_truncated_map(tmp_path: Path) -> None:
    path = write_human_map(tmp_path, 7, 1, MAP)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(BadData, match=r"7_1\.png: not a readable image .*fetch it again"):
        read_human_map(path)


def test_maps_are_listed_by_question_and_in_the_order_of_k(tmp_path: Path) -> None:
    for question_id, k in ((20, 10), (20, 9), (3, 1)):
        write_human_map(tmp_path, question_id, k, MAP)
    (tmp_path / "readme.txt").write_text("not a map")
    assert human_map_paths(tmp_path) == {
        3: [tmp_path / "3_1.png"],
        20: [tmp_path / "20_9.png", tmp_path / "20_10.png"],
    }


def test_a_png_with_another_name(tmp_path: Path) -> None:
    Image.new("L", (3, 2)).save(tmp_path / "mean.png")
    with pytest.raises(BadData, match=r"mean\.png: is not named question_id_k\.png; rename"):
        human_map_paths(tmp_path)


def test_no_folder_of_maps(tmp_path: Path) -> None:
    with pytest.raises(MissingArtefact, match="no such folder; put the VQA-HAT maps there"):
        human_map_paths(tmp_path / "vqa_hat")


@pytest.mark.parametrize("name", ["7_1.PNG", "7_1.jpg", "7_1.JPEG", "7_1.png"])
def test_maps_of_any_ending(tmp_path: Path, name: str) -> None:
    grey = np.tile(np.arange(8, dtype=np.uint8) * 30, (6, 1))
    Image.fromarray(grey).save(tmp_path / name)
    (path,) = human_map_paths(tmp_path)[7]
    assert read_human_map(path).shape == (6, 8)


@pytest.mark.parametrize("second", ["7_1.PNG", "07_1.png", "7_01.jpg"])
def test_one_map_in_two_files(tmp_path: Path, second: str) -> None:
    for name in ("7_1.png", second):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(BadData, match=r"of question_id 0?7, and so is .*remove one of them"):
        human_map_paths(tmp_path)
