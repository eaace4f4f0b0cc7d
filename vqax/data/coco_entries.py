"""One entry of a COCO ``instances`` file, checked and turned into a record."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vqax.data.checks import AGAIN, RecordError, field

ROUNDING_PX = 1.0
"""Official boxes reach past the edge by fractions of a pixel."""

MOST_PX = 46_340
"""Of a side of an image; the runs of a mask are counted in 31 bits."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One object: ``box_px`` is x, y, width, height; ``mask_rle`` COCO's run-length encoding."""

    image_id: int
    category: str
    box_px: tuple[float, float, float, float]
    mask_rle: dict[str, Any] | None = None
    attributes: tuple[str, ...] = ()


def parse_size(raw: Any) -> tuple[int, int]:
    """Height and width of an entry of ``images``.

    Raises:
        RecordError: one of them is no number of pixels.
    """
    height, width = field(raw, "height", int), field(raw, "width", int)
    if not (0 < height <= MOST_PX and 0 < width <= MOST_PX):
        raise RecordError(f"has {width}x{height} px, not 1 to {MOST_PX:,} each; {AGAIN}")
    return height, width


def parse_category(raw: Any) -> str:
    """The name of an entry of ``categories``."""
    name: str = field(raw, "name", str)
    if not name.strip():
        raise RecordError(f"has an empty name; {AGAIN}")
    return name


def parse_instance(
    raw: Any, sizes: Mapping[int, tuple[int, int]], names: Mapping[int, str], *, masks: bool
) -> Instance:
    """An entry of ``annotations``; its mask only with ``masks``.

    Raises:
        RecordError: an unknown image or category, no box, a box or a mask that is not one of
            its image, or attributes that are no words.
    """
    image_id, category_id = field(raw, "image_id", int), field(raw, "category_id", int)
    if image_id not in sizes:
        raise RecordError(f"has image_id {image_id}, which 'images' lacks; add it or delete this")
    if category_id not in names:
        raise RecordError(
            f"has category_id {category_id}, which 'categories' lacks; add it or delete this"
        )
    segmentation = raw.get("segmentation", []) if masks else []
    return Instance(
        image_id=image_id,
        category=names[category_id],
        box_px=_box(field(raw, "bbox", list), *sizes[image_id]),
        mask_rle=None if segmentation == [] else _mask(segmentation, *sizes[image_id]),
        attributes=_attributes(raw.get("attributes", [])),
    )


def _box(raw: list[Any], height: int, width: int) -> tuple[float, float, float, float]:
    if len(raw) != 4 or not all(type(side) in (int, float) for side in raw):
        raise RecordError(
            f"has bbox {raw!r:.80}, not four numbers; write x, y, width, height in pixels"
        )
    # before they become floats: JSON has whole numbers that no float holds, and NaN
    if not all(abs(side) <= MOST_PX for side in raw):
        raise _outside(raw, height, width)
    x, y, w, h = (float(side) for side in raw)
    inside = (
        min(x, y) >= -ROUNDING_PX and x + w <= width + ROUNDING_PX and y + h <= height + ROUNDING_PX
    )
    if not inside or not min(w, h) > 0:
        raise _outside(raw, height, width)
    return x, y, w, h


def _outside(raw: list[Any], height: int, width: int) -> RecordError:
    return RecordError(
        f"has bbox {raw!r:.80} outside its {width}x{height} px image or empty; "
        "correct it or delete this"
    )


def _mask(segmentation: Any, height: int, width: int) -> dict[str, Any]:
    # pycocotools comes with an extra; boxes are read without it
    from vqax.data.masks import segmentation_rle

    try:
        return segmentation_rle(segmentation, height, width)
    except ValueError as error:
        raise RecordError(f"has a segmentation with {error}; {AGAIN}") from error


def _attributes(raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(word, str) for word in raw):
        raise RecordError(f"has attributes {raw!r:.80}, not a list of words; {AGAIN}")
    return tuple(raw)
