"""``vqax faithfulness``: do the maps of a model show what moves its answer?"""

from pathlib import Path
from typing import Any

import click

from cli.align import Grid
from cli.common import Printed, StageCommand, claim, completes, device_option, progress_bar
from vqax.errors import UsageError

PATH = click.Path(path_type=Path)


@click.command(
    cls=StageCommand,
    examples=(
        "vqax faithfulness mcb --image cat.jpg --question 'What is it?'",
        "vqax faithfulness --model mine.py:net --from album/ --out faithfulness.parquet",
    ),
)
@click.argument("run", required=False, shell_complete=completes("runs"))
@click.option("--model", metavar="FILE.py:FUNCTION", help="A model of your own instead of RUN.")
@click.option("--image", type=PATH, help="An image of your own.")
@click.option("--question", "questions", multiple=True, help="What to ask; repeatable.")
@click.option("--from", "source", type=PATH, help="A table, or a folder of images, instead.")
@click.option("--answer", default="predicted", show_default=True, help="The answer to explain.")
@click.option(
    "--method",
    "methods",
    multiple=True,
    shell_complete=completes("methods"),
    help="An explainer; default: the usual ones.",
)
@click.option("--maps", type=PATH, help="Maps you have, named by image: a folder, .npz or .h5.")
@click.option("--masks", type=PATH, help="What should be looked at, named alike; 0 is outside.")
@click.option("--unit", help="What is hidden: patches, pixels, cells or words.")
@click.option("--grid", type=Grid(), default="14x14", show_default=True, help="Of patches.")
@click.option("--baseline", help="What stands in its place: mean, blur or zero.")
@click.option(
    "--measure",
    "measures",
    multiple=True,
    shell_complete=completes("measures"),
    help="Repeatable; default: all but the slow.",
)
@click.option("--randomise", is_flag=True, help="Also draw the model's layers anew, one by one.")
@click.option("--steps", default=20, show_default=True, help="Of deletion and insertion.")
@click.option("--subsets", default=100, show_default=True, help="Of each question.")
@click.option("--share", default=0.2, show_default=True, help="Of the units in a subset.")
@click.option("--seed", default=0, show_default=True)
@click.option("--out", type=PATH, help="Write the table: .parquet.")
@device_option
def faithfulness(
    run: str | None,
    model: str | None,
    image: Path | None,
    questions: tuple[str, ...],
    source: Path | None,
    answer: str,
    device: str,
    out: Path | None,
    **options: Any,
) -> Printed:
    """Are the maps of RUN, or of a --model of your own, faithful to it?

    Units that a map calls important are hidden from the model, and what becomes of its answer is
    measured. Random maps stand beside every method.
    """
    if (image is None) == (source is None):
        raise UsageError("give --image with --question, or --from")
    if image is not None and not questions:
        raise UsageError("--image: give at least one --question about it")
    claim(out, ".parquet")
    with progress_bar("faithfulness") as progress:
        from stages.explain_one import Model
        from stages.explain_one import faithfulness as stage

        found, summary = stage.run(
            Model(run, model),
            image=image, source=source, questions=questions, answer=answer,
            options=stage.Options(**options), device=device, progress=progress,
        )  # fmt: skip
    if out is not None:
        found.save(out)
    return Printed(_text(str(found), summary), summary)


def _text(table: str, summary: dict[str, Any]) -> str:
    """The table, the layers drawn anew, and what was left out."""
    lines = [f"{summary['run']}: {summary['questions']} questions, hiding {summary['unit']}", table]
    for method, layers in summary["randomisation"].items():
        values = ", ".join(f"{layer} {_number(value)}" for layer, value in layers.items())
        lines.append(f"{method}, correlation of maps after drawing layers anew: {values}")
    if summary["skipped"]:
        first = summary["skipped"][0]
        lines.append(f"skipped: {len(summary['skipped'])}, row {first['row']}: {first['reason']}")
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"
