"""``vqax claims``, ``report`` and ``check``: what the runs add up to."""

from pathlib import Path
from typing import Any

import click

from cli.common import StageCommand, completes, loaded, open_option, show_page

study_argument = click.argument("study", default="headline", shell_complete=completes("studies"))


@click.command(
    cls=StageCommand,
    examples=(
        "vqax claims ucam",
        "vqax claims",
    ),
)
@click.argument("study", required=False, shell_complete=completes("studies"))
def claims(study: str | None) -> dict[str, Any]:
    """Test the claims of STUDY's paper: supported, contradicted, inconclusive, undecided …

    Without STUDY: gather the verdicts of all studies in results/claims.parquet.
    """
    from stages import claims as stage

    return stage.gather(*loaded()) if study is None else stage.run(*loaded(), study)


@click.command(
    cls=StageCommand,
    examples=(
        "vqax report headline --open",
        "vqax report ucam --json",
    ),
)
@study_argument
@open_option
def report(study: str, to_open: bool) -> dict[str, Any]:
    """Write the report of STUDY: one HTML file that needs nothing else."""
    from stages import report as stage

    values = stage.run(*loaded(), study)
    if to_open:
        show_page(values["report"])
    return values


@click.command(cls=StageCommand, examples=("vqax browse headline --open", "vqax browse ucam"))
@study_argument
@open_option
def browse(study: str, to_open: bool) -> dict[str, Any]:
    """Write the explorer of STUDY: all test questions with every run's maps, in one HTML file.

    Filters, sorting, two runs side by side; no server, no request. A large study has parts.
    """
    from stages import browse as stage

    values = stage.run(*loaded(), study)
    if to_open:
        show_page(values["pages"][0])
    return values


def _seeds(_ctx: click.Context, _option: click.Parameter, text: str | None) -> list[int]:
    """``20,21,22`` as numbers."""
    try:
        return [int(part) for part in text.split(",")] if text else []
    except ValueError:
        raise click.BadParameter(f"{text}: list whole numbers, such as 20,21,22") from None


@click.command(
    cls=StageCommand,
    examples=("vqax replication headline", "vqax replication ucam --first 20,21 --second 22,23"),
)
@study_argument
@click.option("--first", metavar="SEED,…", callback=_seeds, help="Seeds of the first result.")
@click.option("--second", metavar="SEED,…", callback=_seeds, help="Seeds of the second one.")
def replication(study: str, first: list[int], second: list[int]) -> dict[str, Any]:
    """Is the result of STUDY found again with other seeds? Writes results/replication.parquet.

    Without --first and --second the seeds of its runs are halved.
    """
    from stages import replication as stage

    return stage.run(*loaded(), study, first=first, second=second)


@click.command(
    "check-floors",
    cls=StageCommand,
    examples=("vqax check-floors", "vqax check-floors ucam --json"),
)
@study_argument
def check_floors(study: str) -> dict[str, Any]:
    """Say per run and answer type of STUDY whether it beats what answers without looking."""
    from stages import check_floors as stage

    return stage.run(*loaded(), study)


@click.command(
    cls=StageCommand,
    examples=(
        "vqax check",
        "vqax check --write",
    ),
)
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


@click.command(cls=StageCommand, examples=("vqax findings", "vqax findings --check"))
@click.option(
    "--page", type=click.Path(path_type=Path), default=Path("README.md"), show_default=True
)
@click.option("--check", "only_check", is_flag=True, help="Write nothing; refuse another table.")
def findings(page: Path, only_check: bool) -> dict[str, Any]:
    """Write the verdicts of all papers, with their trainings and floors, into the front page."""
    from stages import findings as stage

    return (stage.check if only_check else stage.write)(*loaded(), page)
