import numpy as np
import pytest
import torch
from PIL import Image

from vqax.vision import preprocess


def test_whole_picture_is_kept_and_squeezed():
    wide = np.zeros((12, 36, 3), dtype=np.uint8)
    wide[:, :18, 0] = 255
    wide[:, 18:, 2] = 255
    square = preprocess(Image.fromarray(wide), 12)
    assert square.shape == (3, 12, 12)
    assert square.dtype == torch.uint8
    assert square[0, :, :5].eq(255).all()
    assert square[0, :, 7:].eq(0).all()
    assert square[2, :, 7:].eq(255).all()


def test_shrinking_averages_instead_of_picking_pixels():
    checkerboard = (np.indices((64, 48)).sum(0) % 2 * 255).astype(np.uint8)
    square = preprocess(Image.fromarray(checkerboard), 8)
    assert (square.float() - 127.5).abs().max() < 4


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1", "CMYK"])
def test_any_mode_becomes_rgb(mode):
    image = Image.new("RGB", (10, 6), (255, 255, 255)).convert(mode)
    assert preprocess(image, 8).eq(255).all()


def test_same_size_changes_no_pixel():
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    assert np.array_equal(preprocess(Image.fromarray(pixels), 8).permute(1, 2, 0), pixels)
