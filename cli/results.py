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
    """Test the claims of STUDY's paper: supported, contradicted, inconclusive, undecided …

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


def _seeds(_ctx: click.Context, _option: click.Parameter, text: str | None) -> list[int]:
    """``20,21,22`` as numbers."""
    try:
        return [int(part) for part in text.split(",")] if text else []
    except ValueError:
        raise click.BadParameter(f"{text}: list whole numbers, such as 20,21,22") from None


@click.command(cls=StageCommand)
@study_argument
@click.option("--first", metavar="SEED,…", callback=_seeds, help="Seeds of the first result.")
@click.option("--second", metavar="SEED,…", callback=_seeds, help="Seeds of the second one.")
def replication(study: str, first: list[int], second: list[int]) -> dict[str, Any]:
    """Is the result of STUDY found again with other seeds? Writes results/replication.parquet.

    Without --first and --second the seeds of its runs are halved.
    """
    from stages import replication as stage

    return stage.run(*loaded(), study, first=first, second=second)


@click.command("check-floors", cls=StageCommand)
@study_argument
def check_floors(study: str) -> dict[str, Any]:
    """Say per run and answer type of STUDY whether it beats what answers without looking."""
    from stages import check_floors as stage

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
