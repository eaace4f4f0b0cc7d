"""The pictures of params.yaml: read, divided, and shaped as a classifier wants them."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from stages.params import Params, named
from stages.sections import PictureSet
from vqax.errors import UsageError
from vqax.evidential.pictures import Pictures, download
from vqax.evidential.sources import SOURCES
from vqax.evidential.transforms import grey, held_out
from vqax.metrics.resize import resize_area


class Parts(NamedTuple):
    """What a classifier is trained on, and what it never saw."""

    train: Pictures
    test: Pictures


def read_parts(params: Params, name: str, root: Path = Path()) -> Parts:
    """Train and test pictures of ``name``: official parts, or a share held out of one.

    Raises:
        UsageError: an unknown name, or a data set without labels to learn.
        MissingArtefact, BadData: its files are absent or damaged.
    """
    spec = named(params.pictures, name, "picture set", "params.yaml: pictures")
    first = _read(spec, spec.train, root)
    if len(first.classes) < 2:
        raise UsageError(
            f"pictures.{name}: has one class only, there is nothing to learn; train on another set"
        )
    if spec.test is not None:
        return Parts(first, _read(spec, spec.test, root))
    return Parts(*held_out(first, spec.test_share, seed=params.seed))


def strangers(params: Params, name: str, like: Pictures, root: Path = Path()) -> np.ndarray:
    """Pictures of another kind (n,c,y,x), in the shape of the pictures ``like``.

    The test part where there is one; colours become grey, sizes are averaged over areas.
    """
    spec = named(params.pictures, name, "picture set", "params.yaml: pictures")
    unlabelled = spec.test is None and spec.test_share == 0
    pictures = _read(spec, spec.train, root) if unlabelled else read_parts(params, name, root).test
    return _shaped(pictures.pixels, like.pixels.shape[1:])


def _shaped(pixels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    channels, *size = shape
    if pixels.shape[1] == 3 and channels == 1:
        return grey(pixels, (size[0], size[1]))
    if pixels.shape[1] == 1 and channels == 3:
        pixels = np.repeat(pixels, 3, axis=1)
    return resize_area(pixels, (size[0], size[1])).clip(0, 1)


def _read(spec: PictureSet, part: str | None, root: Path) -> Pictures:
    folder = None if spec.folder is None else root / spec.folder
    if spec.download and folder is not None:
        folder = download(spec.source, folder)
    return named(SOURCES, spec.source, "source", "vqax.evidential.sources")(
        folder, part, **spec.options
    )
