"""The images of params.yaml: read, divided, and shaped as a classifier wants them."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from project.params import Params, named
from project.schema import ImageSet
from vqax.errors import UsageError
from vqax.evidential.images import Images, download
from vqax.evidential.sources import SOURCES
from vqax.evidential.transforms import grey, held_out
from vqax.metrics.resize import resize_area


class Parts(NamedTuple):
    """What a classifier is trained on, and what it never saw."""

    train: Images
    test: Images


def read_parts(params: Params, name: str, root: Path = Path()) -> Parts:
    """Train and test images of ``name``: official parts, or a share held out of one.

    Raises:
        UsageError: an unknown name, or a data set without labels to learn.
        MissingArtefact, BadData: its files are absent or damaged.
    """
    spec = named(params.images, name, "image set", "params.yaml: images")
    first = _read(spec, spec.train, root)
    if len(first.classes) < 2:
        raise UsageError(
            f"images.{name}: has one class only, there is nothing to learn; train on another set"
        )
    if spec.test is not None:
        return Parts(first, _read(spec, spec.test, root))
    return Parts(*held_out(first, spec.test_share, seed=params.seed))


def out_of_distribution(params: Params, name: str, like: Images, root: Path = Path()) -> np.ndarray:
    """Images of another kind (n,c,y,x), in the shape of the images ``like``.

    The test part where there is one; colours become grey, sizes are averaged over areas.
    """
    spec = named(params.images, name, "image set", "params.yaml: images")
    unlabelled = spec.test is None and spec.test_share == 0
    images = _read(spec, spec.train, root) if unlabelled else read_parts(params, name, root).test
    return _shaped(images.pixels, like.pixels.shape[1:])


def _shaped(pixels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    channels, *size = shape
    if pixels.shape[1] == 3 and channels == 1:
        return grey(pixels, (size[0], size[1]))
    if pixels.shape[1] == 1 and channels == 3:
        pixels = np.repeat(pixels, 3, axis=1)
    return resize_area(pixels, (size[0], size[1])).clip(0, 1)


def _read(spec: ImageSet, part: str | None, root: Path) -> Images:
    folder = None if spec.folder is None else root / spec.folder
    if spec.download and folder is not None:
        folder = download(spec.source, folder)
    return named(SOURCES, spec.source, "source", "vqax.evidential.sources")(
        folder, part, **spec.options
    )
