"""``vqax regions …``."""

from typing import Any

import click

from cli.common import CommandGroup, StageCommand, completes, loaded, progress_bar, workers_option


@click.group(cls=CommandGroup)
def regions() -> None:
    """Train or fetch a detector, and write the regions it sees."""


@regions.command(
    cls=StageCommand,
    examples=(
        "vqax regions train scenes",
        "vqax regions train scenes --workers 4",
    ),
)
@click.argument("name", shell_complete=completes("detectors"))
@workers_option
def train(name: str, workers: int) -> dict[str, Any]:
    """Train the detector NAME of params.yaml and measure what it finds."""
    from stages import detector as stage

    with progress_bar(f"detector {name}") as progress:
        return stage.run(*loaded(families=True), name, workers=workers, progress=progress)


@regions.command(
    cls=StageCommand,
    examples=(
        "vqax regions fetch fasterrcnn",
        "vqax regions fetch fasterrcnn --json",
    ),
)
@click.argument("name", shell_complete=completes("coco_detectors"))
def fetch(name: str) -> dict[str, Any]:
    """Get the COCO detector NAME of params.yaml: from its file, or from torchvision's server."""
    from stages import detector as stage

    return stage.fetch(*loaded(families=True), name)


@regions.command(
    cls=StageCommand,
    examples=(
        "vqax regions extract regions_v2",
        "vqax regions extract regions_v2 --workers 4",
    ),
)
@click.argument("name", shell_complete=completes("regions"))
@workers_option
def extract(name: str, workers: int) -> dict[str, Any]:
    """Write the region file NAME; goes on where an interrupted run stopped."""
    from stages import regions as stage

    with progress_bar(f"regions {name}") as progress:
        return stage.run(*loaded(families=True), name, workers=workers, progress=progress)


@click.command(
    cls=StageCommand,
    examples=(
        "vqax key-objects cp_v2",
        "vqax key-objects cp_v2 --json",
    ),
)
@click.argument("name", shell_complete=completes("key_objects"))
def key_objects(name: str) -> dict[str, Any]:
    """Find the regions that questions and answers speak of: entry NAME of `key_objects`."""
    from stages import key_objects as stage

    return stage.run(*loaded(families=True), name)


@regions.command(
    "import",
    cls=StageCommand,
    examples=(
        "vqax regions import bottom_up",
        "vqax regions import bottom_up --json",
    ),
)
@click.argument("name", shell_complete=completes("imported_regions"))
def import_(name: str) -> dict[str, Any]:
    """Write the region file NAME from published features, as params.yaml says."""
    from stages import import_regions as stage

    with progress_bar(f"import {name}") as progress:
        return stage.run(*loaded(), name, progress=progress)


@regions.command(
    cls=StageCommand,
    examples=(
        "vqax regions show regions_v2",
        "vqax regions show regions_v2 --images 4",
    ),
)
@click.argument("name", shell_complete=completes("regions"))
@click.option("--images", default=8, show_default=True, type=click.IntRange(min=1))
def show(name: str, images: int) -> dict[str, Any]:
    """Draw what the boxes of region file NAME are, beside what is there; say how good they are."""
    from stages import show_regions as stage

    return stage.run(*loaded(), name, images=images)
