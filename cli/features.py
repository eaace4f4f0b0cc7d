"""``vqax features …``."""

from pathlib import Path
from typing import Any

import click

from cli.common import StageCommand, device_option, loaded, progress_bar, workers_option


@click.group()
def features() -> None:
    """Extract grid features and look into their store."""


@features.command(cls=StageCommand)
@click.argument("grid")
@click.option(
    "--weights", type=click.Path(path_type=Path), help="Local weights instead of a download."
)
@device_option
@workers_option
def extract(grid: str, weights: Path | None, device: str, workers: int) -> dict[str, Any]:
    """Write the store GRID of params.yaml; goes on where an interrupted run stopped."""
    from stages import features as stage

    with progress_bar(f"features {grid}") as progress:
        return stage.run(
            *loaded(families=True),
            grid,
            weights=weights,
            device=device,
            workers=workers,
            progress=progress,
        )


@features.command(cls=StageCommand)
@click.argument("path", type=click.Path(path_type=Path))
def show(path: Path) -> dict[str, Any]:
    """What a feature store holds: extractor, sizes, pictures."""
    from stages.features import describe

    return describe(path)
