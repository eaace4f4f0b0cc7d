"""The fields of a line in the two published TSV layouts of region features.

Bottom-up attention (https://github.com/peteanderson80/bottom-up-attention): six fields, no
classes. LXMERT (https://github.com/airsplay/lxmert): ten, height before width, with the class and
the attribute of each box, classes counted without a background.
"""

import binascii
import re
from typing import NamedTuple

import numpy as np
from jaxtyping import Shaped

from vqax.errors import BadData
from vqax.vision.regions import UNKNOWN, Regions

IMAGE_ID = re.compile(rb"(?:COCO_[0-9A-Za-z]+_)?0*([0-9]{1,18})")
WHOLE = re.compile(rb"0*([1-9][0-9]{0,8})")


class Layout(NamedTuple):
    """``fields`` in the order of a line."""

    name: str
    fields: tuple[str, ...]

    @property
    def has_classes(self) -> bool:
        """Whether a line says what is in its boxes."""
        return "objects_id" in self.fields


BOTTOM_UP = Layout(
    "bottom-up attention TSV",
    ("image_id", "image_w", "image_h", "num_boxes", "boxes", "features"),
)
LXMERT = Layout(
    "LXMERT TSV",
    (
        *("image_id", "image_h", "image_w", "objects_id", "objects_conf"),
        *("attrs_id", "attrs_conf", "num_boxes", "boxes", "features"),
    ),
)
LAYOUTS = {len(layout.fields): layout for layout in (BOTTOM_UP, LXMERT)}


def image_id_of(field: bytes) -> int | None:
    """The id that a first field writes, also as the name of a COCO image; none if it is none."""
    match = IMAGE_ID.fullmatch(field)
    return None if match is None else int(match[1])


def layout_of(line: bytes, where: str) -> Layout:
    """The layout with so many fields.

    Raises:
        BadData: there is none.
    """
    count = line.count(b"\t") + 1
    if count not in LAYOUTS:
        raise BadData(
            f"{where}: has {count} fields, not the {len(BOTTOM_UP.fields)} "
            f"{', '.join(BOTTOM_UP.fields)}, nor the {len(LXMERT.fields)} of LXMERT; the line is "
            "cut, or this is no TSV of region features"
        )
    return LAYOUTS[count]


def regions_of(line: bytes, layout: Layout, where: str) -> Regions:
    """What a line says of an image.

    Raises:
        BadData: the line has other fields than those of ``layout``, or one is damaged.
    """
    if layout_of(line, where) is not layout:
        raise BadData(
            f"{where}: is no line of a {layout.name}, as those before; fetch the file again"
        )
    field = dict(zip(layout.fields, line.split(b"\t"), strict=True))
    width, height, boxes = (_whole(field, n, where) for n in ("image_w", "image_h", "num_boxes"))
    corners = _numbers(field, "boxes", "<f4", boxes, where)
    if corners.shape[1] != 4:
        raise BadData(
            f"{where}: {boxes} boxes have {corners.shape[1]} corners each, not 4; "
            "fetch the file again"
        )
    classes, scores = np.full(boxes, UNKNOWN), np.zeros(boxes, dtype=np.float32)
    if layout.has_classes:
        classes = _column(field, "objects_id", "<i8", boxes, where)
        scores = _column(field, "objects_conf", "<f4", boxes, where)
        for name, kind in (("attrs_id", "<i8"), ("attrs_conf", "<f4")):
            _column(field, name, kind, boxes, where)
    features = _numbers(field, "features", "<f4", boxes, where)
    return Regions(features, corners, classes, scores, (width, height))


def _whole(field: dict[str, bytes], name: str, where: str) -> int:
    text = field[name]
    match = WHOLE.fullmatch(text)
    if match is None:
        raise BadData(
            f"{where}: {name} is {text[:40]!r}, not a number from 1 to 999,999,999; fetch it again"
        )
    return int(match[1])


def _numbers(
    field: dict[str, bytes], name: str, kind: str, boxes: int, where: str
) -> Shaped[np.ndarray, "k _"]:
    try:
        data = binascii.a2b_base64(field[name], strict_mode=True)
    except binascii.Error as error:
        raise BadData(
            f"{where}: {name} is not base64 ({error}); the line is cut, fetch the file again"
        ) from error
    size = np.dtype(kind).itemsize
    if not data or len(data) % (size * boxes):
        raise BadData(
            f"{where}: {name} holds {len(data)} bytes, no count of {size}-byte numbers for {boxes} "
            "boxes; the line is cut, fetch the file again"
        )
    return np.frombuffer(data, dtype=kind).reshape(boxes, -1)


def _column(
    field: dict[str, bytes], name: str, kind: str, boxes: int, where: str
) -> Shaped[np.ndarray, "k"]:
    values = _numbers(field, name, kind, boxes, where)
    if values.shape[1] != 1:
        raise BadData(
            f"{where}: {name} holds {values.shape[1]} numbers a box, not one; fetch the file again"
        )
    return values[:, 0]
