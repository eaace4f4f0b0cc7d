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
    """Test the claims of STUDY's paper: supported, contradicted, inconclusive, not testable here.

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
