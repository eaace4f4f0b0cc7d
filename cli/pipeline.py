"""``vqax repro``, ``pipeline``, ``code`` and ``doctor``."""

from pathlib import Path
from typing import Any

import click

from cli.cache import kept
from cli.common import StageCommand, completes, data_root_option

JOBS = "Stages side by side.  [default: 1; with --on as many as workers take]"
ON = "The address of a Dask scheduler, its scheduler file, or cluster.yaml: stages run there."
DEVICE = "Where stages compute that have --device: auto, cpu, mps, cuda …  [default: cpu]"
KEEP_GOING = "After a failure go on with stages that do not need what failed; --on always does."


@click.command(
    cls=StageCommand,
    examples=(
        "vqax repro report_headline --jobs 2",
        "vqax repro --profile full --dry",
        "vqax repro --on cluster.yaml",
    ),
)
@click.argument("targets", nargs=-1, shell_complete=completes("stages"))
@click.option("--jobs", type=click.IntRange(min=1), help=JOBS)
@click.option("--on", metavar="WHERE", help=ON)
@click.option("--device", help=DEVICE)
@click.option(
    "--profile",
    shell_complete=completes("profiles"),
    help="Overlay profiles/NAME.yaml; works in its own folder work/NAME.",
)
@data_root_option
@click.option("--dry", is_flag=True, help="Only say which stages would run.")
@click.option("--force", is_flag=True, help="Run them even where nothing changed.")
@click.option("--keep-going", is_flag=True, help=KEEP_GOING)
def repro(targets: tuple[str, ...], **options: Any) -> dict[str, Any]:
    """Bring every stage (or TARGETS and what they need) up to date."""
    from stages.repro import command

    return command.run(targets, **options)


@click.command(
    cls=StageCommand, examples=("vqax init my_project", "vqax init ~/vqa/experiments --json")
)
@click.argument("folder", type=click.Path(path_type=Path))
def init(folder: Path) -> dict[str, Any]:
    """Write a project into FOLDER: params.yaml, studies, profiles, dvc.yaml. No clone is needed."""
    from stages import init as stage

    return stage.run(folder)


@click.command(
    cls=StageCommand,
    examples=(
        "vqax code score score seed",
        "vqax code train",
    ),
)
@click.argument("stage")
@click.argument("sections", nargs=-1)
def code(stage: str, sections: tuple[str, ...]) -> dict[str, Any]:
    """Write the fingerprint of the code that STAGE runs, and of the defaults of SECTIONS."""
    from project.workspace import Workspace
    from stages.code import fingerprint

    return fingerprint.run(Workspace(), stage, sections)


@click.command(
    cls=StageCommand,
    examples=(
        "vqax pipeline",
        "vqax pipeline --check",
    ),
)
@click.option("--check", is_flag=True, help="Write nothing; refuse a dvc.yaml that would change.")
def pipeline(check: bool) -> dict[str, Any]:
    """Write the part of dvc.yaml that follows from imports and settings."""
    from stages import dvc_yaml

    return (dvc_yaml.check if check else dvc_yaml.write)(Path())


@click.command(
    cls=StageCommand,
    examples=(
        "vqax doctor",
        "vqax doctor --stale",
    ),
)
@click.option("--stale", is_flag=True, help="Also what is to run again, and for how long.")
def doctor(stale: bool) -> dict[str, Any]:
    """Machine, packages, folder, settings: what there is, and the remedy for what is missing."""
    from stages import doctor as stage

    said = stage.run()
    if said["params.yaml"] == "here":
        files = (Path("params.yaml"), Path("studies"))
        said["settings"] = kept(["settings"], files, stage.settings_state)
    if stale:
        from stages.repro.durations import forecast

        said |= forecast(Path.cwd())
    return said
