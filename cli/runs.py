"""``vqax train``, ``vqax explain`` and ``vqax analyse``."""

from pathlib import Path
from typing import Any

import click

from cli.common import (
    StageCommand,
    completes,
    device_option,
    given_options,
    loaded,
    note,
    open_option,
    progress_bar,
    resumable_from_the_start,
    run_argument,
    show_page,
    speaker,
    workers_option,
)
from vqax.errors import UsageError

FROM = "A CSV or Parquet with the columns image and question; or a folder of images."
MODEL = (
    "A model of your own instead of RUN: what FUNCTION() of FILE.py returns, or a vision-language "
    "model, hf:ORG/NAME or a folder."
)
CHOICE = "An answer that a vision-language model may choose; repeatable."
GENERATE = "Let a vision-language model write its answer (default without --choice)."
TOKEN = "Also a map for each token of an answer that was written."
ANSWER = "The answer to explain: predicted, truth (of a question of the data set), or a text."
METHOD = "An explainer; repeatable. Default: the usual ones that the run has what they need for."


@click.command(
    cls=StageCommand,
    examples=(
        "vqax train mcb",
        "vqax train mcb --resume --device cuda",
    ),
)
@run_argument
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint, if there is one.")
@device_option
@workers_option
def train(run: str, resume: bool, device: str, workers: int) -> dict[str, Any]:
    """Train RUN of params.yaml. SIGTERM saves and exits with 75; --resume goes on."""
    with resumable_from_the_start(), progress_bar(f"train {run}") as progress:
        from stages import train as stage
        from vqax.learning.processes import keep_freed_memory

        keep_freed_memory()
        return stage.run(
            *loaded(families=True),
            run,
            resume=resume,
            device=device,
            workers=workers,
            **({} if progress is None else {"progress": progress, "on_epoch": progress.epoch}),
            note=note,
        )


class ExplainCommand(StageCommand):
    """A command that tells its function whether a program or a person will read the summary."""

    def invoke(self, ctx: click.Context) -> None:
        ctx.meta["as_json"] = ctx.params["as_json"]
        super().invoke(ctx)


@click.command(
    cls=ExplainCommand,
    examples=(
        "vqax explain mcb_p_gca --image cat.jpg --question 'What is on the table?' --html",
        "vqax explain --model mine.py:net --from album/ --out explained",
        "vqax explain mcb",
    ),
)
@click.argument("run", required=False, shell_complete=completes("runs"))
@click.option("--image", type=click.Path(path_type=Path), help="An image of your own.")
@click.option("--question", "questions", multiple=True, help="What to ask; repeatable.")
@click.option("--from", "source", type=click.Path(path_type=Path), help=FROM)
@click.option("--model", metavar="MODEL", help=MODEL)
@click.option("--choice", "choices", multiple=True, help=CHOICE)
@click.option("--generate", is_flag=True, help=GENERATE)
@click.option("--token", "by_token", is_flag=True, help=TOKEN)
@click.option("--answer", default="predicted", show_default=True, help=ANSWER)
@click.option(
    "--method", "methods", multiple=True, shell_complete=completes("methods"), help=METHOD
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder for what is written.")
@click.option(
    "--html",
    is_flag=True,
    help="Also one page with everything about --image, or about all of --from.",
)
@click.option("--panels", is_flag=True, help="With --image: also a PNG of each method alone.")
@click.option("--figures", is_flag=True, help="With --from: also figures and maps of each line.")
@open_option
@device_option
@click.pass_context
def explain(
    ctx: click.Context,
    run: str | None,
    image: Path | None,
    questions: tuple[str, ...],
    source: Path | None,
    model: str | None,
    choices: tuple[str, ...],
    generate: bool,
    by_token: bool,
    to_open: bool,
    device: str,
    **options: Any,
) -> dict[str, Any] | None:
    """Answer and show where RUN looks: your own --image, or its whole test split.

    With --image and --question: answer, uncertainty and maps of one image. With --from: those
    of every line of a table, or of a folder's images. RUN may be left out if only one is
    trained, or for a --model of your own.

    With RUN alone: predictions, uncertainties and raw maps of the test questions.
    """
    if image is None and source is None:
        return _explain_split(ctx, run, device)
    _check_combination(ctx, image, questions, source)
    _check_speech(model, choices, generate, by_token)
    say = speaker(quiet=ctx.meta["as_json"])
    with progress_bar(f"explain {image or source}") as progress:
        from stages import explain_one

        speech = explain_one.Speech(choices, by_token)
        named = explain_one.Model(run, model, speech)
        asked = {"model": named, "questions": questions, "device": device}
        asked |= {**options, "progress": progress, "say": say}
        if image is not None:
            del asked["figures"]
            values = explain_one.explain_image(image=image, **asked)
        else:
            del asked["panels"]
            values = explain_one.explain_many(source=source, **asked)
    if to_open:
        show_page(values["page"])
    return values if ctx.meta["as_json"] else None


def _explain_split(ctx: click.Context, run: str | None, device: str) -> dict[str, Any]:
    from stages import explain as stage
    from vqax.learning.processes import keep_freed_memory

    given = given_options(ctx) - {"run", "device"}
    if given:
        raise UsageError(
            f"--{', --'.join(sorted(given))}: needs --image with --question, or --from"
        )
    if run is None:
        raise UsageError("RUN: name a run, or give --image with --question")
    keep_freed_memory()
    with progress_bar(f"explain {run}") as progress:
        return stage.run(*loaded(families=True), run, device=device, progress=progress)


def _check_speech(
    model: str | None, choices: tuple[str, ...], generate: bool, by_token: bool
) -> None:
    """Raise UsageError where what is asked of a vision-language model contradicts itself."""
    given = {"choice": bool(choices), "generate": generate, "token": by_token}
    if model is None or ".py:" in model:
        wrong = [f"--{name}" for name, is_given in given.items() if is_given]
        if wrong:
            raise UsageError(f"{', '.join(wrong)}: goes with --model hf:ORG/NAME or a folder")
    for name in ("generate", "token"):
        if choices and given[name]:
            raise UsageError(f"--{name}: does not go with --choice, which lists the answers")


def _check_combination(
    ctx: click.Context, image: Path | None, questions: tuple[str, ...], source: Path | None
) -> None:
    """Raise UsageError where options contradict each other, before anything is loaded."""
    if image is not None and source is not None:
        raise UsageError("--image and --from: give one of the two")
    given, kind = given_options(ctx), "--image" if image is not None else "--from"
    wrong = given & ({"figures"} if image is not None else {"panels"})
    if wrong:
        raise UsageError(f"--{', --'.join(sorted(wrong))}: does not go with {kind}; leave it out")
    if "open" in given and not ctx.params["html"]:
        raise UsageError("--open: there is no page without --html; add that or leave it out")
    if image is not None and not questions:
        raise UsageError("--image: give at least one --question about it")
    if source is not None and "method" in given and not given & {"figures", "html"}:
        raise UsageError(
            "--method: with --from it needs --figures or --html; add one or leave it out"
        )


@click.command(
    cls=StageCommand,
    examples=(
        "vqax analyse noise",
        "vqax analyse explanation_masks --json",
    ),
)
@click.argument("name", shell_complete=completes("all_analyses"))
def analyse(name: str) -> dict[str, Any]:
    """Make analysis NAME of params.yaml: what is asked of trained runs beyond maps and scores."""
    from stages import analyses as stage
    from vqax.learning.processes import keep_freed_memory

    keep_freed_memory()
    return stage.run(*loaded(families=True), name)
