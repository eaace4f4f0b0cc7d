"""``vqax compare``: the runs of a study, or anybody's trainings."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import click

from cli.common import StageCommand, completes, given_options, loaded
from vqax.errors import UsageError

LISTS = ("--a", "--b", "--family")
BETWEEN = "\0"  # no file name holds it
Files = tuple[Path, ...]


class FileListsCommand(StageCommand):
    """A command with options that take every argument up to the next option, as globs need it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, joined_lists(args))


def joined_lists(args: list[str]) -> list[str]:
    """``--a x y`` as ``--a`` and one argument, for click wants a fixed number of arguments.

    Raises:
        click.BadOptionUsage: no file follows.
    """
    joined: list[str] = []
    in_list = False
    for arg in args:
        if in_list and not arg.startswith("-"):
            joined[-1] += BETWEEN * bool(joined[-1]) + arg
            continue
        in_list = arg in LISTS
        joined += [arg, ""] if in_list else [arg]
    for option, files in pairwise(joined):
        if option in LISTS and not files:
            raise click.BadOptionUsage(option, f"{option}: name one or more files after it")
    return joined


def _split(_ctx: click.Context, _option: click.Parameter, lists: tuple[str, ...]) -> list[Files]:
    return [tuple(map(Path, files.split(BETWEEN))) for files in lists]


def files_option(name: str, text: str) -> Any:
    return click.option(name, metavar="FILE…", multiple=True, callback=_split, help=text)


@click.command(
    cls=FileListsCommand,
    examples=(
        "vqax compare ucam",
        "vqax compare --a mine_*.csv --b baseline_*.csv --metric accuracy_official",
    ),
)
@click.argument("study", required=False, shell_complete=completes("studies"))
@files_option("--a", "Values per question of method A: one file a training.")
@files_option("--b", "The same of method B.")
@files_option("--family", "Of a further configuration, to tell how trainings differ; repeatable.")
@click.option(
    "--floor",
    type=click.Path(path_type=Path),
    help="In place of --b: one file of a method that is not trained.",
)
@click.option(
    "--metric", help="The column to compare, or auroc_COLUMN. [default: accuracy_official]"
)
@click.option("--margin", type=float, help="Ask whether A is worse by less than this.")
@click.option(
    "--higher-is-better/--lower-is-better", default=None, help="Of --metric, where vqax has it not."
)
@click.option("--effect", type=float, help="Ask how many trainings would find this difference.")
@click.option("--data", help="What the verdict is about, such as 'VQA v2 val'.")
@click.option("--questions", type=click.Path(path_type=Path), help="For official results (.json).")
@click.option(
    "--annotations", type=click.Path(path_type=Path), help="For official results (.json)."
)
@click.pass_context
def compare(
    ctx: click.Context,
    study: str | None,
    a: list[Files],
    b: list[Files],
    family: list[Files],
    **options: Any,
) -> dict[str, Any]:
    """Compare the runs of STUDY (default: headline), or the trainings --a with --b.

    STUDY: significance, the tidy tables, metrics and curves for DVC. Files (.parquet, .csv, or
    official results .json) hold question_id, image_id and the metric, a row per question.
    """
    given = given_options(ctx) - {"study"}
    if not given:
        from stages import compare as stage

        return stage.run(*loaded(), study or "headline")
    _refuse_mixture(study, given)
    return _compare_files(a, b, family, **options)


def _refuse_mixture(study: str | None, given: set[str]) -> None:
    if study is not None:
        raise UsageError(
            f"{study}: a study is compared as a whole, without --{min(given)}; leave one of the "
            "two out"
        )
    if "a" not in given or len(given & {"b", "floor"}) != 1:
        raise UsageError(
            f"--{min(given)}: needs the trainings of two methods; give --a, and one of --b and "
            "--floor"
        )
    if len(given & {"questions", "annotations"}) == 1:
        raise UsageError(
            "--questions, --annotations: belong together; give both or, for tables, none"
        )


def _compare_files(
    a: list[Files],
    b: list[Files],
    family: list[Files],
    floor: Path | None,
    questions: Path | None,
    annotations: Path | None,
    **options: Any,
) -> dict[str, Any]:
    from stages.compare_files import MethodFiles, run
    from stages.question_values import OfficialSplit

    split = OfficialSplit(questions, annotations) if questions and annotations else None
    files = MethodFiles(sum(a, ()), sum(b, ()), floor, tuple(family), split)
    options["metric"] = options["metric"] or "accuracy_official"
    return run(files, **{name: value for name, value in options.items() if value is not None})
