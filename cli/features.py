"""``vqax features …``."""

from pathlib import Path
from typing import Any

import click

from cli.common import (
    CommandGroup,
    StageCommand,
    completes,
    device_option,
    loaded,
    progress_bar,
    workers_option,
)


@click.group(cls=CommandGroup)
def features() -> None:
    """Extract grid features and look into their files."""


@features.command(
    cls=StageCommand,
    examples=(
        "vqax features extract scenes_v1",
        "vqax features extract scenes_v1 --device cuda --workers 8",
    ),
)
@click.argument("grid", shell_complete=completes("grids"))
@click.option(
    "--weights", type=click.Path(path_type=Path), help="Local weights instead of a download."
)
@device_option
@workers_option
def extract(grid: str, weights: Path | None, device: str, workers: int) -> dict[str, Any]:
    """Write the feature file GRID of params.yaml; goes on where an interrupted run stopped."""
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


@features.command(
    "import",
    cls=StageCommand,
    examples=(
        "vqax features import trainval_36.tsv --out bottom_up",
        "vqax features import features/ --out mine --boxes 100 --no-background",
    ),
)
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--out", required=True, help="Name of the feature file: data/features/NAME.h5.")
@click.option(
    "--ids",
    type=click.Path(path_type=Path),
    help="image_id -> row, where the layout keeps it apart.",
)
@click.option(
    "--vocab",
    "vocabulary",
    type=click.Path(path_type=Path),
    help="Folder with objects_vocab.txt: names of the classes in the file.",
)
@click.option(
    "--background/--no-background",
    default=True,
    show_default=True,
    help="Class 0 of the file is the background, which the vocabulary does not list.",
)
@click.option("--dataset", help="List the images of this data set that have no features.")
@click.option("--boxes", default=36, show_default=True, type=click.IntRange(min=1))
def import_(
    source: Path,
    out: str,
    ids: Path | None,
    vocabulary: Path | None,
    background: bool,
    dataset: str | None,
    boxes: int,
) -> dict[str, Any]:
    """Write published region features (TSV, HDF5, folder of npz) to a region file."""
    from project.schema import ImportedRegions
    from stages import import_regions as stage

    spec = ImportedRegions(
        source=source,
        ids=ids,
        vocabulary=vocabulary,
        background=background,
        dataset=dataset,
        boxes=boxes,
    )
    with progress_bar(f"import {out}") as progress:
        return stage.of_file(*loaded(), out, spec, progress=progress)


@features.command(
    cls=StageCommand,
    examples=(
        "vqax features show data/features/scenes_v1.h5",
        "vqax features show data/features/regions_v2.h5 --json",
    ),
)
@click.argument("path", type=click.Path(path_type=Path))
def show(path: Path) -> dict[str, Any]:
    """What a feature file holds: extractor, sizes, images."""
    from stages.features import describe

    return describe(path)
