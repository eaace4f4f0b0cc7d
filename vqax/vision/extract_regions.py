"""A set of images to a region file, several side by side."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from vqax.data.images import load_rgb
from vqax.data.records import Skipped
from vqax.errors import VqaxError
from vqax.vision.region_extractor import RegionExtractor
from vqax.vision.regions import Regions, inside, region_columns
from vqax.vision.side_by_side import side_by_side
from vqax.vision.writer import FeatureWriter


def extract_regions(
    images: Mapping[int, Path],
    extractor: RegionExtractor,
    path: Path,
    *,
    workers: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> list[Skipped]:
    """Write the regions of the images (by image_id) to ``path``; return those left out.

    One image at a time goes through the network, so its regions depend on no other image.
    Killed and called again it goes on, and ends with the same bytes. Images that are absent or
    damaged, or without enough distinct boxes, are left out. ``progress`` gets (done, total).

    Raises:
        UsageError: there are no images.
        BadData: none of them can be used, a feature is NaN, or the file cannot be written.
    """
    image_ids = sorted(images)
    columns = region_columns(extractor.boxes)
    skipped: list[Skipped] = []
    with FeatureWriter(
        path, image_ids, extractor.grid, extractor.width, extractor.attributes, columns
    ) as writer:
        todo = writer.missing()
        jobs = [(image_id, images[image_id]) for image_id in todo]
        results = side_by_side(jobs, partial(_run, extractor=extractor), max(1, workers))
        for number, (image_id, result) in enumerate(zip(todo, results, strict=True), start=1):
            if isinstance(result, Regions):
                writer.write(image_id, result.features, **result.columns)
            else:
                skipped.append(result)
            if progress is not None:
                progress(len(image_ids) - len(todo) + number, len(image_ids))
        writer.finish()
    return skipped


def _run(job: tuple[int, Path], extractor: RegionExtractor) -> Regions | Skipped:
    image_id, path = job
    try:
        regions = extractor(load_rgb(path), str(path))
        inside(regions.boxes_px, regions.size_px, str(path))
    except VqaxError as error:
        return Skipped(str(path), f"image_id {image_id}", str(error))
    return regions
