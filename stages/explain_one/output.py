"""Where the figures and raw maps of a question go."""

import re
from collections.abc import Mapping
from pathlib import Path

from project.maps import write_hdf5
from project.workspace import Workspace
from vqax.ownership import OwnFiles
from vqax.report.one_image import Explained


def folder_of(model: str, name: str, out: Path | None) -> Path:
    """``out``, or data/explained/MODEL/NAME."""
    return out or Workspace().data / "explained" / model / slug(name)


def slug(text: str) -> str:
    """Letters and digits of any script, the rest as underscores, at most 48 characters."""
    return re.sub(r"\W+", "_", text.lower()).strip("_")[:48].strip("_") or "question"


def write_question(
    explained: Explained, own: OwnFiles, number: int, *, below: str = "", panels: bool = False
) -> Mapping[str, Path]:
    """Write the figure as PNG and SVG, and the raw maps and scores as HDF5 by method.

    Into the folder of ``own``, or its folder ``below``. ``panels``: also each method alone, in a
    folder beside them.

    Raises:
        BadData: a map is not finite, or a file cannot be written or is not ours to replace.
    """
    path = own.folder / below / f"{number}_{slug(explained.question)}"
    own.claim(*map(path.with_suffix, (".png", ".svg", ".h5")), *([path] if panels else []))
    from vqax.report.one_image_figure import write_one_image  # matplotlib, once it is needed

    png, svg = write_one_image(explained, path)
    written = {"figure": png, "svg": svg}
    raw = {**explained.maps, **explained.word_scores}
    if raw:
        written["maps"] = path.with_suffix(".h5")
        write_hdf5(written["maps"], **raw)
    if panels:
        from vqax.report.one_image_panels import write_panels

        written["panels"] = path
        write_panels(explained, path)
    return written
