"""Regions on disk: a feature file whose cells are boxes, with class and score of each."""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
from jaxtyping import Float32, Int, Int16, Int32

from vqax.errors import BadData
from vqax.foreign import reading
from vqax.hdf5 import numbers
from vqax.vision.feature_file import AGAIN, FeatureFile
from vqax.vision.regions import UNKNOWN, region_columns, relative

Ids = Int[np.ndarray, "b"] | Sequence[int]


class RegionFile(FeatureFile):
    """A finished region file: ``batch`` gives the features (b,l,d), the rest what each box is.

    ``grid`` is (1, l), ``boxes_per_image`` l; ``class_names`` lists what classes stand for and
    is empty where the file does not know. All methods keep the order of ``image_ids`` and read
    only the images asked for.

    Raises:
        MissingArtefact: there is no such file.
        BadData: it is cut, holds no regions, or was made by another extractor.
    """

    made_with = "vqax regions extract"

    def boxes(self, image_ids: Ids) -> Float32[np.ndarray, "b l 4"]:
        """x1, y1, x2, y2 in pixels of the image.

        Raises:
            MissingArtefact: an image has no features.
            BadData: a corner is not finite, or the file cannot be read.
        """
        return self._checked("boxes", image_ids, np.isfinite)

    def boxes_rel(self, image_ids: Ids) -> Float32[np.ndarray, "b l 4"]:
        """x1, y1, x2, y2 as fractions of the image's width and height."""
        return relative(self.boxes(image_ids), self.sizes(image_ids))

    def classes(self, image_ids: Ids) -> Int16[np.ndarray, "b l"]:
        """Indices into ``class_names``; −1 where the file does not know.

        Raises:
            BadData: a class has no name among those of the file, or the file cannot be read.
        """
        names = len(self.class_names) or np.iinfo(np.int16).max
        return self._checked("classes", image_ids, lambda k: (k >= UNKNOWN) & (k < names))

    def scores(self, image_ids: Ids) -> Float32[np.ndarray, "b l"]:
        """How sure the detector was of the class, in [0,1]."""
        return self._checked("scores", image_ids, np.isfinite).astype(np.float32)

    def sizes(self, image_ids: Ids) -> Int32[np.ndarray, "b 2"]:
        """Width and height of the images in pixels."""
        return self._checked("sizes", image_ids, lambda side: side > 0)

    def batch_with_boxes(self, image_ids: Ids) -> Float32[np.ndarray, "b l d"]:
        """Features with x1, y1, x2, y2 as fractions behind them: d is four more than ``width``."""
        boxes = self.boxes_rel(image_ids)
        return np.concatenate([self.batch(image_ids), boxes], axis=-1)

    def _checked(
        self, name: str, image_ids: Ids, is_right: Callable[[np.ndarray], np.ndarray]
    ) -> np.ndarray:
        """The records of a column, if each of their numbers ``is_right``."""
        rows = np.array([self._row(image_id) for image_id in image_ids], dtype=np.int64)
        distinct, which = np.unique(rows, return_inverse=True)
        with reading(self.path, "a column that can be read", AGAIN, entry=name):
            dataset = self._own_file()[1][name]
            records = np.empty((len(distinct), *dataset.shape[1:]), dataset.dtype)
            for index, row in enumerate(distinct):
                records[index] = dataset[row]
        if not is_right(records).all():
            raise self._wrong(name, image_ids, records[which], is_right(records)[which])
        found: np.ndarray = records[which]
        return found

    def _wrong(self, name: str, image_ids: Ids, records: np.ndarray, right: np.ndarray) -> BadData:
        """The sentence for the first image with a number that is not right."""
        first = int(np.argwhere(~right)[0, 0])
        value = records[first][~right[first]][0]
        return BadData(f"{self.path}: {name} of image_id {image_ids[first]} hold {value}; {AGAIN}")

    def _read_index(self, file: h5py.File) -> None:
        super()._read_index(file)
        for name, column in region_columns(self.boxes_per_image).items():
            dataset = numbers(file, name, axes=[1 + len(column.shape)])
            expected = (file["features"].shape[0], *column.shape)
            if dataset.shape != expected or dataset.dtype != column.dtype:
                raise ValueError(f"{name} are {dataset.shape} {dataset.dtype}, not {expected}")
        names = json.loads(self.attributes.pop("class_names"))
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError("class_names is not a list of names")
        self.class_names: tuple[str, ...] = tuple(names)

    @property
    def boxes_per_image(self) -> int:
        """The number l of boxes."""
        return self.grid[1]


def open_feature_file(path: Path, *, extractor: str | None = None) -> FeatureFile:
    """The feature file as what it is: a ``RegionFile`` if it holds boxes, else a grid.

    Raises:
        MissingArtefact: there is no such file.
        BadData: it is cut, not a feature file, or made by another extractor than ``extractor``.
    """
    kind = RegionFile if _has_boxes(path) else FeatureFile
    return kind(path, extractor=extractor)


def _has_boxes(path: Path) -> bool:
    with suppress(Exception), h5py.File(path, "r") as file:
        return "boxes" in file
    return False  # the feature file says what is wrong with it
