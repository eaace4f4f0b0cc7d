"""A file in memory of which only what was written takes room, however large it is.

HDF5 crashes the whole process when the disk refuses a write while it closes a file. It lays a
feature file out in one of these instead, and plain writes bring that to the disk.
"""

import io
from pathlib import Path
from typing import Any


class HoleyFile:
    """What h5py asks of a file object; bytes never written read as zero."""

    def __init__(self) -> None:
        self.pieces: list[tuple[int, bytes]] = []
        self.size = self.position = 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self.position, io.SEEK_END: self.size}[whence]
        self.position = start + offset
        return self.position

    def tell(self) -> int:
        return self.position

    def truncate(self, size: int | None = None) -> int:
        self.size = self.position if size is None else size
        return self.size

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self.pieces.append((self.position, piece))
        self.position += len(piece)
        self.size = max(self.size, self.position)
        return len(piece)

    def read(self, size: int) -> bytes:
        piece = bytearray(size)
        self.readinto(piece)
        return bytes(piece)

    def readinto(self, buffer: Any) -> int:
        wanted = memoryview(buffer).cast("B")
        start, length = self.position, len(wanted)
        wanted[:] = bytes(length)
        for offset, piece in self.pieces:
            first, last = max(start, offset), min(start + length, offset + len(piece))
            if first < last:
                wanted[first - start : last - start] = piece[first - offset : last - offset]
        self.position += length
        return length

    def flush(self) -> None:
        """Nothing waits to be written."""

    def save(self, path: Path) -> None:
        """Write the pieces to ``path``; the holes stay holes.

        Raises:
            OSError: the file system refuses.
        """
        with path.open("wb", buffering=0) as file:
            file.truncate(self.size)
            for offset, piece in self.pieces:
                file.seek(offset)
                rest = memoryview(piece)
                while rest:
                    rest = rest[file.write(rest) :]
