"""``vqax table``, ``report`` and ``check``: what the runs add up to."""

from pathlib import Path
from typing import Any

import click

from cli.common import Printed, StageCommand, loaded

study_argument = click.argument("study", default="headline")


@click.command(cls=StageCommand)
@click.argument("name", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["markdown", "csv", "latex"]),
    default="markdown",
    show_default=True,
)
@click.option("--study", default="headline", show_default=True)
def table(name: str | None, form: str, study: str) -> Printed:
    """Print table NAME (ucam/I …) of a study; without a name, list what there is."""
    from stages import tables

    settings = loaded()
    text = tables.render(*settings, name, form, study)
    return Printed(text, tables.records(*settings, name, study))


@click.command(cls=StageCommand)
@click.argument("study", required=False)
def claims(study: str | None) -> dict[str, Any]:
    """Test the claims of STUDY's paper: supported, contradicted, inconclusive, not testable here.

    Without STUDY: gather the verdicts of all studies in results/claims.parquet.
    """
    from stages import claims as stage

    return stage.gather(*loaded()) if study is None else stage.run(*loaded(), study)


@click.command(cls=StageCommand)
@study_argument
def report(study: str) -> dict[str, Any]:
    """Write the report of STUDY: one HTML file that needs nothing else."""
    from stages import report as stage

    return stage.run(*loaded(), study)


@click.command(cls=StageCommand)
@study_argument
def browse(study: str) -> dict[str, Any]:
    """Write the explorer of STUDY: all test questions with every run's maps, in one HTML file.

    Filters, sorting, two runs side by side; no server, no request. A large study has parts.
    """
    from stages import browse as stage

    return stage.run(*loaded(), study)


@click.command(cls=StageCommand)
@click.option(
    "--tolerances",
    type=click.Path(path_type=Path),
    default=Path("tolerances.yaml"),
    show_default=True,
)
@click.option("--write", is_flag=True, help="Make the present values the expected ones.")
@click.option("--study", default="headline", show_default=True)
def check(tolerances: Path, write: bool, study: str) -> dict[str, Any]:
    """Compare the metrics of a study with the committed tolerances; exit 5 where one is left."""
    from stages import check as stage

    params, workspace = loaded()
    params.study(study)
    return (stage.write if write else stage.run)(workspace.study(study), tolerances)
