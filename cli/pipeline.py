"""``vqax repro``, ``pipeline``, ``code``, ``runs`` and ``doctor``."""

from pathlib import Path
from typing import Any

import click

from cli.common import Printed, StageCommand, loaded


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
@click.argument("stage")
@click.argument("sections", nargs=-1)
def code(stage: str, sections: tuple[str, ...]) -> dict[str, Any]:
    """Write the fingerprint of the code that STAGE runs, and of the defaults of SECTIONS."""
    from stages.code import fingerprint
    from stages.workspace import Workspace

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
