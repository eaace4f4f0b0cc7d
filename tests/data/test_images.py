"""Images are decoded whole or refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vqax.data.images import as_rgb, load_rgb, load_upright, size_px
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
        f"{tmp_path / 'a.jpg'}: no such image; fetch it or name another one"
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
    assert str(caught.value).startswith(f"{path}: not a readable image (")
    assert str(caught.value).endswith("the file is cut or damaged, fetch it again")


READERS = pytest.mark.parametrize("read", [load_rgb, load_upright])
RAMP = np.linspace(0, 65535, 35).astype(np.uint16).reshape(5, 7)


@READERS
def test_sixteen_bits_are_scaled(read, tmp_path: Path) -> None:
    """Clipped instead, every value above 255 would be white: five images, one feature."""
    Image.fromarray(RAMP).save(tmp_path / "deep.png")
    found = np.asarray(read(tmp_path / "deep.png"))
    np.testing.assert_array_equal(found, np.rint(RAMP / 257.0)[..., None].repeat(3, axis=2))
    dark = Image.fromarray(np.full((5, 7), 200, dtype=np.uint16))
    assert (np.asarray(as_rgb(dark)) == 1).all()  # 200 of 65535, whatever the darkest neighbour


@pytest.mark.parametrize(("high", "white"), [(255, 255), (256, 65535), (65535, 65535)])
def test_values_of_32_bits_that_are_8_or_16(high: int, white: int, tmp_path: Path) -> None:
    values = np.array([[0, 100, high]], dtype=np.int32)
    Image.fromarray(values).save(tmp_path / "a.tiff")
    found = np.asarray(load_rgb(tmp_path / "a.tiff"))[..., 0]
    np.testing.assert_array_equal(found, np.rint(values * 255 / white))


@READERS
@pytest.mark.parametrize(
    ("values", "why"),
    [
        (np.linspace(0, 1, 6, dtype=np.float32).reshape(2, 3), "floating-point.*save it with 8"),
        (np.array([[0, 65536]], dtype=np.int32), "go from 0 to 65536, more than 16 bits"),
        (np.array([[-1, 7]], dtype=np.int32), "go from -1 to 7"),
    ],
)
def test_values_without_a_known_range(read, values: np.ndarray, why: str, tmp_path: Path) -> None:
    Image.fromarray(values).save(tmp_path / "a.tiff")
    with pytest.raises(BadData, match=rf"a\.tiff: .*{why}"):
        read(tmp_path / "a.tiff")


@READERS
@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white(read, mode: str, tmp_path: Path) -> None:
    """The colour under it belongs to no image that anybody sees."""
    layer = np.zeros((2, 3, 4), dtype=np.uint8)
    layer[..., 3] = [[255, 0, 255]] * 2
    layer[:, 1, :3] = 90 if mode == "LA" else (255, 0, 0)
    image = Image.fromarray(layer)
    options = {}
    if mode == "P":
        image = Image.fromarray(layer[..., :3]).quantize(2)
        options["transparency"] = int(np.asarray(image)[0, 1])
    else:
        image = image.convert(mode)
    image.save(tmp_path / "a.png", **options)
    expected = np.array([[0, 255, 0]] * 2, dtype=np.uint8)[..., None].repeat(3, axis=2)
    np.testing.assert_array_equal(np.asarray(read(tmp_path / "a.png")), expected)


@READERS
def test_an_image_too_large_is_refused(read, tmp_path: Path, monkeypatch) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "large.png")
    for limit in (30, 15):  # 35 pixels: above the limit Pillow warns, above twice it it refuses
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(BadData, match=r"large\.png: too many pixels.*scale it down"):
            read(tmp_path / "large.png")


def test_the_size_is_read_without_the_pixels(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(PIXELS).save(path)
    path.write_bytes(path.read_bytes()[:60])
    assert size_px(path) == (5, 7)
    path.write_bytes(b"no image")
    with pytest.raises(BadData, match="not a readable image"):
        size_px(path)
    with pytest.raises(MissingArtefact):
        size_px(tmp_path / "none.png")


def test_an_image_in_memory_is_read_as_a_file(tmp_path: Path) -> None:
    from vqax.vision.resize import preprocess

    Image.fromarray(RAMP).save(tmp_path / "deep.png")
    own, stored = (
        preprocess(Image.fromarray(RAMP), 8),
        preprocess(load_rgb(tmp_path / "deep.png"), 8),
    )
    assert own.equal(stored)
    assert 100 < own.float().mean() < 155


def test_the_images_of_the_case(shared: Path) -> None:
    folder = shared / "cases" / "02_pictures_16_bit_white"
    assert abs(np.asarray(load_rgb(folder / "ramp16.png")).mean() - 127) < 2
    for name in ("ramp16.png", "hidden_red.png"):
        pair = [np.asarray(read(folder / name)) for read in (load_rgb, load_upright)]
        np.testing.assert_array_equal(*pair)


def test_a_real_photograph(shared: Path) -> None:
    folder = shared / "data" / "coco_vqa_v2_mini" / "images" / "train2014"
    assert load_rgb(folder / "COCO_train2014_000000000025.jpg").size == (640, 426)
