"""Which image a question is about, from the official questions file or a table of two columns."""

from pathlib import Path

import pandas as pd

from vqax.data.json_list import read_entries
from vqax.errors import BadData, MissingArtefact

COLUMNS = ["question_id", "image_id"]


def read_images(path: Path) -> dict[str, str]:
    """Question id -> image id; ``path`` is an official questions file (.json, .json.gz) or a CSV.

    Raises:
        MissingArtefact: there is no such file.
        BadData: it is cut, or question_id or image_id is absent.
    """
    if path.suffix.lower() == ".csv":
        return _of_table(path)
    entries = read_entries(path, "questions")
    try:
        return {str(entry["question_id"]): str(entry["image_id"]) for entry in entries}
    except (KeyError, TypeError) as error:
        raise BadData(
            f"{path}: an entry has no question_id or no image_id; give the official questions file"
        ) from error


def _of_table(path: Path) -> dict[str, str]:
    try:
        table = pd.read_csv(path, dtype=str, usecols=COLUMNS, encoding="utf-8-sig").dropna()
    except FileNotFoundError as error:
        raise MissingArtefact(f"{path}: no such file; name one that is there") from error
    except (ValueError, OSError) as error:
        raise BadData(
            f"{path}: not a CSV with question_id and image_id ({error}); give these columns"
        ) from error
    return dict(zip(table["question_id"], table["image_id"], strict=True))
