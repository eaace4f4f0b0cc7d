"""``vqax data …``."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from cli.common import (
    CommandGroup,
    Printed,
    StageCommand,
    completes,
    data_root_option,
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
    "import",
    cls=StageCommand,
    examples=(
        "vqax data import train=train.csv val=val.csv --images photos --out my_data",
        "vqax data import questions.jsonl --images photos --split part --out my_data",
    ),
)
@click.argument("sources", nargs=-1, required=True, metavar="[SPLIT=]TABLE…")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to be made.")
@click.option(
    "--images", multiple=True, type=click.Path(path_type=Path), help="Folder of images; repeatable."
)
@click.option("--where", multiple=True, metavar="COLUMN=VALUE", help="Take only such rows.")
@click.option("--image", metavar="COLUMN", help="Path or name of the image, or the image itself.")
@click.option("--question", metavar="COLUMN", help="Its text.")
@click.option("--answers", metavar="COLUMN", help="One answer or a list; none for a test split.")
@click.option("--id", metavar="COLUMN", help="Of the question; any text, or none.")
@click.option("--split", metavar="COLUMN", help="Where no SPLIT= and no file name says it.")
@click.option("--question-type", metavar="COLUMN", help="By default the first words.")
@click.option("--answer-type", metavar="COLUMN", help="By default by the answer.")
def import_(
    sources: tuple[str, ...],
    out: Path,
    images: tuple[Path, ...],
    where: tuple[str, ...],
    **columns: str | None,
) -> dict[str, Any]:
    """Bring tables of questions about images into the official layout; images are linked.

    A TABLE is CSV, TSV, JSON, JSON Lines or Parquet, or a folder of Hugging Face datasets.
    """
    from stages import import_data as stage
    from vqax.data.importing import Columns, Source

    given = [Source(Path(path), split) for split, _, path in map(_split_first, sources)]
    rows = dict(_pair("--where", text) for text in where)
    return stage.run(given, out, images=images, columns=Columns(**columns), where=rows)


def _split_first(text: str) -> tuple[str, str, str]:
    """``train=a.csv``; the name of a file may hold an = itself, after a / or a dot."""
    split, equals, path = text.partition("=")
    named = equals and not set(split) & set("/.\\")
    return (split, equals, path) if named else ("", "", text)


def _pair(option: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"{option} {text}: is not of the form COLUMN=VALUE; write it so")
    return name, value


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
        "vqax data verify --profile vqa_v2 --data-root ~/data",
    ),
)
@click.argument("root", required=False, type=click.Path(path_type=Path))
@click.option("--split", "splits", multiple=True, help="Split to check, e.g. val2014; repeatable.")
@click.option("--profile", help="Instead of ROOT: which files profiles/NAME.yaml still wants.")
@data_root_option
def verify(
    root: Path | None, splits: tuple[str, ...], profile: str | None, data_root: Path | None
) -> Mapping[str, Any] | Printed:
    """Check a folder in the official layout: every question, annotation and image."""
    if (root is None) == (profile is None) or (profile and splits):
        raise UsageError("ROOT or --profile: give one of the two (--split goes with ROOT)")
    if root is not None:
        from stages import verify as stage

        return stage.run(root, splits)
    from stages import needed_files

    lines = needed_files.run(Path(), str(profile), data_root)
    return Printed("\n".join(map(str, lines)), {"files": [one.as_data() for one in lines]})


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
