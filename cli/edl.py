"""``vqax edl …``."""

from typing import Any

import click

from cli.common import CommandGroup, StageCommand, completes, loaded, progress_bar


@click.group(cls=CommandGroup)
def edl() -> None:
    """Train evidential classifiers of images, and evaluate them."""


@edl.command(
    cls=StageCommand,
    examples=(
        "vqax edl train edl_digits",
        "vqax edl train edl_digits --seed 21",
    ),
)
@click.argument("name", shell_complete=completes("classifiers"))
@click.option("--seed", type=int, help="Only the training with this seed.")
def train(name: str, seed: int | None) -> dict[str, Any]:
    """Train classifier NAME of the settings, once with each of its seeds."""
    from studies.edl import train as stage

    params, workspace = loaded(families=True)
    seeds = params.classifier_seeds(name) if seed is None else (seed,)
    made = {}
    for one in seeds:
        with progress_bar(f"classifier {name}, seed {one}") as progress:
            made[one] = stage.run(params, workspace, name, one, progress=progress)
    return made[seeds[0]] if len(seeds) == 1 else {f"seed {one}": made[one] for one in seeds}


@edl.command(
    cls=StageCommand,
    examples=(
        "vqax edl evaluate answers",
        "vqax edl evaluate answers --json",
    ),
)
@click.argument("name", shell_complete=completes("experiments"))
def evaluate(name: str) -> dict[str, Any]:
    """Make experiment NAME of params.yaml with trained classifiers."""
    from stages import evaluate as stage

    return stage.run(*loaded(families=True), name)
