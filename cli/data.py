"""``vqax data …``."""

import os
from pathlib import Path
from typing import Any

import click

from cli.common import StageCommand, loaded, progress_bar, workers_option


@click.group()
def data() -> None:
    """Generate, check and describe data sets."""


@data.command(cls=StageCommand)
@click.argument("name")
@workers_option
def scenes(name: str, workers: int) -> dict[str, Any]:
    """Generate the Scenes data set NAME of params.yaml in the official formats."""
    from stages import scenes as stage

    with progress_bar(f"scenes {name}") as progress:
        return stage.run(*loaded(), name, workers=workers, progress=progress)


@data.command(cls=StageCommand)
@click.argument("name")
def prepare(name: str) -> dict[str, Any]:
    """Check data set NAME, divide its pictures, build the vocabularies from train."""
    from stages import prepare as stage

    return stage.run(*loaded(), name)


@data.command(cls=StageCommand)
@click.argument("name")
def agreement(name: str) -> dict[str, Any]:
    """Score people against each other, and random maps against people: ceiling and floor."""
    os.environ.setdefault("POT_BACKEND_DISABLE_PYTORCH", "1")  # POT would import torch for nothing
    from stages import agreement as stage

    return stage.run(*loaded(), name)


@data.command(cls=StageCommand)
@click.argument("root", type=click.Path(path_type=Path))
@click.option("--split", "splits", multiple=True, help="Split to check, e.g. val2014; repeatable.")
def verify(root: Path, splits: tuple[str, ...]) -> dict[str, Any]:
    """Check a folder in the official layout: every question, annotation and picture."""
    from stages import verify as stage

    return stage.run(root, splits)


@data.command(cls=StageCommand)
@click.argument("name")
def statistics(name: str) -> dict[str, Any]:
    """Answers per type, human accuracy and agreement, prior strength of a data set."""
    from stages import statistics as stage

    return stage.run(*loaded(), name)


@data.command("list", cls=StageCommand)
def list_() -> dict[str, Any]:
    """Where each official file comes from, and its size."""
    from vqax.data.sources import OFFICIAL_FILES

    return {source.file: f"{source.size}  {source.address}" for source in OFFICIAL_FILES}


@data.command("contact-sheet", cls=StageCommand)
@click.argument("name")
@click.argument("path", type=click.Path(path_type=Path))
def contact_sheet(name: str, path: Path) -> dict[str, Any]:
    """Draw some pictures of Scenes data set NAME with their questions and answers."""
    from stages.scenes import sheet

    return sheet(*loaded(), name, path)
