"""``vqax compare``, ``table``, ``report`` and ``check``: what the runs add up to."""

from pathlib import Path
from typing import Any

import click

from cli.common import StageCommand, loaded


@click.command(cls=StageCommand)
def compare() -> dict[str, Any]:
    """Compare all runs: significance, the tidy tables, metrics and curves for DVC."""
    from stages import compare as stage

    return stage.run(*loaded())


@click.command(cls=StageCommand)
@click.argument("name", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["markdown", "csv", "latex"]),
    default="markdown",
    show_default=True,
)
def table(name: str | None, form: str) -> str:
    """Print table NAME (ucam/I …); without a name, list what there is."""
    from stages import tables

    return tables.render(loaded()[1], name, form)


@click.command(cls=StageCommand)
def report() -> dict[str, Any]:
    """Write the report: one HTML file that needs nothing else."""
    from stages import report as stage

    return stage.run(*loaded())


@click.command(cls=StageCommand)
@click.option(
    "--tolerances",
    type=click.Path(path_type=Path),
    default=Path("tolerances.yaml"),
    show_default=True,
)
@click.option("--write", is_flag=True, help="Make the present values the expected ones.")
def check(tolerances: Path, write: bool) -> dict[str, Any]:
    """Compare results/metrics.json with the committed tolerances; exit 5 where one is left."""
    from stages import check as stage

    return (stage.write if write else stage.run)(loaded()[1], tolerances)
