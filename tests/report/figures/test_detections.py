import numpy as np
import pytest
from PIL import Image

from tests.report.figures import frames
from vqax.errors import BadData
from vqax.report.figures.detections import draw_detections

GREY = Image.new("RGB", (40, 30), (128, 128, 128))


def drawn(figure):
    (image,) = [image for axes in figure.axes for image in axes.images]
    return np.asarray(image.get_array())


def colours(pixels):
    return {tuple(int(v) for v in one) for one in np.unique(pixels.reshape(-1, 3), axis=0)}


def test_right_boxes_are_blue_wrong_ones_orange_missed_ones_thin_and_white():
    frame = frames.detections()
    blue, orange, white = (0, 0x72, 0xB2), (0xD5, 0x5E, 0), (255, 255, 255)
    for row, colour in zip(range(3), (blue, orange, white), strict=True):
        pixels = drawn(draw_detections(frame.iloc[[row]], {7: GREY}))
        assert colour in colours(pixels)
        assert not {blue, orange} - {colour} & colours(pixels)
        # the corner of the box, in an image enlarged from 40 to 480 px
        x1, y2 = frame.iloc[row][["x1", "y2"]].astype(float)
        assert tuple(pixels[round(y2 * 12), round(x1 * 12)].tolist()) == colour


def test_what_was_missed_is_named():
    figure = draw_detections(frames.detections(), {7: GREY})
    assert "missed: star" in frames.texts(figure)
    found = draw_detections(frames.detections().iloc[:2], {7: GREY})
    assert "nothing missed" in frames.texts(found)


def test_a_picture_that_is_absent():
    with pytest.raises(BadData, match="no image for image_id 7"):
        draw_detections(frames.detections(), {})
