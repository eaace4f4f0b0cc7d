"""Features to an HDF5 file that survives a kill at any byte.

HDF5 keeps its index in memory while it writes, so a killed file may not open again. Here HDF5
writes the structure once (``layout.create``) and closes; records then go straight to their place
in the file, and a byte per record says that it is there. A kill loses at most the last
``FLUSH_EVERY`` records.
"""

import fcntl
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
from jaxtyping import Float

from vqax.errors import BadData, UsageError
from vqax.files import rename_durably, unwritable
from vqax.vision import layout
from vqax.vision.layout import NO_COLUMNS, Columns

FLUSH_EVERY = 64


class FeatureWriter:
    """Writes ``path`` under a temporary name beside it and goes on where a killed writer stopped.

    A temporary file of other images, sizes or attributes, or an unreadable one, is begun again.
    ``columns`` are kept beside the features, one record for every image.

    Raises:
        UsageError: no images, or an image_id twice.
        BadData: the folder is read-only, the disk is full or too small, or another process is
            writing the same file.
    """

    def __init__(
        self,
        path: Path,
        image_ids: Iterable[int],
        grid: tuple[int, int],
        width: int,
        attributes: Mapping[str, str | int | float],
        columns: Columns = NO_COLUMNS,
    ) -> None:
        self.path, self.partial = path, path.with_name(f".{path.name}.partial")
        self.image_ids = np.fromiter(image_ids, dtype=np.int64)
        self.shape = (len(self.image_ids), grid[0] * grid[1], width)
        self.attributes = {**attributes, "grid": np.array(grid, dtype=np.int64)}
        self.columns = columns
        self._rows = {int(image_id): row for row, image_id in enumerate(self.image_ids)}
        self._fresh: list[int] = []
        self._file: int | None = None
        if not 0 < len(self._rows) == len(self.image_ids):
            raise UsageError(
                f"{path}: {len(self.image_ids)} image_ids, {len(self._rows)} of them distinct; "
                "name at least one image and each only once"
            )

    def __enter__(self) -> "FeatureWriter":
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = _claim(self.partial)
            laid_out = (self.shape, self.image_ids, self.attributes, self.columns)
            if not layout.matches(self.partial, *laid_out):
                self._begin(self._file)
            self._places = layout.locate(self.partial, self.columns)
        except (OSError, RuntimeError) as error:
            self._close()
            raise unwritable(self.path, _as_os_error(error)) from error
        except BadData:
            self._close()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        with suppress(BadData):  # the error that ended the block is the one to report
            self._flush()
        self._close()

    def missing(self) -> list[int]:
        """The image_ids without features, in the order given."""
        return [int(image_id) for image_id in self.image_ids[self._places.done == 0]]

    def write(
        self,
        image_id: int | np.integer,
        features: Float[np.ndarray, "l d"],
        **columns: np.ndarray,
    ) -> None:
        """Store the features of an image as fp16, and what belongs into every column.

        Raises:
            UsageError: the image_id was not announced, a shape is another one, or a column lacks.
            BadData: a value is NaN or outside of fp16's ±65,504, or the disk is full.
        """
        row = self._rows.get(int(image_id))
        if row is None or features.shape != self.shape[1:]:
            raise UsageError(
                f"{self.path}: features {features.shape} of image_id {image_id} do not belong "
                f"here; write {self.shape[1:]} for one of the {self.shape[0]} announced images"
            )
        beside = [self._record(image_id, name, columns) for name in self.columns]
        with np.errstate(over="ignore"):
            half = np.ascontiguousarray(features, dtype="<f2")
        if not np.isfinite(half).all():
            raise BadData(
                f"{self.path}: a feature of image_id {image_id} is NaN or beyond fp16's range; "
                "check the extractor's weights"
            )
        self._put(half.tobytes(), self._places.first_record + row * half.nbytes)
        for name, record in zip(self.columns, beside, strict=True):
            self._put(record, self._places.first_of[name] + row * len(record))
        self._fresh.append(row)
        if len(self._fresh) >= FLUSH_EVERY:
            self._flush()

    def finish(self) -> None:
        """Give the file its name; what is still missing has no features from now on.

        Raises:
            BadData: no image has features, or the file system refuses.
        """
        self._flush()
        if not self._places.done.any():
            raise BadData(f"{self.path}: none of {self.shape[0]} images has features; check them")
        try:
            os.fsync(self._descriptor)
            rename_durably(self.partial, self.path)
        except OSError as error:
            raise unwritable(self.path, error) from error

    @property
    def _descriptor(self) -> int:
        if self._file is None:
            raise UsageError(f"{self.path}: not open for writing; use the writer in a with block")
        return self._file

    def _record(
        self, image_id: int | np.integer, name: str, columns: Mapping[str, np.ndarray]
    ) -> bytes:
        shape, dtype = self.columns[name]
        values = columns.get(name)
        if values is None or np.shape(values) != shape:
            raise UsageError(
                f"{self.path}: {name} of image_id {image_id} is "
                f"{'absent' if values is None else np.shape(values)}; write {shape}"
            )
        return np.ascontiguousarray(values, dtype=dtype).tobytes()

    def _begin(self, file: int) -> None:
        """Lay the file out anew; if that fails, leave no trace of it."""
        try:
            os.ftruncate(file, 0)
            layout.check_space(self.path, self.shape, self.columns)
            layout.create(self.partial, self.shape, self.image_ids, self.attributes, self.columns)
        except BaseException:
            self.partial.unlink(missing_ok=True)
            raise

    def _flush(self) -> None:
        """Records to the disk first, then the bytes that say so."""
        if not self._fresh:
            return
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:
            raise unwritable(self.path, error) from error
        for row in self._fresh:
            self._put(b"\x01", self._places.first_done + row)
            self._places.done[row] = 1
        self._fresh.clear()

    def _put(self, data: bytes, offset: int) -> None:
        try:
            while data:
                written = os.pwrite(self._descriptor, data, offset)
                data, offset = data[written:], offset + written
        except OSError as error:
            raise unwritable(self.path, error) from error

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _claim(partial: Path) -> int:
    """Open or create the temporary file, locked until it is closed.

    Raises:
        BadData: another process has it.
    """
    # its name can be foretold, so a link of that name is not followed
    file = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        mine = partial.exists() and os.path.samestat(os.fstat(file), partial.stat())
    except BlockingIOError:
        mine = False
    except OSError:  # a file system without locks
        mine = True
    if not mine:
        os.close(file)
        raise BadData(f"{partial}: another process is writing it; wait for that one or end it")
    return file


def _as_os_error(error: OSError | RuntimeError) -> OSError:
    """What h5py raises has no error number, only a sentence with it."""
    return error if isinstance(error, OSError) else OSError(str(error))
