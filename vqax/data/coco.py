"""COCO ``instances`` JSON in and out: boxes, masks, categories, attributes.

Lin et al., Microsoft COCO (2014). An ``attributes`` list per instance (its colours) is the one
addition; readers that do not know it ignore it.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from vqax.data.checks import RecordError, Report, fail, field
from vqax.data.coco_entries import Instance, parse_category, parse_instance, parse_size
from vqax.data.folder import image_name
from vqax.data.images import load_image, load_rgb
from vqax.data.json_list import read_any_json, write_any_json
from vqax.data.records import Skipped
from vqax.errors import BadData

__all__ = ["Instance", "load_image", "load_rgb", "read_instances", "write_instances"]

TOP_LEVEL = ("images", "annotations", "categories")
Parsed = TypeVar("Parsed")


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
            unknown image or category, no box, or a box outside its image.
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
    report: Report = fail if skipped is None else skipped.append
    sizes = _by_id(value["images"], "image", parse_size, path, report)
    names = _by_id(value["categories"], "category", parse_category, path, report)
    instances: list[tuple[dict[str, Any], Instance]] = []
    seen: set[int] = set()
    for position, raw in enumerate(value["annotations"]):
        try:
            instance = parse_instance(raw, sizes, names, masks=masks)
            if "id" in raw and field(raw, "id", int) in seen:
                raise RecordError("occurs twice; keep one of the two entries")
            seen.add(raw.get("id"))
            instances.append((raw, instance))
        except RecordError as problem:
            report(Skipped(str(path), _entry_name("annotation", raw, position), str(problem)))
    return instances


def _by_id(
    entries: list[Any],
    kind: str,
    parse: Callable[[Any], Parsed],
    path: Path,
    report: Report,
) -> dict[int, Parsed]:
    """What ``parse`` makes of each entry, by its ``id``; the others are reported."""
    parsed: dict[int, Parsed] = {}
    for position, raw in enumerate(entries):
        try:
            one, number = parse(raw), field(raw, "id", int)
            if parsed.setdefault(number, one) != one:
                raise RecordError("occurs twice and differs; keep one of the two entries")
        except RecordError as problem:
            report(Skipped(str(path), _entry_name(kind, raw, position), str(problem)))
    return parsed


def _entry_name(kind: str, raw: Any, position: int) -> str:
    """Kind and id, or where there is none the place in the list."""
    number = raw.get("id") if isinstance(raw, dict) else None
    return f"{kind} {number}" if type(number) is int else f"{kind} number {position + 1}"


def write_instances(
    path: Path,
    instances: Iterable[Instance],
    *,
    data_subtype: str,
    sizes_px: Mapping[int, tuple[int, int]],
    suffix: str = ".jpg",
    info: Mapping[str, Any] | None = None,
) -> None:
    """Write an instances file; ``sizes_px`` is (height, width) by image_id, for every image."""
    listed = list(instances)
    numbers = {name: k for k, name in enumerate(sorted({i.category for i in listed}), start=1)}
    images = [
        {
            "id": image_id,
            "file_name": image_name(data_subtype, image_id, suffix),
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
