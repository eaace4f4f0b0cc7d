"""``vqax score``: a run of the pipeline, or anybody's predictions."""

import os
from pathlib import Path
from typing import Any, get_args

import click

from cli.common import StageCommand, completes, loaded, workers_option
from vqax.accuracy_rules import Mode

EXISTING = click.Path(path_type=Path)


@click.command(
    cls=StageCommand,
    examples=(
        "vqax score mcb",
        "vqax score --questions q.json --annotations a.json --results mine.json",
    ),
)
@click.argument("run", required=False, shell_complete=completes("runs"))
@click.option("--questions", type=EXISTING, help="Official questions file (.json or .json.gz).")
@click.option("--annotations", type=EXISTING, help="Official annotations file.")
@click.option("--results", type=EXISTING, help="Predictions: [{question_id, answer}, …].")
@click.option(
    "--mode",
    type=click.Choice(get_args(Mode)),
    help="Of --results; official (default): bit-exact with the evaluator; "
    "always: normalise unanimous answers too; simple: min(matches/3, 1); "
    "exact: one of the answers. The last two also of other than ten answers.",
)
@workers_option
def score(
    run: str | None,
    questions: Path | None,
    annotations: Path | None,
    results: Path | None,
    mode: Mode | None,
    workers: int,
) -> dict[str, Any]:
    """Score RUN, or --results against --questions and --annotations."""
    if questions and annotations and results and run is None:
        from stages.score_file import run as score_file

        return score_file(questions, annotations, results, mode or "official")
    if run is None or questions or annotations or results or mode:
        raise click.UsageError(
            "give the name of a run, or all of --questions, --annotations and --results "
            "(--mode belongs to these; the rule of a run is that of its data set in params.yaml)"
        )
    os.environ.setdefault("POT_BACKEND_DISABLE_PYTORCH", "1")  # POT would import torch for nothing
    from stages import score as stage

    return stage.run(*loaded(), run, workers=workers)
