"""``vqax data verify``: is a folder in the official layout whole?"""

from pathlib import Path
from typing import Any

from vqax.data import VqaFolder
from vqax.errors import MissingArtefact

SPLITS = ("train2014", "val2014", "train2015", "test2015")


def run(root: Path, splits: tuple[str, ...]) -> dict[str, Any]:
    """Read every split there is; count the questions and say what is wrong with the others."""
    summary: dict[str, Any] = {}
    for split in splits or SPLITS:
        try:
            found = VqaFolder(root, split).read()
        except MissingArtefact:
            if splits:
                raise
            continue
        summary[split] = {"questions": len(found.examples), "skipped": len(found.skipped)}
        summary |= {
            f"{split} skipped {number}": f"{item.file} {item.entry}: {item.reason}"
            for number, item in enumerate(found.skipped[:20], start=1)
        }
    if not summary:
        raise MissingArtefact(
            f"{root}: no official questions file of {', '.join(SPLITS)}; "
            "see `vqax data list` for the files and where they come from"
        )
    return summary
