"""``vqax edl …``."""

from typing import Any

import click

from cli.common import CommandGroup, StageCommand, loaded, progress_bar


@click.group(cls=CommandGroup)
def edl() -> None:
    """Train evidential classifiers of images, and evaluate them."""


@edl.command(cls=StageCommand)
@click.argument("name")
def train(name: str) -> dict[str, Any]:
    """Train classifier NAME of params.yaml."""
    from studies.edl import train as stage

    with progress_bar(f"classifier {name}") as progress:
        return stage.run(*loaded(families=True), name, progress=progress)


@edl.command(cls=StageCommand)
@click.argument("name")
def evaluate(name: str) -> dict[str, Any]:
    """Make experiment NAME of params.yaml with trained classifiers."""
    from stages import evaluate as stage

    return stage.run(*loaded(families=True), name)
