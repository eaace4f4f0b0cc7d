"""Which row of a feature file is which picture: ``{image_id: row}`` as JSON or plain pickle."""

import io
import pickle
from pathlib import Path
from typing import Any

from vqax.errors import BadData, MissingArtefact
from vqax.files import read_json


class _PlainValues(pickle.Unpickler):
    """Builds numbers, strings, lists and dicts; whatever would name a class or function fails."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"it names {module}.{name}, and nothing is imported")


def read_row_ids(path: Path) -> dict[int, int]:
    """image_id -> row; the published files are pickles of nothing but numbers.

    Raises:
        MissingArtefact: there is no such file.
        BadData: it is cut, holds more than plain values, or is not a mapping of whole numbers.
    """
    value = read_json(path) if path.suffix == ".json" else _unpickled(path)
    try:
        return {int(image_id): _row(row) for image_id, row in value.items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise BadData(
            f"{path}: is not a mapping of image_id to row ({error}); give imgid2idx.pkl"
        ) from error


def _unpickled(path: Path) -> Any:
    try:
        return _PlainValues(io.BytesIO(path.read_bytes()), encoding="latin1").load()
    except FileNotFoundError as error:
        raise MissingArtefact(f"{path}: no such file of image_ids; fetch it first") from error
    except (pickle.UnpicklingError, EOFError, ValueError, IndexError, AttributeError) as error:
        raise BadData(
            f"{path}: not a pickle of plain numbers ({error}); fetch it again or write it as JSON"
        ) from error


def _row(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"row {value!r} is no whole number")
    return value
