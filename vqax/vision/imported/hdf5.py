"""HDF5 files of region features, read image by image; ``hdf5_layout`` has the layouts."""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from vqax.data.records import Skipped
from vqax.errors import BadData, UsageError
from vqax.foreign import reading
from vqax.hdf5 import claim, open_hdf5, rows_by_id
from vqax.vision.imported.hdf5_layout import POSITIONS, checked_rows, recognised
from vqax.vision.imported.row_ids import read_row_ids
from vqax.vision.regions import UNKNOWN, Regions

NOMINAL_PX = 1000
"""Width and height of an image that stand for the real ones where a file has only fractions."""

AGAIN = "if it is cut or damaged, fetch it again"


class Hdf5Source:
    """Rows by image_id, read when asked for; classes where the file has ``cls_score``.

    Raises:
        BadData: not a whole HDF5 file, none of the layouts, of mismatched sizes, or an image_id
            stands in two rows.
        UsageError: the layout needs a file of image_ids and none is given.
    """

    has_background = True

    def __init__(self, path: Path, ids: Path | None) -> None:
        self.path = path
        self.skipped: list[Skipped] = []
        self._file = open_hdf5(path, remedy=AGAIN, absent="no such file; fetch it first")
        with reading(path, "a file of region features", AGAIN):
            self._kind = recognised(self._file)
            rows = checked_rows(self._file, self._kind)
            features = self._file[self._kind.features]
            self.layout = self._kind.name
            self.width = int(features.shape[1 if self._kind.channels_first else -1])
            self.has_classes = "cls_score" in self._file
            own_ids = self._own_ids(rows) if self._kind.own_ids else None
        self._rows = self._usable(self._ids_apart(ids) if own_ids is None else own_ids, ids, rows)
        self.image_ids = list(self._rows)
        if not self.image_ids:
            raise BadData(f"{path}: no image_id has a row among {rows}; check its ids file")

    def read(self, image_id: int) -> Regions:
        """The regions of an image; raises BadData if its row cannot be read."""
        row = self._rows[image_id]
        with reading(self.path, "the regions of an image", AGAIN, entry=f"row {row}"):
            features = self._part(self._kind.features, row)
            boxes, size_px = self._boxes(row)
            if self._kind.channels_first:
                features, boxes = features.T, boxes.T
            classes, scores = self._classes(row, len(boxes))
        # images of the counting layout are padded with zeros
        real = np.flatnonzero(boxes.any(axis=1)) if self._kind.channels_first else slice(None)
        return Regions(
            features=features[real].astype(np.float32),
            boxes_px=boxes[real].astype(np.float32),
            classes=classes[real],
            scores=scores[real],
            size_px=size_px,
        )

    def _own_ids(self, rows: int) -> dict[int, int]:
        return rows_by_id(claim(self._file["ids"])[:], np.arange(rows), "ids")

    def _ids_apart(self, ids: Path | None) -> dict[int, int]:
        if ids is None:
            raise UsageError(
                f"{self.path}: the layout {self.layout} keeps its image_ids apart; name that file "
                "with --ids (imgid2idx.pkl, or the same as JSON)"
            )
        return read_row_ids(ids)

    def _usable(self, listed: dict[int, int], ids: Path | None, rows: int) -> dict[int, int]:
        """The ids whose row the file has; the others are listed."""
        for image_id, row in listed.items():
            if not 0 <= row < rows:
                reason = f"has row {row} of {rows}; fetch the features and ids of one split"
                self.skipped.append(Skipped(str(ids or self.path), f"image_id {image_id}", reason))
        return {image_id: row for image_id, row in listed.items() if 0 <= row < rows}

    def _part(self, name: str, row: int) -> np.ndarray:
        """What dataset ``name`` holds of the image in ``row``."""
        dataset = self._file[name]
        if not self._kind.adaptive:
            return np.asarray(dataset[row])
        first, behind = (int(place) for place in self._file[POSITIONS][row])
        if not 0 <= first < behind <= dataset.shape[0]:
            raise ValueError(f"{POSITIONS} are {first}, {behind} among {dataset.shape[0]} boxes")
        return np.asarray(claim(dataset, rows=behind - first)[first:behind])

    def _boxes(self, row: int) -> tuple[np.ndarray, tuple[int, int]]:
        """The boxes of a row in pixels, and the width and height of its image."""
        if self._kind.own_ids:
            sides = [self._file[name][row] for name in ("widths", "heights")]
            return self._part("boxes", row), (int(sides[0]), int(sides[1]))
        fractions = self._part("spatial_features", row)[:, :4]
        if "image_bb" not in self._file:
            return fractions * NOMINAL_PX, (NOMINAL_PX, NOMINAL_PX)
        boxes = self._part("image_bb", row)
        return boxes, _size_px(boxes, fractions)

    def _classes(self, row: int, boxes: int) -> tuple[np.ndarray, np.ndarray]:
        if not self.has_classes:
            return np.full(boxes, UNKNOWN), np.zeros(boxes, dtype=np.float32)
        classes, scores = self._part("cls_score", row).T
        if not np.isfinite(classes).all():
            raise ValueError("a class is NaN or infinite")
        return classes.astype(np.int64), scores.astype(np.float32)


def _size_px(
    boxes: Float[np.ndarray, "k 4"], fractions: Float[np.ndarray, "k 4"]
) -> tuple[int, int]:
    """Width and height of an image: the box that reaches farthest gives each most exactly."""
    far = [int(fractions[:, side].argmax()) for side in (2, 3)]
    with np.errstate(all="ignore"):  # what is no number is reported
        sizes = [boxes[k, side] / fractions[k, side] for k, side in zip(far, (2, 3), strict=True)]
    if not np.isfinite(sizes).all():
        raise ValueError("its boxes in pixels and in fractions give no size of the image")
    return round(float(sizes[0])), round(float(sizes[1]))
