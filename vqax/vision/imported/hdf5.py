"""HDF5 files of region features, in the layouts of the published VQA code.

``attreg``: features (n,k,d), boxes (n,k,4), ids, widths, heights, and cls_score (n,k,2) = class,
probability. ``updn``: image_features, image_bb, spatial_features (n,k,6) = x1, y1, x2, y2, w, h
as fractions; image_ids in a file apart. ``scr``: the same without image_bb, with cls_score.
``counting``: features (n,d,k) and boxes (n,4,k), padded with zeros.
"""

from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

from vqax.data.records import Skipped
from vqax.errors import BadData, UsageError
from vqax.vision.imported.row_ids import read_row_ids
from vqax.vision.regions import UNKNOWN, Regions

NOMINAL_PX = 1000
"""Width and height of a picture that stand for the real ones where a file has only fractions."""

OWN_IDS = ("features", "boxes", "ids", "widths", "heights")
SPATIAL = ("image_features", "spatial_features")


class _Layout(NamedTuple):
    name: str
    features: str
    channels_first: bool


class Hdf5Source:
    """Rows by image_id, read when asked for; classes where the file has ``cls_score``.

    Raises:
        BadData: not a whole HDF5 file, none of the layouts, or of mismatched sizes.
        UsageError: the layout needs a file of image_ids and none is given.
    """

    def __init__(self, path: Path, ids: Path | None) -> None:
        self.path = path
        self.skipped: list[Skipped] = []
        try:
            self._file = h5py.File(path, "r")
        except OSError as error:
            raise BadData(
                f"{path}: cannot be opened as HDF5 ({error}); it is cut or damaged, fetch it again"
            ) from error
        self._kind = self._recognised()
        shape = self._file[self._kind.features].shape
        self.layout, self.width = self._kind.name, shape[1 if self._kind.channels_first else 2]
        self.has_classes = "cls_score" in self._file
        self._rows = self._indexed(ids, shape[0])
        self.image_ids = list(self._rows)
        if not self.image_ids:
            raise BadData(f"{path}: no image_id has a row among {shape[0]}; check its ids file")

    def read(self, image_id: int) -> Regions:
        """The regions of a picture; raises BadData if its row cannot be read."""
        row = self._rows[image_id]
        try:
            features = self._file[self._kind.features][row]
            boxes, size_px = self._boxes(row)
            classes, scores = self._classes(row, boxes.shape[-2])
        except (OSError, KeyError) as error:
            raise BadData(
                f"{self.path}: row {row} cannot be read ({error}); fetch the file again"
            ) from error
        if self._kind.channels_first:
            features = features.T
            real = np.flatnonzero(boxes.any(axis=1))
            features, boxes, classes, scores = (
                part[real] for part in (features, boxes, classes, scores)
            )
        return Regions(
            features=np.asarray(features, dtype=np.float32),
            boxes_px=np.asarray(boxes, dtype=np.float32),
            classes=classes,
            scores=scores,
            size_px=size_px,
        )

    def _recognised(self) -> _Layout:
        names = set(self._file)
        if set(OWN_IDS) <= names:
            first = self._file["boxes"].shape[1] == 4 and self._file["boxes"].ndim == 3
            return _Layout("counting" if first else "attreg", "features", first)
        if set(SPATIAL) <= names:
            return _Layout("updn" if "image_bb" in names else "scr", "image_features", False)
        raise BadData(
            f"{self.path}: holds {', '.join(sorted(names)) or 'nothing'}, no known layout of "
            f"region features; those have {', '.join(OWN_IDS)} or {', '.join(SPATIAL)}"
        )

    def _indexed(self, ids: Path | None, rows: int) -> dict[int, int]:
        if self._kind.features == "features":
            listed = {int(one): row for row, one in enumerate(self._file["ids"][:])}
        elif ids is None:
            raise UsageError(
                f"{self.path}: the layout {self.layout} keeps its image_ids apart; name that file "
                "with --ids (imgid2idx.pkl, or the same as JSON)"
            )
        else:
            listed = read_row_ids(ids)
        for image_id, row in listed.items():
            if not 0 <= row < rows:
                reason = f"has row {row} of {rows}; fetch the features and ids of one split"
                self.skipped.append(Skipped(str(ids or self.path), f"image_id {image_id}", reason))
        return {image_id: row for image_id, row in listed.items() if 0 <= row < rows}

    def _boxes(self, row: int) -> tuple[np.ndarray, tuple[int, int]]:
        """The boxes of a row in pixels, and the width and height of its picture."""
        file: Any = self._file
        if self._kind.features == "features":
            boxes = file["boxes"][row]
            boxes = boxes.T if self._kind.channels_first else boxes
            return boxes, (int(file["widths"][row]), int(file["heights"][row]))
        fractions = file["spatial_features"][row][:, :4]
        if "image_bb" not in file:
            return fractions * NOMINAL_PX, (NOMINAL_PX, NOMINAL_PX)
        boxes = file["image_bb"][row]
        # the far corner of the box that reaches farthest gives the size most exactly
        far = [int(fractions[:, side].argmax()) for side in (2, 3)]
        sizes = [boxes[k, side] / fractions[k, side] for k, side in zip(far, (2, 3), strict=True)]
        if not np.isfinite(sizes).all():
            raise BadData(f"{self.path}: row {row} has no size; fetch the file again")
        return boxes, (round(float(sizes[0])), round(float(sizes[1])))

    def _classes(self, row: int, boxes: int) -> tuple[np.ndarray, np.ndarray]:
        if not self.has_classes:
            return np.full(boxes, UNKNOWN), np.zeros(boxes, dtype=np.float32)
        classes, scores = self._file["cls_score"][row].T
        return classes.astype(np.int64), scores.astype(np.float32)
