"""From any published layout to a region file, one image at a time."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from vqax.data.records import Skipped
from vqax.errors import BadData
from vqax.vision.regions import BOXES, UNKNOWN, Regions, inside, region_columns
from vqax.vision.writer import FeatureWriter

IMPORTED = "imported"
"""The ``extractor`` that an imported store names."""

MOST_PX = 1_000_000
"""Of a side of an image."""


@runtime_checkable
class RegionSource(Protocol):
    """Regions of images in some layout; reading one costs the memory of one."""

    path: Path
    layout: str

    width: int
    has_classes: bool
    has_background: bool
    """Whether class 0 may be the background; it never is where a layout counts objects alone."""
    skipped: list[Skipped]
    """What could not even be indexed."""

    @property
    def image_ids(self) -> Sequence[int]:
        """In the order of the feature file."""
        ...

    def read(self, image_id: int) -> Regions:
        """All regions of an image, classes as the file numbers them.

        Raises:
            BadData: the record is cut, of another size, or not finite.
        """
        ...


def import_regions(
    source: RegionSource,
    path: Path,
    *,
    class_names: Sequence[str] = (),
    boxes: int = BOXES,
    progress: Callable[[int, int], None] | None = None,
) -> list[Skipped]:
    """Write the first ``boxes`` regions of every image to ``path``; return what was left out.

    Left out are damaged records, boxes outside of their image, and images with fewer boxes.
    Killed and called again it goes on. Memory does not grow with the source. Without
    ``class_names`` all classes are −1, unknown.

    Raises:
        BadData: a class has no name, nothing is usable, or the file cannot be written.
    """
    attributes = {
        "extractor": IMPORTED,
        "weights": f"those of {source.path.name}, not known here",
        "source": source.path.name,
        "layout": source.layout,
        "class_names": json.dumps(list(class_names)),
    }
    skipped = list(source.skipped)
    columns = region_columns(boxes)
    with FeatureWriter(
        path, source.image_ids, (1, boxes), source.width, attributes, columns
    ) as writer:
        todo = writer.missing()
        for number, image_id in enumerate(todo, start=1):
            where = f"{source.path}: image_id {image_id}"
            try:
                regions = _first(source.read(image_id), boxes, where)
                regions = _named(regions, len(class_names), where)
                writer.write(image_id, regions.features, **regions.columns)
            except _Unnamed as error:
                raise BadData(str(error)) from error
            except BadData as error:
                skipped.append(Skipped(str(source.path), f"image_id {image_id}", str(error)))
            if progress is not None:
                progress(len(source.image_ids) - len(todo) + number, len(source.image_ids))
        unusable = len(skipped) - len(source.skipped)
        if unusable == len(source.image_ids) > 0:
            raise BadData(f"{source.path}: no image can be used; {skipped[-1].reason}")
        writer.finish()
    return skipped


class _Unnamed(BadData):
    """The vocabulary is not the one that the file was made with: no record can be trusted."""


def _first(regions: Regions, boxes: int, where: str) -> Regions:
    _check_sizes(regions, where)
    number = len(regions.boxes_px)
    if number < boxes:
        raise BadData(
            f"{where}: has {number} boxes, not {boxes}; import with --boxes {number} or fewer, or "
            "fetch the features with a fixed number of boxes"
        )
    within = inside(regions.boxes_px[:boxes], regions.size_px, where)
    for name, values in (("feature", regions.features), ("score", regions.scores)):
        if not np.isfinite(values[:boxes]).all():
            raise BadData(f"{where}: a {name} is NaN or infinite; fetch the file again")
    return Regions(
        regions.features[:boxes],
        within,
        regions.classes[:boxes],
        regions.scores[:boxes],
        regions.size_px,
    )


def _check_sizes(regions: Regions, where: str) -> None:
    """What a damaged record may claim and a feature file could not keep."""
    if not all(0 < side <= MOST_PX for side in regions.size_px):
        raise BadData(
            f"{where}: its image is {regions.size_px[0]}x{regions.size_px[1]} px, not 1 to "
            f"{MOST_PX:,} each; fetch the file again"
        )
    limits = np.iinfo(np.int16)
    beyond = (regions.classes < limits.min) | (regions.classes > limits.max)
    if beyond.any():
        raise BadData(
            f"{where}: no vocabulary has a class {regions.classes[beyond][0]}; fetch it again"
        )


def _named(regions: Regions, names: int, where: str) -> Regions:
    if names == 0:
        unknown = np.full_like(regions.classes, UNKNOWN)
        return Regions(regions.features, regions.boxes_px, unknown, regions.scores, regions.size_px)
    beyond = (regions.classes < 0) | (regions.classes >= names)
    if beyond.any():
        raise _Unnamed(
            f"{where}: class {regions.classes[beyond][0]} has no name among {names}; give the "
            "vocabulary that the features were made with, or none, and see --no-background"
        )
    return regions
