"""Published region features, in the layouts they were published in, to a region file."""

from pathlib import Path

from vqax.errors import BadData, MissingArtefact
from vqax.vision.imported.hdf5 import Hdf5Source
from vqax.vision.imported.npz import NpzSource
from vqax.vision.imported.source import RegionSource, import_regions
from vqax.vision.imported.tsv import TsvSource
from vqax.vision.imported.vocabulary import read_class_names

__all__ = ["RegionSource", "import_regions", "open_source", "read_class_names"]

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"


def open_source(path: Path, *, ids: Path | None = None) -> RegionSource:
    """What ``path`` holds: a folder of ``.npz``, an HDF5 file (by its first bytes), or a TSV.

    ``ids`` is the file of an HDF5 layout that keeps its image_ids apart.

    Raises:
        MissingArtefact: there is no such file or folder.
        BadData: it is in none of the known layouts, or holds no regions.
        UsageError: a layout without image_ids of its own needs ``ids``.
    """
    if path.is_dir():
        return NpzSource(path)
    try:
        with path.open("rb") as file:
            is_hdf5 = file.read(len(HDF5_SIGNATURE)) == HDF5_SIGNATURE
    except FileNotFoundError as error:
        raise MissingArtefact(f"{path}: no such file of features; fetch it first") from error
    except OSError as error:
        raise BadData(f"{path}: cannot be read ({error.strerror}); check its rights") from error
    return Hdf5Source(path, ids) if is_hdf5 else TsvSource(path)
