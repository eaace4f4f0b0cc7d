"""Pictures are decoded whole or refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vqax.data.pictures import load_rgb
from vqax.errors import BadData, MissingArtefact

PIXELS = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)


def test_an_rgb_picture_keeps_its_pixels(tmp_path: Path) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "a.png")
    loaded = load_rgb(tmp_path / "a.png")
    assert loaded.mode == "RGB"
    assert np.array_equal(np.asarray(loaded), PIXELS)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK"])
def test_other_modes_become_rgb(tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    Image.fromarray(PIXELS).convert(mode).save(path)
    assert load_rgb(path).mode == "RGB"
    assert load_rgb(path).size == (7, 5)


def test_a_picture_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingArtefact) as caught:
        load_rgb(tmp_path / "a.jpg")
    assert str(caught.value) == (
        f"{tmp_path / 'a.jpg'}: no such picture; fetch it or name another one"
    )


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.6])
def test_a_truncated_picture(tmp_path: Path, suffix: str, share: float) -> None:
    path = tmp_path / f"a{suffix}"
    noise = np.random.default_rng(3).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(BadData) as caught:
        load_rgb(path)
    assert str(caught.value).startswith(f"{path}: not a readable picture (")
    assert str(caught.value).endswith("the file is cut or damaged, fetch it again")


def test_a_real_photograph(shared: Path) -> None:
    folder = shared / "data" / "coco_vqa_v2_mini" / "images" / "train2014"
    assert load_rgb(folder / "COCO_train2014_000000000025.jpg").size == (640, 426)
