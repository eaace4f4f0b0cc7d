"""COCO ``instances`` JSON in and out: boxes, masks, categories, attributes.

Lin et al., Microsoft COCO (2014). An ``attributes`` list per instance (its colours) is the one
addition; readers that do not know it ignore it.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vqax.data.checks import RecordError, Report, fail, field
from vqax.data.folder import picture_name
from vqax.data.json_list import read_any_json, write_any_json
from vqax.data.pictures import load_picture, load_rgb
from vqax.data.records import Skipped
from vqax.errors import BadData

__all__ = ["Instance", "load_picture", "load_rgb", "read_instances", "write_instances"]

TOP_LEVEL = ("images", "annotations", "categories")
ROUNDING_PX = 1.0
"""Official boxes reach past the edge by fractions of a pixel."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One object: ``box_px`` is x, y, width, height; ``mask_rle`` COCO's run-length encoding."""

    image_id: int
    category: str
    box_px: tuple[float, float, float, float]
    mask_rle: dict[str, Any] | None = None
    attributes: tuple[str, ...] = ()


def read_instances(path: Path, skipped: list[Skipped] | None = None) -> list[Instance]:
    """The instances of a file, in file order; polygons become masks.

    Raises:
        MissingArtefact, BadData: as ``read_instances_by_id``.
    """
    return [instance for _, instance in _read(path, skipped, masks=True)]


def read_instances_by_id(path: Path, skipped: list[Skipped] | None = None) -> dict[int, Instance]:
    """The instances of a file by their ``id``, without their masks.

    Unusable entries are appended to ``skipped``; without it the first one raises.

    Raises:
        MissingArtefact: there is no such file.
        BadData: the file is cut, lacks a top-level key, or (without ``skipped``) an entry has an
            unknown picture or category, no box, or a box outside its picture.
    """
    read = _read(path, skipped, masks=False)
    return {raw["id"]: instance for raw, instance in read if "id" in raw}


def _read(
    path: Path, skipped: list[Skipped] | None, *, masks: bool
) -> list[tuple[dict[str, Any], Instance]]:
    """Every usable entry with its instance."""
    value = read_any_json(path)
    for key in TOP_LEVEL:
        if not isinstance(value, dict) or not isinstance(value.get(key), list):
            raise BadData(f"{path}: has no '{key}' list; give an official instances file")
    try:
        sizes = {image["id"]: (image["height"], image["width"]) for image in value["images"]}
        names = {category["id"]: category["name"] for category in value["categories"]}
    except (KeyError, TypeError) as error:
        raise BadData(
            f"{path}: an image or category lacks {error}; give an official instances file"
        ) from error
    report: Report = fail if skipped is None else skipped.append
    instances = []
    for position, raw in enumerate(value["annotations"]):
        try:
            instances.append((raw, _parse(raw, sizes, names, masks=masks)))
        except RecordError as problem:
            entry = raw.get("id", position + 1) if isinstance(raw, dict) else position + 1
            report(Skipped(str(path), f"annotation {entry}", str(problem)))
    return instances


def write_instances(
    path: Path,
    instances: Iterable[Instance],
    *,
    data_subtype: str,
    sizes_px: Mapping[int, tuple[int, int]],
    suffix: str = ".jpg",
    info: Mapping[str, Any] | None = None,
) -> None:
    """Write an instances file; ``sizes_px`` is (height, width) by image_id, for every picture."""
    listed = list(instances)
    numbers = {name: k for k, name in enumerate(sorted({i.category for i in listed}), start=1)}
    images = [
        {
            "id": image_id,
            "file_name": picture_name(data_subtype, image_id, suffix),
            "height": height,
            "width": width,
        }
        for image_id, (height, width) in sizes_px.items()
    ]
    categories = [{"id": k, "name": name, "supercategory": name} for name, k in numbers.items()]
    annotations = [_entry(k, i, numbers[i.category]) for k, i in enumerate(listed, start=1)]
    head = {"info": dict(info or {"description": "Instances in the layout of COCO."})}
    lists = {"images": images, "annotations": annotations, "categories": categories}
    write_any_json(path, head | lists)


def _parse(
    raw: Any, sizes: Mapping[int, tuple[int, int]], names: Mapping[int, str], *, masks: bool
) -> Instance:
    image_id, category_id = field(raw, "image_id", int), field(raw, "category_id", int)
    if image_id not in sizes:
        raise RecordError(f"has image_id {image_id}, which 'images' lacks; add it or delete this")
    if category_id not in names:
        raise RecordError(
            f"has category_id {category_id}, which 'categories' lacks; add it or delete this"
        )
    segmentation = raw.get("segmentation") if masks else None
    return Instance(
        image_id=image_id,
        category=names[category_id],
        box_px=_box(field(raw, "bbox", list), *sizes[image_id]),
        mask_rle=_mask(segmentation, *sizes[image_id]) if segmentation else None,
        attributes=tuple(raw.get("attributes", ())),
    )


def _box(raw: list[Any], height: int, width: int) -> tuple[float, float, float, float]:
    if len(raw) != 4 or not all(isinstance(side, int | float) for side in raw):
        raise RecordError(f"has bbox {raw}, not four numbers; write x, y, width, height in pixels")
    x, y, w, h = (float(side) for side in raw)
    inside = (
        min(x, y) >= -ROUNDING_PX and x + w <= width + ROUNDING_PX and y + h <= height + ROUNDING_PX
    )
    if not inside or not min(w, h) > 0 or not math.isfinite(w + h):
        raise RecordError(
            f"has bbox {raw} outside its {width}x{height} px picture or empty; "
            "correct it or delete this"
        )
    return x, y, w, h


def _mask(segmentation: Any, height: int, width: int) -> dict[str, Any]:
    # pycocotools comes with an extra; boxes are read without it
    from vqax.data.masks import segmentation_rle

    return segmentation_rle(segmentation, height, width)


def _entry(number: int, instance: Instance, category_id: int) -> dict[str, Any]:
    area = instance.box_px[2] * instance.box_px[3]
    entry: dict[str, Any] = {
        "id": number,
        "image_id": instance.image_id,
        "category_id": category_id,
        "bbox": list(instance.box_px),
        "iscrowd": 0,
        "attributes": list(instance.attributes),
    }
    if instance.mask_rle is None:
        return entry | {"area": area, "segmentation": []}
    from vqax.data.masks import mask_area

    return entry | {"area": mask_area(instance.mask_rle), "segmentation": instance.mask_rle}
