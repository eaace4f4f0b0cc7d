"""Regions on disk: a feature store whose cells are boxes, with class and score of each."""

import json
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
from jaxtyping import Float32, Int, Int16, Int32

from vqax.vision.regions import region_columns, relative
from vqax.vision.store import FeatureStore

Ids = Int[np.ndarray, "b"] | Sequence[int]


class RegionStore(FeatureStore):
    """A finished region file: ``batch`` gives the features (b,l,d), the rest what each box is.

    ``grid`` is (1, l), ``boxes_per_picture`` l; ``class_names`` lists what classes stand for and
    is empty where the file does not know. All methods keep the order of ``image_ids`` and read
    only the pictures asked for.

    Raises:
        MissingArtefact: there is no such file.
        BadData: it is cut, holds no regions, or was made by another extractor.
    """

    made_with = "vqax regions extract"

    def boxes(self, image_ids: Ids) -> Float32[np.ndarray, "b l 4"]:
        """x1, y1, x2, y2 in pixels of the picture.

        Raises:
            MissingArtefact: a picture has no features.
        """
        return self._column("boxes", image_ids)

    def boxes_rel(self, image_ids: Ids) -> Float32[np.ndarray, "b l 4"]:
        """x1, y1, x2, y2 as fractions of the picture's width and height."""
        return relative(self.boxes(image_ids), self.sizes(image_ids))

    def classes(self, image_ids: Ids) -> Int16[np.ndarray, "b l"]:
        """Indices into ``class_names``; −1 where the file does not know."""
        return self._column("classes", image_ids)

    def scores(self, image_ids: Ids) -> Float32[np.ndarray, "b l"]:
        """How sure the detector was of the class, in [0,1]."""
        return self._column("scores", image_ids).astype(np.float32)

    def sizes(self, image_ids: Ids) -> Int32[np.ndarray, "b 2"]:
        """Width and height of the pictures in pixels."""
        return self._column("sizes", image_ids)

    def batch_with_boxes(self, image_ids: Ids) -> Float32[np.ndarray, "b l d"]:
        """Features with x1, y1, x2, y2 as fractions behind them: d is four more than ``width``."""
        boxes = self.boxes_rel(image_ids)
        return np.concatenate([self.batch(image_ids), boxes], axis=-1)

    def _column(self, name: str, image_ids: Ids) -> np.ndarray:
        dataset = self._own_file()[1][name]
        rows = np.array([self._row(image_id) for image_id in image_ids], dtype=np.int64)
        distinct, which = np.unique(rows, return_inverse=True)
        records = np.empty((len(distinct), *dataset.shape[1:]), dataset.dtype)
        for index, row in enumerate(distinct):
            records[index] = dataset[row]
        found: np.ndarray = records[which]
        return found

    def _read_index(self, file: h5py.File) -> None:
        super()._read_index(file)
        for name, column in region_columns(self.boxes_per_picture).items():
            expected = (file["features"].shape[0], *column.shape)
            if file[name].shape != expected or file[name].dtype != column.dtype:
                raise ValueError(f"{name} are {file[name].shape} {file[name].dtype}")
        self.class_names: tuple[str, ...] = tuple(json.loads(self.attributes.pop("class_names")))

    @property
    def boxes_per_picture(self) -> int:
        """The number l of boxes."""
        return self.grid[1]


def open_store(path: Path, *, extractor: str | None = None) -> FeatureStore:
    """The feature file as what it is: a ``RegionStore`` if it holds boxes, else a grid.

    Raises:
        MissingArtefact: there is no such file.
        BadData: it is cut, not a feature file, or made by another extractor than ``extractor``.
    """
    kind = RegionStore if _has_boxes(path) else FeatureStore
    return kind(path, extractor=extractor)


def _has_boxes(path: Path) -> bool:
    try:
        with h5py.File(path, "r") as file:
            return "boxes" in file
    except OSError:  # the store says what is wrong with it
        return False
