"""The TSV files of bottom-up attention, https://github.com/peteanderson80/bottom-up-attention.

A line: image_id, image_w, image_h, num_boxes, boxes (base64 of float32 n × 4: x1, y1, x2, y2 in
pixels), features (base64 of float32 n × d); 36 boxes, or 10 to 100. No classes.
"""

import binascii
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from vqax.data.records import Skipped
from vqax.errors import BadData
from vqax.vision.regions import UNKNOWN, Regions

FIELDS = ("image_id", "image_w", "image_h", "num_boxes", "boxes", "features")


class TsvSource:
    """Lines by image_id: the file is read once for where they are, then line by line.

    Raises:
        BadData: no line can be used.
    """

    layout = "bottom-up attention TSV"
    has_classes = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.skipped: list[Skipped] = []
        self._places: dict[int, tuple[int, int]] = {}
        offset = 0
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                self._index(line, number, offset)
                offset += len(line)
        self.image_ids = list(self._places)
        self.width = self._first_width()

    def read(self, image_id: int) -> Regions:
        """The regions of a picture; raises BadData if its line is cut or of wrong sizes."""
        offset, number = self._places[image_id]
        with self.path.open("rb") as file:
            file.seek(offset)
            line = file.readline()
        where = f"{self.path}: line {number}"
        fields = line.rstrip(b"\r\n").split(b"\t")
        if len(fields) != len(FIELDS):
            raise BadData(
                f"{where}: has {len(fields)} fields, not the {len(FIELDS)} {', '.join(FIELDS)}; "
                "the line is cut, fetch the file again"
            )
        width, height, boxes = (_whole(fields[k], FIELDS[k], where) for k in (1, 2, 3))
        corners = _floats(fields[4], "boxes", boxes, where)
        features = _floats(fields[5], "features", boxes, where)
        wanted = getattr(self, "width", features.shape[1])
        if corners.shape[1] != 4 or features.shape[1] != wanted:
            raise BadData(
                f"{where}: {boxes} boxes have {corners.shape[1]} corners and {features.shape[1]} "
                f"features each, not 4 and {wanted}; fetch the file again"
            )
        return Regions(
            features=features,
            boxes_px=corners,
            classes=np.full(boxes, UNKNOWN),
            scores=np.zeros(boxes, dtype=np.float32),
            size_px=(width, height),
        )

    def _index(self, line: bytes, number: int, offset: int) -> None:
        first = line.partition(b"\t")[0]
        try:
            image_id = int(first)
        except ValueError:
            self._skip(number, f"begins with {first[:40]!r}, not an image_id; delete it")
            return
        if image_id in self._places:
            self._skip(number, f"has image_id {image_id} once more; the first one counts")
            return
        self._places[image_id] = (offset, number)

    def _first_width(self) -> int:
        """Of the first line that can be read."""
        for image_id in self.image_ids:
            try:
                return self.read(image_id).features.shape[1]
            except BadData:
                continue
        raise BadData(
            f"{self.path}: no line is {', '.join(FIELDS)} with whole base64 fields; give a TSV of "
            "bottom-up attention"
        )

    def _skip(self, number: int, reason: str) -> None:
        self.skipped.append(Skipped(str(self.path), f"line {number}", reason))


def _whole(field: bytes, name: str, where: str) -> int:
    if not field.isdigit() or int(field) == 0:
        raise BadData(f"{where}: {name} is {field[:40]!r}, not a positive number; fetch it again")
    return int(field)


def _floats(field: bytes, name: str, boxes: int, where: str) -> Float32[np.ndarray, "k _"]:
    try:
        data = binascii.a2b_base64(field, strict_mode=True)
    except binascii.Error as error:
        raise BadData(
            f"{where}: {name} is not base64 ({error}); the line is cut, fetch the file again"
        ) from error
    if not data or len(data) % (4 * boxes):
        raise BadData(
            f"{where}: {name} holds {len(data)} bytes, no number of floats for {boxes} boxes; the "
            "line is cut, fetch the file again"
        )
    return np.frombuffer(data, dtype="<f4").reshape(boxes, -1)
