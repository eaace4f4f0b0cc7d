"""``vqax repro``, ``pipeline``, ``code``, ``runs`` and ``doctor``."""

from pathlib import Path
from typing import Any

import click

from cli.common import Printed, StageCommand, data_root_option, loaded

JOBS = "Stages side by side.  [default: 1; with --on as many as workers take]"
ON = "The address of a Dask scheduler, its scheduler file, or cluster.yaml: stages run there."
DEVICE = "Where stages compute that have --device: auto, cpu, mps, cuda …  [default: cpu]"
KEEP_GOING = "After a failure go on with stages that do not need what failed; --on always does."


@click.command(cls=StageCommand)
@click.argument("targets", nargs=-1)
@click.option("--jobs", type=click.IntRange(min=1), help=JOBS)
@click.option("--on", metavar="WHERE", help=ON)
@click.option("--device", help=DEVICE)
@click.option("--profile", help="Overlay profiles/NAME.yaml; works in its own folder work/NAME.")
@data_root_option
@click.option("--dry", is_flag=True, help="Only say which stages would run.")
@click.option("--force", is_flag=True, help="Run them even where nothing changed.")
@click.option("--keep-going", is_flag=True, help=KEEP_GOING)
def repro(targets: tuple[str, ...], **options: Any) -> dict[str, Any]:
    """Bring every stage (or TARGETS and what they need) up to date."""
    from stages.repro import command

    return command.run(targets, **options)


@click.command(cls=StageCommand)
@click.argument("stage")
@click.argument("sections", nargs=-1)
def code(stage: str, sections: tuple[str, ...]) -> dict[str, Any]:
    """Write the fingerprint of the code that STAGE runs, and of the defaults of SECTIONS."""
    from project.workspace import Workspace
    from stages.code import fingerprint

    return fingerprint.run(Workspace(), stage, sections)


@click.command(cls=StageCommand)
@click.option("--check", is_flag=True, help="Write nothing; refuse a dvc.yaml that would change.")
def pipeline(check: bool) -> dict[str, Any]:
    """Write the part of dvc.yaml that follows from imports and settings."""
    from stages import dvc_yaml

    return (dvc_yaml.check if check else dvc_yaml.write)(Path())


@click.command(cls=StageCommand)
def runs() -> Printed:
    """List the runs of params.yaml: model, data set, what is minimised."""
    params, workspace = loaded()
    data = {
        name: {
            "model": run.model,
            "dataset": run.dataset,
            "objective": run.objective.name,
            "trained": (workspace.run(name) / "model.safetensors").exists(),
        }
        for name, run in params.runs.items()
    }
    lines = (
        f"{name}: {run['model']} on {run['dataset']} · {run['objective']}"
        + (" · trained" if run["trained"] else "")
        for name, run in data.items()
    )
    return Printed("\n".join(lines), data)


@click.command(cls=StageCommand)
def doctor() -> dict[str, Any]:
    """Versions, optional parts, devices, disk, and the remedy for what is missing."""
    from stages import doctor as stage

    return stage.run()
