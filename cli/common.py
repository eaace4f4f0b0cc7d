"""What every command shares: errors in one sentence, ``--json``, ``--debug``, progress."""

import json
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from click.core import ParameterSource

from vqax.errors import BadData, Resumable, UsageError, VqaxError

Progress = Callable[[int, int], None]


SURROGATES = re.compile(r"[\ud800-\udfff]")
INTERRUPTED = 130  # as a shell says of a command that Ctrl-C ended


class StageCommand(click.Command):
    """A command whose function returns its summary: text, lines of a mapping or JSON."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += [
            click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON object."),
            click.Option(["--debug"], is_flag=True, help="Show the traceback of an error."),
        ]

    def invoke(self, ctx: click.Context) -> None:
        as_json, debug = ctx.params.pop("as_json"), ctx.params.pop("debug")
        try:
            refuse_bytes(ctx)
            summary = super().invoke(ctx)
        except VqaxError as error:
            if debug:
                raise
            click.echo(f"error: {told(error)}", err=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            if debug:
                raise
            option = " with --resume" if "resume" in ctx.params else ""
            click.echo(f"error: interrupted; run the same command{option} to go on", err=True)
            ctx.exit(INTERRUPTED)
        except OSError as error:
            if debug or error.filename is None:
                raise
            click.echo(f"error: {refused(error)}", err=True)
            ctx.exit(BadData.exit_code)
        if as_json:
            click.echo(json.dumps(summary, default=str))
        elif isinstance(summary, str):
            click.echo(summary)
        else:
            for key, value in (summary or {}).items():
                click.echo(f"{key}: {readable(value)}")


def refuse_bytes(ctx: click.Context) -> None:
    """Text and names of files go into tables and pages, which are UTF-8.

    Raises:
        UsageError: an argument or option holds bytes that are none; Python has them as surrogates.
    """
    for parameter in ctx.command.params:
        value = ctx.params.get(parameter.name or "")
        for text in map(str, value if isinstance(value, tuple) else (value,)):
            if SURROGATES.search(text):
                name = (
                    parameter.opts[0]
                    if parameter.opts[0][0] == "-"
                    else parameter.human_readable_name
                )
                raise UsageError(
                    f"{name}: {text!r} holds bytes that are not UTF-8; write it in UTF-8 or rename "
                    "the file"
                )


def told(error: VqaxError) -> str:
    """The sentence for an error, with the command that makes what is missing."""
    if error.output is None:
        return str(error)
    from stages import made_by

    return made_by.told(error)


def given_options(ctx: click.Context) -> set[str]:
    """The options on the command line, by the name they have there."""
    return {
        parameter.opts[0].lstrip("-")
        for parameter in ctx.command.params
        if ctx.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
    } - {"json", "debug"}


def refused(error: OSError) -> str:
    """The sentence for a file or folder that the system would not open."""
    return f"{error.filename}: {error.strerror}; name another path, or change what stands there"


def readable(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {readable(item)}" for key, item in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(readable, value)) or "none"
    return str(value)


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


@contextmanager
def progress_bar(label: str) -> Iterator[Progress | None]:
    """A rich bar on stderr where that is a terminal, otherwise nothing."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def speaker(*, quiet: bool) -> Callable[[str], None]:
    """Lines as they come, for a person who waits; nothing if ``quiet``.

    While a bar is shown, rich keeps lines for the terminal above it; a file gets them directly.
    """
    out = sys.stdout

    def say(line: str) -> None:
        stream = sys.stdout if out.isatty() else out
        stream.write(line + "\n")
        stream.flush()

    return (lambda line: None) if quiet else say  # noqa: ARG005


def loaded(*, families: bool = False) -> tuple[Any, Any]:
    """The settings and the workspace of this folder; ``families`` as ``load_whole`` checks them.

    That costs the import of torch, so only commands that need it anyway ask for it.
    """
    from stages.workspace import Workspace

    if families:
        from stages.families import load_whole as load
    else:
        from stages.params import load
    params = load()
    return params, Workspace(groups=params.groups)


run_argument = click.argument("run")
device_option = click.option(
    "--device", default="cpu", show_default=True, help="Where torch computes: cpu, cuda, cuda:1 …"
)
workers_option = click.option(
    "--workers",
    default=2,
    show_default=True,
    type=click.IntRange(min=0),
    help="Helpers: reader threads, or processes for data scenes.",
)
