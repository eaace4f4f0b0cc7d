"""Instance masks as COCO run-length encoding (columns first), through pycocotools."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool
from pycocotools import mask as coco_mask

Rle = dict[str, Any]


def encode_mask(mask: Bool[np.ndarray, "h w"]) -> Rle:
    """``{"size": [h, w], "counts": text}``, ready for JSON."""
    packed = coco_mask.encode(np.asfortranarray(mask, dtype=np.uint8))
    return _as_text(packed)


def decode_mask(rle: Mapping[str, Any]) -> Bool[np.ndarray, "h w"]:
    """The pixels of a run-length encoding, compressed (text) or not (list of runs).

    Its own few lines because ``pycocotools.mask.decode`` warns with numpy 2.
    """
    height, width = rle["size"]
    counts = rle["counts"]
    runs = counts if isinstance(counts, list) else _runs(counts)
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, runs).reshape(width, height).T


def mask_area(rle: Mapping[str, Any]) -> int:
    """How many pixels the mask covers."""
    return int(coco_mask.area(_packed(rle)))


def segmentation_rle(segmentation: Any, height: int, width: int) -> Rle:
    """COCO's ``segmentation``, polygons in pixels or either kind of encoding, as one mask."""
    if isinstance(segmentation, list):
        parts = coco_mask.frPyObjects(segmentation, height, width)
        return _as_text(coco_mask.merge(parts))
    return _as_text(_packed(segmentation))


def _packed(rle: Mapping[str, Any]) -> Rle:
    height, width = rle["size"]
    if isinstance(rle["counts"], list):
        return dict(coco_mask.frPyObjects(dict(rle), height, width))
    return dict(rle)


def _as_text(rle: Mapping[str, Any]) -> Rle:
    counts = rle["counts"]
    text = counts.decode("ascii") if isinstance(counts, bytes) else counts
    return {"size": [int(side) for side in rle["size"]], "counts": text}


def _runs(text: str) -> list[int]:
    """Five bits a character, low ones first; from the fourth run on the change since two before."""
    runs: list[int] = []
    value = shift = 0
    for character in text:
        bits = ord(character) - 48
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    return runs
