"""``vqax train``, ``vqax explain`` and ``vqax analyse``."""

from typing import Any

import click

from cli.common import (
    StageCommand,
    device_option,
    loaded,
    progress_bar,
    run_argument,
    workers_option,
)


@click.command(cls=StageCommand)
@run_argument
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint, if there is one.")
@device_option
@workers_option
def train(run: str, resume: bool, device: str, workers: int) -> dict[str, Any]:
    """Train RUN of params.yaml. SIGTERM saves and exits with 75; --resume goes on."""
    from stages import train as stage
    from vqax.learning.memory import keep_freed_memory

    keep_freed_memory()
    with progress_bar(f"train {run}") as progress:
        return stage.run(
            *loaded(families=True),
            run,
            resume=resume,
            device=device,
            workers=workers,
            progress=progress,
        )


@click.command(cls=StageCommand)
@run_argument
@device_option
def explain(run: str, device: str) -> dict[str, Any]:
    """Answer the test questions with RUN: predictions, uncertainties, attention, Grad-CAM."""
    from stages import explain as stage
    from vqax.learning.memory import keep_freed_memory

    keep_freed_memory()
    with progress_bar(f"explain {run}") as progress:
        return stage.run(*loaded(families=True), run, device=device, progress=progress)


@click.command(cls=StageCommand)
@click.argument("name")
def analyse(name: str) -> dict[str, Any]:
    """Make analysis NAME of params.yaml: what is asked of trained runs beyond maps and scores."""
    from stages import analyse as stage
    from vqax.learning.memory import keep_freed_memory

    keep_freed_memory()
    return stage.run(*loaded(families=True), name)
