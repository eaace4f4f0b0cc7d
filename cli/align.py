"""``vqax align``: anybody's maps against anybody's human maps; no settings file is needed."""

import os
from pathlib import Path
from typing import Any

import click

from cli.common import Printed, StageCommand, claim, completes, progress_bar, workers_option

PATH = click.Path(path_type=Path)


class Grid(click.ParamType):
    """ROWSxCOLUMNS, such as 14x14."""

    name = "ROWSxCOLUMNS"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, int]:
        rows, _, columns = str(value).partition("x")
        if not (rows.isdecimal() and columns.isdecimal() and int(rows) and int(columns)):
            self.fail(f"{value!r} is not of the form 14x14", param, ctx)
        return int(rows), int(columns)


@click.command(
    cls=StageCommand,
    examples=(
        "vqax align --maps maps/ --human human/",
        "vqax align --maps maps.npz --human fixations.csv --metric nss --out nss.csv",
    ),
)
@click.option("--maps", type=PATH, required=True, help="Maps to score: a folder, .npz or .h5.")
@click.option(
    "--human", type=PATH, required=True, help="Human maps: the same, or fixations (.csv)."
)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    shell_complete=completes("alignment_metrics"),
    help="Repeatable; default: all.",
)
@click.option("--images", type=PATH, help="Which image a question is about: questions JSON or CSV.")
@click.option("--grid", type=Grid(), help="Compare on this grid instead of each metric's own.")
@click.option("--kernel", help="Resize by area, bilinear or nearest instead of each metric's own.")
@click.option("--blur", type=float, help="Deviation of a fixation in image widths  [default: 1/32]")
@click.option("--seed", default=0, show_default=True, help="Of floors and intervals.")
@click.option("--out", type=PATH, help="Write the table: .parquet or .csv.")
@click.option("--out-questions", type=PATH, help="Write the scores of each question: .parquet.")
@workers_option
def align(
    maps: Path,
    human: Path,
    images: Path | None,
    blur: float | None,
    out: Path | None,
    out_questions: Path | None,
    **options: Any,
) -> Printed:
    """Do --maps look where people looked? Ids are read from the names of files or keys.

    A row a metric: value, 95 % interval over images, inter-annotator ceiling, image-blind floors,
    and the share of the way from the best floor to the ceiling.
    """
    claim(out, ".parquet", ".csv")
    claim(out_questions, ".parquet")
    os.environ.setdefault("POT_BACKEND_DISABLE_PYTORCH", "1")  # POT would import torch for nothing
    from vqax.alignment.align import align as score
    from vqax.alignment.human_map import BLUR
    from vqax.alignment.images import read_images
    from vqax.files import write_parquet

    options["images"] = None if images is None else read_images(images)
    options["workers"] = max(1, options["workers"])
    options["blur"] = BLUR if blur is None else blur
    with progress_bar("align") as progress:
        found = score(maps, human, progress=progress, **options)
    if out is not None:
        found.save(out)
    if out_questions is not None:
        write_parquet(out_questions, found.questions)
    return Printed(str(found), found.summary())
