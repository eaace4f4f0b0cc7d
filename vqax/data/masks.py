"""Instance masks as COCO run-length encoding (columns first), through pycocotools."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool
from pycocotools import mask as coco_mask

Rle = dict[str, Any]

LONGEST_RUN_BITS = 60


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
    """COCO's ``segmentation``, polygons in pixels or either kind of encoding, as one mask.

    Raises:
        ValueError: it is neither, or not of an image of that size. pycocotools checks nothing
            and reads beyond what it is given.
    """
    if isinstance(segmentation, list):
        _check_polygons(segmentation, height, width)
        parts = coco_mask.frPyObjects(segmentation, height, width)
        return _as_text(coco_mask.merge(parts))
    _check_rle(segmentation, height, width)
    return _as_text(_packed(segmentation))


def _check_polygons(polygons: list[Any], height: int, width: int) -> None:
    """Corners may lie beyond the edge, as tools draw them, but no further than a whole image."""
    reach = 2 * max(height, width)
    for polygon in polygons:
        if not isinstance(polygon, list) or len(polygon) < 6 or len(polygon) % 2:
            raise ValueError(f"{polygon!r:.40} in it, which is no polygon of three or more corners")
        if not all(type(side) in (int, float) and -reach <= side <= reach for side in polygon):
            raise ValueError(
                f"a corner that is no number or far outside of its {width}x{height} px"
            )


def _check_rle(rle: Any, height: int, width: int) -> None:
    if not isinstance(rle, dict) or not {"size", "counts"} <= rle.keys():
        raise ValueError(f"{rle!r:.40}, neither polygons nor size and counts")
    if rle["size"] != [height, width] or any(type(side) is not int for side in rle["size"]):
        raise ValueError(f"size {rle['size']!r:.40}, but its image has [{height}, {width}]")
    counts = rle["counts"]
    runs = _runs(counts) if isinstance(counts, str) else counts
    if not isinstance(runs, list) or not all(type(run) is int and run >= 0 for run in runs):
        raise ValueError(f"counts {counts!r:.40}, which are no lengths of runs")
    if sum(runs) != height * width:
        raise ValueError(f"runs of {sum(runs)} pixels, but its image has {height * width}")


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
    """Five bits a character, low ones first; from the fourth run on the change since two before.

    Raises:
        ValueError: a character is none of the code, or the last run is cut.
    """
    runs: list[int] = []
    value = shift = 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64 or shift > LONGEST_RUN_BITS:
            raise ValueError(f"counts {text!r:.40}, which are no runs")
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    if shift:
        raise ValueError(f"counts {text!r:.40}, whose last run is cut")
    return runs
