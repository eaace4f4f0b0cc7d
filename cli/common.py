"""What commands are made of: their kind, options, progress, settings of the folder."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from cli.command import CommandGroup, ReportedGroup, StageCommand
from cli.completion import completes
from cli.output import Printed, for_json, lines_of
from cli.progress import note, progress_bar, speaker
from vqax.errors import Resumable, UsageError

__all__ = [
    "CommandGroup",
    "Printed",
    "ReportedGroup",
    "StageCommand",
    "claim",
    "completes",
    "device_option",
    "for_json",
    "given_options",
    "lines_of",
    "loaded",
    "note",
    "open_option",
    "progress_bar",
    "resumable_from_the_start",
    "run_argument",
    "show_page",
    "speaker",
    "workers_option",
]

NOT_ITS_OWN = {"json", "debug", "quiet", "verbose", "q", "v", "C"}
"""Options that every command has."""


def given_options(ctx: click.Context) -> set[str]:
    """The options on the command line, by the name they have there."""
    return {
        parameter.opts[0].lstrip("-")
        for parameter in ctx.command.params
        if ctx.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
    } - NOT_ITS_OWN


def claim(path: Path | None, *endings: str) -> None:
    """Make sure, before anything is computed, that a file may be written; None: it is not.

    Raises:
        UsageError: its name has none of the endings.
        BadData: one stands there that this program did not write.
    """
    if path is None:
        return
    from vqax.ownership import OwnFiles  # pandas, which not every command needs

    if path.suffix not in endings:
        raise UsageError(f"{path}: does not end in {' or '.join(endings)}; give such a name")
    OwnFiles(path.parent).claim(path)


@contextmanager
def resumable_from_the_start() -> Iterator[None]:
    """SIGTERM ends the block with exit code 75, where the training itself does not listen yet.

    No error of ours: libraries that are being imported catch ``Exception``.
    """

    def stop(*_: Any) -> None:
        click.echo("error: stopped between two steps; run the same command with --resume", err=True)
        raise SystemExit(Resumable.exit_code)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def loaded(*, families: bool = False) -> tuple[Any, Any]:
    """The settings and the workspace of this folder; ``families`` as ``load_whole`` checks them.

    That costs the import of torch, so only commands that need it anyway ask for it.
    """
    from project.workspace import Workspace

    if families:
        from stages.components import load_whole as load
    else:
        from project.params import load
    params = load()
    return params, Workspace(groups=params.groups)


data_root_option = click.option(
    "--data-root",
    type=click.Path(path_type=Path),
    envvar="VQAX_DATA",
    help="Folder of the data sets that profiles name; also as VQAX_DATA in the environment.",
)
run_argument = click.argument("run", shell_complete=completes("runs"))
device_option = click.option(
    "--device",
    default="cpu",
    show_default=True,
    envvar="VQAX_DEVICE",
    help="Where torch computes: auto, cpu, mps, cuda, cuda:1 …; auto: a GPU if there is one.",
)
workers_option = click.option(
    "--workers",
    default=2,
    show_default=True,
    type=click.IntRange(min=0),
    help="Helpers: reader threads, or processes for data scenes.",
)
open_option = click.option("--open", "to_open", is_flag=True, help="Show the page in a browser.")


def show_page(path: str | Path) -> None:
    """Hand a page to the browser of this machine; where there is none, say where the page is."""
    if click.launch(str(path)) != 0:
        note(f"no program opens pages here; the page is {Path(path).resolve()}")
