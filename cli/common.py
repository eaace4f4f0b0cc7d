"""What every command shares: errors in one sentence, ``--json``, ``--debug``, progress."""

import json
import math
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click
from click.core import ParameterSource

from vqax.errors import BadData, Resumable, UsageError, VqaxError

Progress = Callable[[int, int], None]


SURROGATES = re.compile(r"[\ud800-\udfff]")
INTERRUPTED = 130  # as a shell says of a command that Ctrl-C ended


class Printed(NamedTuple):
    """A summary that a person reads as ``text``, and a program as ``data``."""

    text: str
    data: dict[str, Any]


class StageCommand(click.Command):
    """A command whose function returns its summary: ``Printed``, or a mapping for lines and JSON.

    With ``--json`` an error is an object on stdout too, beside its sentence on stderr.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += [
            click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON object."),
            click.Option(["--debug"], is_flag=True, help="Show the traceback of an error."),
        ]

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        with usage_errors(as_json="--json" in args):
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> None:
        as_json, debug = ctx.params.pop("as_json"), ctx.params.pop("debug")
        try:
            with usage_errors(as_json=as_json):
                refuse_bytes(ctx)
                summary = super().invoke(ctx)
        except click.UsageError:
            raise
        except (VqaxError, OSError) as error:
            sentence = error_sentence(error)
            if debug or sentence is None:
                raise
            code = error.exit_code if isinstance(error, VqaxError) else BadData.exit_code
            if as_json:
                echo_error(sentence, error, code)
            click.echo(f"error: {sentence}", err=True)
            ctx.exit(code)
        except KeyboardInterrupt:
            if debug:
                raise
            option = " with --resume" if "resume" in ctx.params else ""
            click.echo(f"error: interrupted; run the same command{option} to go on", err=True)
            ctx.exit(INTERRUPTED)
        echo_json(summary) if as_json else echo_lines(summary)


class CommandGroup(click.Group):
    """A group of commands whose errors, too, are objects for a program that says ``--json``."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        with usage_errors(as_json="--json" in args):
            return super().make_context(info_name, args, parent, **extra)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        with usage_errors(as_json="--json" in args):
            return self.named_command(ctx, args)

    def named_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that ``args`` begin with; raises click.UsageError where there is none."""
        return super().resolve_command(ctx, args)


@contextmanager
def usage_errors(*, as_json: bool) -> Iterator[None]:
    """Have a mistake on the command line as an object on stdout, besides what click says of it."""
    try:
        yield
    except click.UsageError as error:
        if as_json:
            echo_error(error.format_message(), error, error.exit_code)
        raise


def echo_lines(summary: Printed | Mapping[str, Any] | None) -> None:
    """The summary for a person."""
    text = summary.text if isinstance(summary, Printed) else lines_of(summary or {})
    if text or isinstance(summary, Printed):
        click.echo(text)


def lines_of(values: Mapping[str, Any]) -> str:
    """A line for each entry."""
    return "\n".join(f"{key}: {readable(value)}" for key, value in values.items())


def echo_json(summary: Printed | Mapping[str, Any] | None) -> None:
    """The summary as one JSON object."""
    data = summary.data if isinstance(summary, Printed) else summary
    click.echo(json.dumps(for_json(data), allow_nan=False))


def error_sentence(error: VqaxError | OSError) -> str | None:
    """What is said of an error; None for one of the system that names no file."""
    if isinstance(error, VqaxError):
        return told(error)
    return None if error.filename is None else refused(error)


def echo_error(message: str, error: Exception, exit_code: int) -> None:
    """The error as one JSON object on stdout."""
    kind = type(error).__name__
    click.echo(json.dumps({"error": message, "kind": kind, "exit_code": exit_code}))


def for_json(value: Any) -> Any:
    """What JSON has for it: null for a number that is undefined, text for what is neither."""
    if isinstance(value, Mapping):
        return {str(key): for_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [for_json(item) for item in value]
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if hasattr(value, "tolist"):  # a number or an array of numpy
        return for_json(value.tolist())
    return str(value)


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
run_argument = click.argument("run")
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
