"""``vqax predict``."""

from pathlib import Path
from typing import Any

import click

from cli.common import StageCommand, completes, device_option, progress_bar
from cli.runs import CHOICE, MODEL

PATH = click.Path(path_type=Path)
SPLIT = "Official name of a split that has a questions file: test-dev2015, test2015, val2014 …"
OUT = "Results file FILE.json, or FILE.zip as evaluation servers take it."
DATA = "Folder of the questions in the official layout.  [default: that of the run's data set]"
FEATURES = "A feature file of the images, such as imported regions, instead of the images."
FILL = "Answer to questions whose image cannot be used; without it these are an error."


@click.command(
    cls=StageCommand,
    examples=(
        "vqax predict mcb --split test-dev2015 --out test-dev.zip",
        "vqax predict --model mine.py:make --data vqa --split val2014 --out mine.json",
    ),
)
@click.argument("run", required=False, shell_complete=completes("runs"))
@click.option("--split", required=True, help=SPLIT)
@click.option("--out", required=True, type=PATH, help=OUT)
@click.option("--data", type=PATH, help=DATA)
@click.option("--model", metavar="MODEL", help=MODEL)
@click.option("--choice", "choices", multiple=True, help=CHOICE)
@click.option("--features", metavar="FEATURE_FILE", help=FEATURES)
@click.option("--fill", metavar="ANSWER", help=FILL)
@device_option
def predict(
    run: str | None,
    split: str,
    out: Path,
    data: Path | None,
    model: str | None,
    choices: tuple[str, ...],
    features: str | None,
    fill: str | None,
    device: str,
) -> dict[str, Any]:
    """Answer every question of a split once, also where the right answers are secret.

    Of RUN, or of a --model of your own. Interrupted, the same command goes on.
    """
    if out.suffix not in (".json", ".zip"):
        raise click.UsageError(f"--out {out}: does not end in .json or .zip; give such a name")
    with progress_bar(f"predict {split}") as progress:
        from stages import predict as stage
        from stages.explain_one import Model, Speech

        asking = stage.Asking(split, data, features, fill)
        named = Model(run, model, Speech(choices))
        return stage.run(named, asking=asking, out=out, device=device, progress=progress)
