"""Run-length encoded masks against a literal count of runs."""

import json

import numpy as np
from hypothesis import given
from hypothesis.extra import numpy as hnp

from vqax.data.masks import decode_mask, encode_mask, mask_area, segmentation_rle

MASKS = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6))


def runs(mask: np.ndarray) -> list[int]:
    """Lengths of alternating runs, zeros first, columns first, as COCO defines them."""
    counts, value, length = [], False, 0
    for column in mask.T.tolist():
        for pixel in column:
            if pixel != value:
                counts.append(length)
                value, length = pixel, 0
            length += 1
    return [*counts, length]


@given(mask=MASKS)
def test_masks_survive_json(mask: np.ndarray) -> None:
    rle = json.loads(json.dumps(encode_mask(mask)))
    assert rle["size"] == list(mask.shape)
    assert np.array_equal(decode_mask(rle), mask)
    assert mask_area(rle) == mask.sum()


@given(mask=MASKS)
def test_uncompressed_runs_are_read(mask: np.ndarray) -> None:
    rle = {"size": list(mask.shape), "counts": runs(mask)}
    assert np.array_equal(decode_mask(rle), mask)
    assert segmentation_rle(rle, *mask.shape) == encode_mask(mask)


def test_a_polygon_becomes_a_mask() -> None:
    square = [[1.0, 1.0, 4.0, 1.0, 4.0, 3.0, 1.0, 3.0]]
    mask = decode_mask(segmentation_rle(square, 5, 6))
    assert mask.shape == (5, 6)
    assert np.argwhere(mask).tolist() == [[y, x] for y in (1, 2) for x in (1, 2, 3)]
