"""Does a map lie on the object? Dice, IoU, and distances that forgive a shift.

EDL section 4, equations 7 and 8, for thousands of images at once. The paper says neither how a
map nor how an object becomes a set of pixels: rules and thresholds are arguments here.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64, Real

from vqax.errors import UsageError
from vqax.metrics.emd import spatial_emd
from vqax.metrics.resize import resize_area
from vqax.metrics.ties import rounding
from vqax.models.options import option

THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(20))  # 0, .05 … .95
Maps = Real[np.ndarray, "n y x"]
Masks = Bool[np.ndarray, "n2 y2 x2"]  # letters of their own: functions check the shape


def above_zero(images: Maps) -> Masks:
    """Every pixel that is not black, anti-aliased borders too."""
    return images > 0


def above_otsu(images: Maps) -> Masks:
    """Pixels brighter than Otsu's threshold of their image, the best split into two classes.

    Of 256 levels between darkest and brightest pixel the one with the largest variance between
    the classes, ω₀ ω₁ (μ₀ - μ₁)² (Otsu 1979). An image of one value has an empty mask.
    """
    levels = np.round(_unit(images, lowest=None) * 255).astype(np.int64)
    return levels > _otsu_level(levels.reshape(len(levels), -1))[:, None, None]


MASKS: dict[str, Callable[[Maps], Masks]] = {"positive": above_zero, "otsu": above_otsu}


def object_masks(pixels: Real[np.ndarray, "n c y x"], rule: str = "positive") -> Masks:
    """Where the object of an image on black is; several channels are averaged.

    Raises:
        UsageError: an unknown rule.
    """
    return option(MASKS, rule, "mask")(pixels.mean(axis=1))


class Overlap(NamedTuple):
    """One row per image, one column per threshold; NaN in the rows without an object.

    ``undefined`` counts those rows. ``blank`` are the maps that highlight nothing.
    """

    dice: Float64[np.ndarray, "n m"]
    iou: Float64[np.ndarray, "n m"]
    undefined: int
    blank: Bool[np.ndarray, "n"]


SCALES = ("max", "min_max")


def overlap(
    maps: Maps,
    masks: Masks,
    thresholds: tuple[float, ...] = THRESHOLDS,
    *,
    scale: str = "max",
) -> Overlap:
    """DSC = 2|X∩Y| / (|X| + |Y|) and IoU = |X∩Y| / |X∪Y|, both in [0, 1] (equations 7 and 8).

    X are the pixels of the map above a threshold, a fraction of its maximum; Y is the object.
    ``scale``: "max" divides the positive part of a map by its maximum; "min_max" is as released,
    (map - min)/(max - min). A map without a positive value, or with "min_max" without contrast,
    is blank: X is empty and both are 0. An image without an object has neither: both are NaN,
    and counted.

    Raises:
        UsageError: maps and masks differ in shape, an unknown scale, or a threshold outside
            [0, 1).
    """
    check_same_shape(maps, masks)
    if outside := [t for t in thresholds if not 0 <= t < 1]:
        raise UsageError(
            f"threshold {outside[0]} is outside [0, 1); it is a fraction of the maximum"
        )
    option(dict.fromkeys(SCALES), scale, "scale")
    values = _unit(maps, lowest=0.0 if scale == "max" else None).reshape(len(maps), -1)
    objects = masks.reshape(len(masks), -1)
    object_size = objects.sum(axis=1)
    sizes = _sizes_above(values, thresholds)
    shared = _sizes_above(np.where(objects, values, -1), thresholds)
    both = sizes + object_size[:, None]
    empty = object_size == 0
    dice = np.where(empty[:, None], np.nan, 2 * shared / np.maximum(both, 1))
    iou = np.where(empty[:, None], np.nan, shared / np.maximum(both - shared, 1))
    return Overlap(dice, iou, int(empty.sum()), np.asarray((values < 0).all(axis=1)))


def centroid_distance(maps: Maps, masks: Masks) -> Float64[np.ndarray, "n"]:
    """From the centre of mass of a map's positive part to that of the object.

    Euclidean between pixel centres, as a fraction of the image's diagonal √(h² + w²); the same
    for a map of any spread. NaN for a map without positive values or an empty mask.

    Raises:
        UsageError: maps and masks differ in shape.
    """
    check_same_shape(maps, masks)
    apart = centroids(np.maximum(maps, 0)) - centroids(masks.astype(np.float64))
    return np.hypot(*apart.T) / np.hypot(*maps.shape[1:])


def object_emd(
    maps: Maps, masks: Masks, *, grid: tuple[int, int] = (14, 14), workers: int = 1
) -> Float[np.ndarray, "n"]:
    """``spatial_emd`` from a map's positive part to the object, both averaged to ``grid``.

    The work that moves one onto the other, in fractions of the diagonal: a small shift costs
    little, where Dice may fall to 0. On a grid as fine as the images it is never below
    ``centroid_distance``, and NaN where that is.

    Raises:
        UsageError: maps and masks differ in shape.
    """
    check_same_shape(maps, masks)
    coarse = resize_area(np.maximum(maps, 0), grid), resize_area(masks.astype(np.float32), grid)
    return spatial_emd(*coarse, workers=workers)


def check_same_shape(maps: Maps, masks: Masks) -> None:
    """Raise UsageError if the maps have not the size of the images."""
    if maps.shape != masks.shape:
        raise UsageError(
            f"maps of shape {maps.shape} and masks of {masks.shape}; "
            "enlarge the maps to the size of the images"
        )


def _unit(maps: Maps, *, lowest: float | None) -> Float64[np.ndarray, "n y x"]:
    """(map - lowest) / (max - lowest), lowest of each map if None; -1 where there is no contrast.

    -1 is below every threshold.
    """
    values = maps.astype(np.float64)
    high = values.max(axis=(1, 2), keepdims=True)
    low = values.min(axis=(1, 2), keepdims=True) if lowest is None else np.full_like(high, lowest)
    some = high - low > rounding(maps) * np.maximum(abs(low), abs(high))
    return np.divide(values - low, high - low, out=np.full_like(values, -1.0), where=some)


def _sizes_above(
    values: Float64[np.ndarray, "n p"], thresholds: tuple[float, ...]
) -> Int64[np.ndarray, "n m"]:
    return np.stack([np.count_nonzero(values > t, axis=1) for t in thresholds], axis=1)


def centroids(weights: Real[np.ndarray, "n y x"]) -> Float64[np.ndarray, "n 2"]:
    """Rows and columns of the centres of mass; NaN without mass."""
    n, h, w = weights.shape
    total = weights.sum(axis=(1, 2), dtype=np.float64)
    moments = weights.sum(axis=2) @ np.arange(h), weights.sum(axis=1) @ np.arange(w)
    none = np.full((n, 2), np.nan)
    return np.divide(np.stack(moments, 1), total[:, None], out=none, where=total[:, None] > 0)


def _otsu_level(levels: Int64[np.ndarray, "n p"]) -> Int64[np.ndarray, "n"]:
    """The highest level of the darker class."""
    n, p = levels.shape
    flat = levels.clip(0) + 256 * np.arange(n)[:, None]
    counts = np.bincount(flat.ravel(), minlength=256 * n).reshape(n, 256)
    darker = counts.cumsum(axis=1)
    sums = (counts * np.arange(256)).cumsum(axis=1)
    brighter = p - darker
    gap = sums[:, -1:] * darker - sums * p
    between = np.divide(
        gap.astype(np.float64) ** 2, darker * brighter, out=np.zeros(gap.shape), where=brighter > 0
    )
    return between.argmax(axis=1)
