"""The kind of command that all are: errors in one sentence, ``--json``, ``--debug``, -q, -v."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from cli.options import FOLDER_NAMES, FOLDER_SETTINGS
from cli.output import (
    echo_error,
    echo_json,
    echo_lines,
    error_sentence,
    refuse_bytes,
    usage_errors,
)
from cli.progress import QUIET, VERBOSE
from vqax.errors import BadData, MissingArtefact, VqaxError

INTERRUPTED = 130  # as a shell says of a command that Ctrl-C ended
OWN = ("as_json", "debug", "quiet", "verbose")
"""Options that every command has, and no function is told."""


def shared_options() -> list[click.Parameter]:
    """Those of every command."""
    return [
        click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON object."),
        click.Option(["-q", "--quiet"], is_flag=True, help="Print the result and errors alone."),
        click.Option(
            ["-v", "--verbose"], is_flag=True, help="Also progress in logs, time and memory."
        ),
        click.Option(["--debug"], is_flag=True, help="Show the traceback of an error."),
        click.Option(FOLDER_NAMES, **FOLDER_SETTINGS),
    ]


class Reported(click.Command):
    """A command whose function returns its summary: ``Printed``, or a mapping for lines and JSON.

    With ``--json`` an error is an object on stdout too, beside its sentence on stderr.
    ``examples`` are whole command lines; they end the help.
    """

    def __init__(self, *args: Any, examples: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples
        self.params += shared_options()

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
        given = {name: ctx.params.pop(name) for name in OWN}
        ctx.meta.update({QUIET: given["quiet"], VERBOSE: given["verbose"]})
        started = time.monotonic()
        try:
            with usage_errors(as_json=given["as_json"]):
                refuse_bytes(ctx)
                summary = super().invoke(ctx)
        except (VqaxError, OSError, ModuleNotFoundError, KeyboardInterrupt) as error:
            sentence, code = failure(error, ctx)
            if given["debug"] or sentence is None:
                raise
            if given["as_json"]:
                echo_error(sentence, error, code)
            click.echo(f"error: {sentence}", err=True)
            ctx.exit(code)
        if ctx.invoked_subcommand is None:
            echo_json(summary) if given["as_json"] else echo_lines(summary)
            if given["verbose"]:
                click.echo(cost(ctx.command_path, time.monotonic() - started), err=True)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        click.Command.format_epilog(self, ctx, formatter)
        write_examples(formatter, self.examples)


def write_examples(formatter: click.HelpFormatter, examples: Iterable[str]) -> None:
    """Each on a line of its own, however narrow the terminal is: they are copied."""
    lines = [f"  {line}\n" for line in examples]
    if lines:
        with formatter.section("Examples"):
            formatter.write("".join(lines))


def failure(error: BaseException, ctx: click.Context) -> tuple[str | None, int]:
    """What is said of an error, and the exit code; None for an error of the program."""
    if isinstance(error, KeyboardInterrupt):
        option = " with --resume" if "resume" in ctx.params else ""
        return f"interrupted; run the same command{option} to go on", INTERRUPTED
    if isinstance(error, ModuleNotFoundError):
        return how_to_install(error.name or ""), MissingArtefact.exit_code
    if isinstance(error, VqaxError):
        return error_sentence(error), error.exit_code
    assert isinstance(error, OSError)
    return error_sentence(error), BadData.exit_code


def how_to_install(module: str) -> str | None:
    """The sentence for a package of an extra that is not there; None for any other module."""
    from stages.doctor import extras, spelled

    package = spelled(module.partition(".")[0])
    smallest = sorted(extras().items(), key=lambda extra: len(extra[1]))
    extra = next((name for name, packages in smallest if package in packages), None)
    return extra and f'{package}: not installed; run `pip install "vqax[{extra}]"`'


def cost(command: str, seconds: float) -> str:
    """What it took, for -v."""
    import resource  # of Unix alone

    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return f"{command}: {seconds:.1f} s, {mib:,.0f} MiB of memory, in {Path.cwd()}"


class StageCommand(Reported):
    """A command without commands below it."""


class CommandGroup(click.Group):
    """Commands of one kind; their help is shown whole.

    Its errors, too, are objects for a program that says ``--json``.
    """

    command_class = StageCommand

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

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002  click fixes the signature
        formatter: click.HelpFormatter,
    ) -> None:
        rows = [(name, self.commands[name].get_short_help_str(1000)) for name in self.commands]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The first example of each of its commands."""
        super().format_epilog(ctx, formatter)
        commands = (one for one in self.commands.values() if isinstance(one, Reported))
        write_examples(formatter, (one.examples[0] for one in commands if one.examples))


class ReportedGroup(Reported, CommandGroup):
    """A group that is a command, too: ``vqax runs`` and ``vqax runs show NAME``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, invoke_without_command=True, **kwargs)
