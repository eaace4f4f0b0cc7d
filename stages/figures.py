"""Draw the figures of a study; the frames are kept as Parquet beside the PNG and the SVG."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import studies
from project.study import Measured
from vqax.files import write_parquet
from vqax.report.content import FigureSection
from vqax.report.figures.write import write_section


def sections(measured: Measured, folder: Path) -> tuple[FigureSection, ...]:
    """Draw every figure of the study into ``folder``."""
    figures: Mapping[str, dict[str, Any]] = measured.study.report.figures
    labels = {run: measured.params.label(run) for run in measured.runs}
    collect = studies.figures()
    drawn = []
    for name, options in figures.items():
        parts = collect[name](measured, **options)
        for part in parts:
            write_parquet(folder / f"{part.file_name}.parquet", part.frame)
        drawn.append(write_section(name, parts, folder, labels=labels))
    return tuple(drawn)
