"""``vqax data …``."""

import os
from pathlib import Path
from typing import Any

import click

from cli.common import (
    CommandGroup,
    Printed,
    StageCommand,
    completes,
    given_options,
    lines_of,
    loaded,
    progress_bar,
    workers_option,
)
from vqax.errors import UsageError


@click.group(cls=CommandGroup)
def data() -> None:
    """Generate, check and describe data sets."""


@data.command(
    cls=StageCommand,
    examples=(
        "vqax data scenes scenes_v1",
        "vqax data scenes scenes_v2 --workers 8",
    ),
)
@click.argument("name", shell_complete=completes("scenes"))
@workers_option
def scenes(name: str, workers: int) -> dict[str, Any]:
    """Generate the Scenes data set NAME of params.yaml in the official formats."""
    from stages import scenes as stage

    with progress_bar(f"scenes {name}") as progress:
        return stage.run(*loaded(), name, workers=workers, progress=progress)


@data.command(
    "make-cp",
    cls=StageCommand,
    examples=(
        "vqax data make-cp cp_v2",
        "vqax data make-cp vqa_v2 vqa_cp --seed 1",
    ),
)
@click.argument("source", shell_complete=completes("changing_priors"))
@click.argument("out", required=False, type=click.Path(path_type=Path))
@click.option("--split", "splits", multiple=True, help="Split of SOURCE to merge; repeatable.")
@click.option("--test-share", default=1 / 3, type=click.FloatRange(0, 1, True, True))
@click.option("--covering-share", default=0.0, type=click.FloatRange(0, 1, max_open=True))
@click.option("--seed", default=0, type=click.IntRange(min=0))
@click.option("--coco-split", help="Image folder of all questions; default: their split.")
@click.pass_context
def make_cp(ctx: click.Context, source: str, out: Path | None, **options: Any) -> dict[str, Any]:
    """Divide a VQA data set anew so that answer priors change from train to test (VQA-CP).

    SOURCE is an entry of `changing_priors` in params.yaml, or, with OUT, a folder in the official
    layout. The options are for the second; its splits are train2014 and val2014 by default.
    """
    from stages import changing_priors as stage

    if out is not None:
        return stage.make(Path(source), out, **options)
    if wrong := sorted(given_options(ctx) - {"source"}):
        raise UsageError(
            f"--{', --'.join(wrong)}: goes with a folder and OUT; those of {source} stand in "
            "params.yaml: changing_priors"
        )
    return stage.run(*loaded(), source)


@data.command(
    cls=StageCommand,
    examples=(
        "vqax data priors data/cp/cp_v2",
        "vqax data priors vqa_v2 --train train2014 --test val2014",
    ),
)
@click.argument("root", type=click.Path(path_type=Path))
@click.option("--train", "train_split", help="Default: train of VQA-CP files, else train2014.")
@click.option("--test", "test_split", help="Default: test of VQA-CP files, else val2014.")
def priors(root: Path, train_split: str | None, test_split: str | None) -> Printed:
    """How far the answer priors of two splits of a folder differ, by question type."""
    from stages import changing_priors as stage

    values = stage.priors(root, train_split, test_split)
    return Printed(lines_of(stage.priors_in_words(values)), values)


@data.command(
    cls=StageCommand,
    examples=(
        "vqax data prepare scenes_v1",
        "vqax data prepare scenes_v2 --json",
    ),
)
@click.argument("name", shell_complete=completes("datasets"))
def prepare(name: str) -> dict[str, Any]:
    """Check data set NAME, divide its images, build the vocabularies from train."""
    from stages import prepare as stage

    return stage.run(*loaded(), name)


@data.command(
    cls=StageCommand,
    examples=(
        "vqax data agreement scenes_v1",
        "vqax data agreement scenes_v1 --json",
    ),
)
@click.argument("name", shell_complete=completes("datasets"))
def agreement(name: str) -> dict[str, Any]:
    """Score annotators against each other, and random against human maps: ceiling and floor."""
    os.environ.setdefault("POT_BACKEND_DISABLE_PYTORCH", "1")  # POT would import torch for nothing
    from stages import agreement as stage

    return stage.run(*loaded(), name)


@data.command(
    cls=StageCommand,
    examples=(
        "vqax data verify vqa_v2",
        "vqax data verify vqa_v2 --split val2014 --split test2015",
    ),
)
@click.argument("root", type=click.Path(path_type=Path))
@click.option("--split", "splits", multiple=True, help="Split to check, e.g. val2014; repeatable.")
def verify(root: Path, splits: tuple[str, ...]) -> dict[str, Any]:
    """Check a folder in the official layout: every question, annotation and image."""
    from stages import verify as stage

    return stage.run(root, splits)


@data.command(
    cls=StageCommand,
    examples=(
        "vqax data statistics scenes_v1",
        "vqax data statistics scenes_v2 --json",
    ),
)
@click.argument("name", shell_complete=completes("datasets"))
def statistics(name: str) -> dict[str, Any]:
    """Answers per type, human accuracy and agreement, prior strength of a data set."""
    from stages import statistics as stage

    return stage.run(*loaded(), name)


@data.command(
    "list",
    cls=StageCommand,
    examples=(
        "vqax data list",
        "vqax data list --json",
    ),
)
def list_() -> Printed:
    """Where each official file comes from, and its size."""
    from vqax.data.sources import OFFICIAL_FILES

    lines = [f"{source.file}: {source.size}  {source.address}" for source in OFFICIAL_FILES]
    data = {one.file: {"size": one.size, "address": one.address} for one in OFFICIAL_FILES}
    return Printed("\n".join(lines), data)


@data.command(
    "contact-sheet",
    cls=StageCommand,
    examples=(
        "vqax data contact-sheet scenes_v1 sheet.png",
        "vqax data contact-sheet scenes_v2 v2.png --json",
    ),
)
@click.argument("name")
@click.argument("path", type=click.Path(path_type=Path))
def contact_sheet(name: str, path: Path) -> dict[str, Any]:
    """Draw some images of Scenes data set NAME with their questions and answers, as a PNG."""
    if path.suffix.lower() != ".png":
        better = path.parent / f"{path.stem or 'sheet'}.png"
        raise UsageError(f"{path}: the sheet is a PNG; name it {better}")
    from stages.scenes import sheet

    return sheet(*loaded(), name, path)
