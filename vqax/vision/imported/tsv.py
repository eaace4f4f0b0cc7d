"""TSV files of region features, plain or gzipped; ``tsv_layout`` has what a line says."""

import gzip
import io
import weakref
from pathlib import Path

from vqax.data.records import Skipped
from vqax.errors import BadData
from vqax.foreign import reading
from vqax.vision.imported.tsv_layout import BOTTOM_UP, Layout, image_id_of, layout_of, regions_of
from vqax.vision.regions import Regions

GZIP_SIGNATURE = b"\x1f\x8b"
FORMAT = f"give a TSV whose lines have the fields {', '.join(BOTTOM_UP.fields)}"
LONGEST_LINE = 64 << 20
"""Bytes; a hundred boxes of 2,048 numbers take one million."""


class TsvSource:
    """Lines by image_id: the file is read once for where they are, then line by line.

    A gzipped file is unpacked as it is read, in the order of its lines.

    Raises:
        BadData: an image_id stands in two lines, no line can be used, or the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.skipped: list[Skipped] = []
        self._places: dict[int, tuple[int, int]] = {}
        with reading(path, "a whole TSV file", "it is cut or damaged, fetch it again"):
            self._file = _opened(path)
            weakref.finalize(self, self._file.close)
            self._index()
        self.image_ids = list(self._places)
        self._layout = BOTTOM_UP
        self._layout, self.width = self._first_usable()
        self.layout, self.has_classes = self._layout.name, self._layout.has_classes
        self.has_background = False

    def read(self, image_id: int) -> Regions:
        """The regions of an image; raises BadData if its line is cut or of wrong sizes."""
        line, where = self._line(image_id)
        regions = regions_of(line, self._layout, where)
        if regions.features.shape[1] != self.width:
            raise BadData(
                f"{where}: has {regions.features.shape[1]} features a box, not {self.width}; "
                "fetch the file again"
            )
        return regions

    def _index(self) -> None:
        """Where each line begins; the first field of it is all that is looked at."""
        offset = 0
        for number, line in enumerate(iter(self._next_line, b""), start=1):
            if len(line) > LONGEST_LINE:
                raise ValueError(f"line {number} has more than {LONGEST_LINE >> 20} MB")
            self._place(line.partition(b"\t")[0], number, offset)
            offset += len(line)

    def _next_line(self) -> bytes:
        return self._file.readline(LONGEST_LINE + 1)

    def _place(self, first: bytes, number: int, offset: int) -> None:
        image_id = image_id_of(first.strip())
        if image_id is None:
            reason = f"begins with {first[:40]!r}, not an image_id; delete it"
            self.skipped.append(Skipped(str(self.path), f"line {number}", reason))
        elif image_id in self._places:
            raise BadData(
                f"{self.path}: image_id {image_id} stands in line {self._places[image_id][1]} and "
                f"again in line {number}; keep one of the two"
            )
        else:
            self._places[image_id] = (offset, number)

    def _line(self, image_id: int) -> tuple[bytes, str]:
        """The line of an image, and where it stands."""
        offset, number = self._places[image_id]
        with reading(self.path, "readable", "fetch it again", entry=f"line {number}"):
            self._file.seek(offset)
            return self._next_line().rstrip(b"\r\n"), f"{self.path}: line {number}"

    def _first_usable(self) -> tuple[Layout, int]:
        """Layout and width of the first line that can be read; the others are to have the same."""
        problem = f"{self.path}: no line begins with an image_id; {FORMAT}"
        for number, image_id in enumerate(self.image_ids):
            line, where = self._line(image_id)
            try:
                layout = layout_of(line, where)
                return layout, regions_of(line, layout, where).features.shape[1]
            except BadData as error:
                problem = problem if number else str(error)
        raise BadData(f"{self.path}: no line can be used; {problem.removeprefix(f'{self.path}: ')}")


def _opened(path: Path) -> gzip.GzipFile | io.BufferedReader:
    with path.open("rb") as file:
        packed = file.read(len(GZIP_SIGNATURE)) == GZIP_SIGNATURE
    return gzip.GzipFile(path) if packed else path.open("rb")
