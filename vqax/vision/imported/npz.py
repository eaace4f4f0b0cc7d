"""A folder with one ``.npz`` a picture, as openvqa keeps bottom-up features.

Keys x (d,k), bbox (k,4) in pixels, image_w, image_h; the picture's id ends the file's name.
"""

import re
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from vqax.data.records import Skipped
from vqax.errors import BadData
from vqax.vision.regions import UNKNOWN, Regions

KEYS = ("x", "bbox", "image_w", "image_h")


class NpzSource:
    """Files by image_id, read when asked for; nothing is unpickled.

    Raises:
        BadData: the folder has no such file, or none that can be read.
    """

    layout = "openvqa npz"
    has_classes = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.skipped: list[Skipped] = []
        self._files: dict[int, Path] = {}
        for file in sorted(path.rglob("*.npz")):
            match = re.search(r"(\d+)(?:\.(?:jpg|png))?\.npz$", file.name)
            if match is None:
                reason = "does not end in an image_id; rename or delete it"
                self.skipped.append(Skipped(str(file), file.name, reason))
            elif int(match[1]) in self._files:
                reason = f"is a second file of image_id {int(match[1])}; the first one counts"
                self.skipped.append(Skipped(str(file), file.name, reason))
            else:
                self._files[int(match[1])] = file
        self.image_ids = list(self._files)
        self.width = self._first_width()

    def read(self, image_id: int) -> Regions:
        """The regions of a picture; raises BadData if its file is cut or lacks something."""
        path = self._files[image_id]
        try:
            with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                features, boxes, width, height = (file[key] for key in KEYS)
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise BadData(
                f"{path}: not a whole file with {', '.join(KEYS)} ({error}); fetch it again"
            ) from error
        wanted = (getattr(self, "width", len(features)), len(boxes))
        if boxes.ndim != 2 or boxes.shape[1] != 4 or features.shape != wanted:
            raise BadData(
                f"{path}: x is {features.shape} and bbox {boxes.shape}, not {wanted} and "
                f"({len(boxes)}, 4); fetch it again"
            )
        real = np.flatnonzero(boxes.any(axis=1))  # some files are padded with zeros
        return Regions(
            features=features.T[real].astype(np.float32),
            boxes_px=boxes[real].astype(np.float32),
            classes=np.full(len(real), UNKNOWN),
            scores=np.zeros(len(real), dtype=np.float32),
            size_px=(int(width), int(height)),
        )

    def _first_width(self) -> int:
        for image_id in self.image_ids:
            try:
                return self.read(image_id).features.shape[1]
            except BadData:
                continue
        raise BadData(f"{self.path}: no file in it is an .npz with {', '.join(KEYS)}")
