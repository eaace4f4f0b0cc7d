"""``vqax table``: a table of a study, for a terminal or for a text."""

import sys
from pathlib import Path
from typing import Any

import click

from cli.cache import kept
from cli.common import Printed, StageCommand, completes, for_json, loaded
from cli.terminal import rendered, width

FORMATS = ["terminal", "markdown", "csv", "latex"]


@click.command(
    cls=StageCommand,
    examples=(
        "vqax table ucam/II --study ucam --metric accuracy_all",
        "vqax table attreg/1 --study attreg --format latex",
    ),
)
@click.argument("name", required=False, shell_complete=completes("tables"))
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="Default: terminal in a terminal, markdown in a file or pipe.",
)
@click.option("--study", default="headline", show_default=True, shell_complete=completes("studies"))
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    shell_complete=completes("metrics"),
    help="Only this metric, by its name or heading; repeatable.",
)
@click.option("--row", "rows", multiple=True, help="Only rows with this in them; repeatable.")
def table(
    name: str | None,
    form: str | None,
    study: str,
    metrics: tuple[str, ...],
    rows: tuple[str, ...],
) -> Printed:
    """Print table NAME (ucam/I …) of a study; without a name, list what there is."""
    form = form or ("terminal" if sys.stdout.isatty() else "markdown")
    words = ("table", name, form, study, metrics, rows, width(), sys.stdout.isatty())
    files = (Path("params.yaml"), Path("studies"), Path("results", study, "tables"))
    return Printed(*kept(words, files, lambda: made(name, form, study, metrics, rows)))


def made(
    name: str | None, form: str, study: str, metrics: tuple[str, ...], rows: tuple[str, ...]
) -> list[Any]:
    """Text and data of the table."""
    from stages import table as stage

    chosen = stage.chosen(*loaded(), name, study, metrics=metrics, rows=rows)
    if name is not None and form == "terminal":
        text = rendered(*stage.for_terminal(chosen, width()))
    else:
        text = stage.text_of(chosen, "markdown" if form == "terminal" else form)
    return [text, for_json(stage.data_of(chosen))]
