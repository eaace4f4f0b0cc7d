"""A folder with one ``.npz`` an image, as openvqa keeps bottom-up features.

Keys x (d,k), bbox (k,4) in pixels, image_w, image_h; the image's id ends the file's name.
"""

import re
from pathlib import Path

import numpy as np

from vqax.data.records import Skipped
from vqax.errors import BadData
from vqax.foreign import reading
from vqax.npy import read_arrays
from vqax.vision.regions import UNKNOWN, Regions

KEYS = ("x", "bbox", "image_w", "image_h")
NAME = re.compile(r"(\d{1,18})(?:\.(?:jpg|png))?\.npz")
AGAIN = "fetch it again"


class NpzSource:
    """Files by image_id, read when asked for; nothing is unpickled.

    Raises:
        BadData: the folder has no such file, two of one image_id, or none that can be read.
    """

    layout = "openvqa npz"
    has_classes = has_background = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.skipped: list[Skipped] = []
        self._files: dict[int, Path] = {}
        for file in sorted(path.rglob("*.npz")):
            self._index(file)
        self.image_ids = list(self._files)
        self.width = self._first_width()

    def read(self, image_id: int) -> Regions:
        """The regions of an image; raises BadData if its file is cut or lacks something."""
        path = self._files[image_id]
        with reading(path, f"a whole file with {', '.join(KEYS)}", AGAIN):
            features, boxes, *sides = read_arrays(path.read_bytes(), KEYS).values()
            width, height = (_side(side, name) for side, name in zip(sides, KEYS[2:], strict=True))
            _check_shapes(features, boxes, getattr(self, "width", None))
        real = np.flatnonzero(boxes.any(axis=1))  # some files are padded with zeros
        return Regions(
            features=features.T[real].astype(np.float32),
            boxes_px=boxes[real].astype(np.float32),
            classes=np.full(len(real), UNKNOWN),
            scores=np.zeros(len(real), dtype=np.float32),
            size_px=(width, height),
        )

    def _index(self, file: Path) -> None:
        match = NAME.search(file.name)
        if match is None or match.end() != len(file.name):
            reason = "does not end in an image_id; rename or delete it"
            self.skipped.append(Skipped(str(file), file.name, reason))
            return
        first = self._files.setdefault(int(match[1]), file)
        if first is not file:
            raise BadData(
                f"{file}: is of image_id {int(match[1])} as {first} is; import the two splits "
                "apart or remove one of the files"
            )

    def _first_width(self) -> int:
        problem = "there is none"
        for image_id in self.image_ids:
            try:
                return self.read(image_id).features.shape[1]
            except BadData as error:
                problem = problem if problem != "there is none" else str(error)
        raise BadData(
            f"{self.path}: no file in it is an .npz with {', '.join(KEYS)}; the first: {problem}"
        )


def _side(value: np.ndarray, name: str) -> int:
    if value.size != 1 or value.dtype.kind not in "iuf" or not np.isfinite(value).all():
        raise ValueError(f"{name} is {value.dtype} of shape {value.shape}, not a number of pixels")
    return int(value.item())


def _check_shapes(features: np.ndarray, boxes: np.ndarray, width: int | None) -> None:
    right = boxes.ndim == features.ndim == 2 and boxes.shape == (features.shape[1], 4)
    if not right or features.shape[0] != (width or features.shape[0]):
        raise ValueError(
            f"x is {features.shape} and bbox {boxes.shape}, not ({width or 'd'}, k) and (k, 4)"
        )
    if {features.dtype.kind, boxes.dtype.kind} - set("iuf"):
        raise ValueError(f"x holds {features.dtype} and bbox {boxes.dtype}, not real numbers")
