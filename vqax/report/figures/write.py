"""From frames to files (PNG and SVG) and to a section of the report."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from vqax.errors import BadData, UsageError
from vqax.report.cd_diagram import write_figure
from vqax.report.content import Drawing, FigureSection
from vqax.report.figures import FIGURES, GROUPS
from vqax.report.frames import Part

NOT_MEASURED = "Not measured in this study."


def write_section(
    name: str,
    parts: Sequence[Part],
    folder: Path,
    *,
    labels: Mapping[str, str] | None = None,
    note: str = "",
) -> FigureSection:
    """Draw ``parts`` of the figure ``GROUPS[name]`` into ``folder`` and gather them.

    ``labels`` (run -> words) replaces the runs' names. A part without rows is left out; a
    section without any drawing says ``note``, or that nothing was measured.

    Raises:
        UsageError: there is no such figure, a part is not of it, or two have one file name.
        BadData: a frame is not what its figure needs, or a file cannot be written.
    """
    if name not in GROUPS:
        raise UsageError(f"no figure {name!r}; there are {', '.join(GROUPS)}")
    group = GROUPS[name]
    kept = [part for part in parts if len(part.frame)]
    _check(name, kept)
    drawings = tuple(_drawing(part, folder, labels or {}) for part in kept)
    return FigureSection(
        name=name,
        reported=group.reported,
        title=group.title,
        drawings=drawings,
        note=note if drawings else note or NOT_MEASURED,
    )


def _check(name: str, parts: Sequence[Part]) -> None:
    names = [part.file_name for part in parts]
    for part in parts:
        if part.kind not in GROUPS[name].kinds:
            known = ", ".join(GROUPS[name].kinds)
            raise UsageError(f"figure {name!r} has no part {part.kind!r}; it has {known}")
        if names.count(part.file_name) > 1:
            raise UsageError(f"figure {name!r}: {part.file_name!r} twice; give each its suffix")


def _drawing(part: Part, folder: Path, labels: Mapping[str, str]) -> Drawing:
    kind = FIGURES[part.kind]
    frame = _relabelled(part.frame, labels)
    figure = kind.draw(frame, **part.arrays)
    _, svg = write_figure(figure, folder / part.file_name)
    return Drawing(part.file_name, svg.read_text(encoding="utf-8"), caption_of(part.kind, frame))


def _relabelled(frame: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """Runs under the words a reader knows; two runs must not get the same."""
    if "run" not in frame or not labels:
        return frame
    named = frame["run"].map(lambda run: labels.get(str(run), str(run)))
    if named.nunique() != frame["run"].nunique():
        raise BadData(
            f"figure: the labels {', '.join(named.unique())} name "
            f"{frame['run'].nunique()} runs; give every run its own label"
        )
    return frame.assign(run=named)


def caption_of(kind: str, frame: pd.DataFrame) -> str:
    """The caption with what the frame says about itself filled in."""
    facts = {"n": _count(frame), "runs": "", "question": "", "truth": ""}
    if "run" in frame:
        facts["runs"] = str(frame["run"].nunique())
    for name in ("question", "truth"):
        if name in frame:
            facts[name] = str(frame[name].iloc[0])
    return FIGURES[kind].caption.format(**facts)


def _count(frame: pd.DataFrame) -> str:
    """How many questions: their ids, else ``n``, else the rows of the run that has most."""
    if "question_id" in frame:
        return f"{frame['question_id'].nunique():,}"
    if "n" in frame:
        low, high = int(frame["n"].min()), int(frame["n"].max())
        return f"{high:,}" if low == high else f"{low:,} to {high:,}"
    return f"{frame.groupby('run').size().max():,}" if "run" in frame else f"{len(frame):,}"
