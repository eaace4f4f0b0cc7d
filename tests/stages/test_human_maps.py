from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from project.human_maps import human_maps, usable_map
from vqax.errors import BadData


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "image.png"
    Image.new("RGB", (60, 30)).save(path)
    return path


def drawn(folder: Path, height: int, width: int) -> Path:
    path = folder / "1_1.png"
    pixels = np.arange(height * width, dtype=np.uint8).reshape(height, width)
    Image.fromarray(pixels).save(path)
    return path


@pytest.mark.parametrize(("height", "width"), [(30, 60), (15, 30), (7, 14), (100, 201)])
def test_a_map_of_the_shape_of_its_picture(tmp_path, image, height: int, width: int) -> None:
    assert usable_map(drawn(tmp_path, height, width), image).shape == (height, width)


@pytest.mark.parametrize(("height", "width"), [(60, 30), (30, 30), (30, 63)])
def test_a_map_of_another_shape(tmp_path, image, height: int, width: int) -> None:
    with pytest.raises(BadData, match=rf"is {height}x{width} px .*image\.png is 30x60"):
        usable_map(drawn(tmp_path, height, width), image)


def test_maps_of_one_question_in_two_splits(tmp_path: Path) -> None:
    """Kept by question_id alone, those of one split would silently replace the others."""
    for split in ("train2014", "val2014"):
        (tmp_path / "vqa_hat" / split).mkdir(parents=True)
        (tmp_path / "vqa_hat" / split / "7_1.png").write_bytes(b"")

    class Both:
        human_maps_dirs = tuple((tmp_path / "vqa_hat").iterdir())

    with pytest.raises(BadData, match=r"question_id 7 has maps there and in .*must differ"):
        human_maps(Both())
