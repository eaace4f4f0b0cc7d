"""``vqax regions …``."""

from typing import Any

import click

from cli.common import CommandGroup, StageCommand, loaded, progress_bar, workers_option


@click.group(cls=CommandGroup)
def regions() -> None:
    """Train or fetch a detector, and write the regions it sees."""


@regions.command(cls=StageCommand)
@click.argument("name")
@workers_option
def train(name: str, workers: int) -> dict[str, Any]:
    """Train the detector NAME of params.yaml and measure what it finds."""
    from stages import detector as stage

    with progress_bar(f"detector {name}") as progress:
        return stage.run(*loaded(families=True), name, workers=workers, progress=progress)


@regions.command(cls=StageCommand)
@click.argument("name")
def fetch(name: str) -> dict[str, Any]:
    """Get the COCO detector NAME of params.yaml: from its file, or from torchvision's server."""
    from stages import detector as stage

    return stage.fetch(*loaded(families=True), name)


@regions.command(cls=StageCommand)
@click.argument("name")
@workers_option
def extract(name: str, workers: int) -> dict[str, Any]:
    """Write the region file NAME; goes on where an interrupted run stopped."""
    from stages import regions as stage

    with progress_bar(f"regions {name}") as progress:
        return stage.run(*loaded(families=True), name, workers=workers, progress=progress)


@click.command(cls=StageCommand)
@click.argument("name")
def key_objects(name: str) -> dict[str, Any]:
    """Find the regions that questions and answers speak of: entry NAME of `key_objects`."""
    from stages import key_objects as stage

    return stage.run(*loaded(families=True), name)


@regions.command("import", cls=StageCommand)
@click.argument("name")
def import_(name: str) -> dict[str, Any]:
    """Write the region file NAME from published features, as params.yaml says."""
    from stages import import_regions as stage

    with progress_bar(f"import {name}") as progress:
        return stage.run(*loaded(), name, progress=progress)


@regions.command(cls=StageCommand)
@click.argument("name")
@click.option("--images", default=8, show_default=True, type=click.IntRange(min=1))
def show(name: str, images: int) -> dict[str, Any]:
    """Draw what the boxes of region file NAME are, beside what is there; say how good they are."""
    from stages import show_regions as stage

    return stage.run(*loaded(), name, images=images)
