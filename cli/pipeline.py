"""``vqax repro``, ``code``, ``runs`` and ``doctor``."""

from pathlib import Path
from typing import Any

import click

from cli.common import StageCommand, loaded
from vqax.errors import UsageError


@click.command(cls=StageCommand)
@click.argument("targets", nargs=-1)
@click.option(
    "--jobs", default=1, show_default=True, type=click.IntRange(min=1), help="Stages side by side."
)
@click.option("--profile", help="Overlay profiles/NAME.yaml; works in its own folder work/NAME.")
@click.option("--dry", is_flag=True, help="Only say which stages would run.")
@click.option("--force", is_flag=True, help="Run them even where nothing changed.")
def repro(
    targets: tuple[str, ...], jobs: int, profile: str | None, dry: bool, force: bool
) -> dict[str, Any]:
    """Bring every stage (or TARGETS and what they need) up to date."""
    from stages import repro as stage

    return stage.run(targets, jobs=jobs, profile=profile, dry=dry, force=force)


@click.command(cls=StageCommand)
@click.argument("stage", required=False)
@click.argument("sections", nargs=-1)
@click.option("--write", is_flag=True, help="Write the code_… stages of dvc.yaml from imports.")
@click.option("--check", is_flag=True, help="Refuse a dvc.yaml that --write would change.")
def code(stage: str | None, sections: tuple[str, ...], write: bool, check: bool) -> dict[str, Any]:
    """Write the fingerprint of the code that STAGE runs, and of the defaults of SECTIONS."""
    from stages.code import fingerprint, pipeline
    from stages.workspace import Workspace

    if [stage is not None, write, check].count(True) != 1:
        raise UsageError("STAGE, --write, --check: give one of the three")
    if stage is not None:
        return fingerprint.run(Workspace(), stage, sections)
    return (pipeline.write if write else pipeline.check)(Path("dvc.yaml"))


@click.command(cls=StageCommand)
def runs() -> dict[str, Any]:
    """List the runs of params.yaml: model, data set, what is minimised."""
    params, workspace = loaded()
    return {
        name: f"{run.model} on {run.dataset} · {run.objective.name}"
        + (" · trained" if (workspace.run(name) / "model.safetensors").exists() else "")
        for name, run in params.all_runs.items()
    }


@click.command(cls=StageCommand)
def doctor() -> dict[str, Any]:
    """Versions, optional parts, devices, disk, and the remedy for what is missing."""
    from stages import doctor as stage

    return stage.run()
