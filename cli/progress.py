"""What is seen while a command works: a bar in a terminal, lines where there is none."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import Task, TaskID

QUIET, VERBOSE = "vqax.quiet", "vqax.verbose"
"""Keys of ``Context.meta``: the options -q and -v."""
TENTHS = 10


class Progress:
    """Called with (done, total); ``epoch`` is told what a training measured."""

    def __call__(self, done: int, total: int) -> None:
        raise NotImplementedError

    def epoch(self, number: int, values: Mapping[str, float]) -> None:
        """After epoch ``number``, from 1: what was measured in it."""


class Bar(Progress):
    """A bar of rich: what is done, how fast, how long it will take, and the last epoch."""

    def __init__(self, bars: "RichProgress", task: "TaskID") -> None:
        self._bars, self._task = bars, task

    def __call__(self, done: int, total: int) -> None:
        self._bars.update(self._task, completed=done, total=total)

    def epoch(self, number: int, values: Mapping[str, float]) -> None:
        self._bars.update(self._task, measured=measured(number, values))


class Lines(Progress):
    """For a log: a line for each tenth of the work, and for each epoch."""

    def __init__(self, label: str) -> None:
        self._label, self._tenth, self._started = label, 0, time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        tenth = TENTHS * done // max(1, total)
        if tenth > self._tenth:
            self._tenth = tenth
            seconds = max(time.monotonic() - self._started, 1e-9)
            self._say(f"{done} of {total}, {done / seconds:.3g} a second")

    def epoch(self, number: int, values: Mapping[str, float]) -> None:
        self._say(measured(number, values))

    def _say(self, text: str) -> None:
        click.echo(f"{self._label}: {text}", err=True)


def measured(number: int, values: Mapping[str, float]) -> str:
    """``epoch 3: loss 1.234, accuracy 0.512``."""
    return f"epoch {number}: " + ", ".join(f"{name} {value:.4g}" for name, value in values.items())


@contextmanager
def progress_bar(label: str) -> Iterator[Progress | None]:
    """A bar on stderr where that is a terminal; elsewhere lines with -v, else nothing."""
    meta = options_given()
    if meta.get(QUIET) or not (sys.stderr.isatty() or meta.get(VERBOSE)):
        yield None
    elif not sys.stderr.isatty():
        yield Lines(label)
    else:
        with bars() as shown:
            yield Bar(shown, shown.add_task(label, measured="", total=None))


def bars() -> "RichProgress":
    """The columns of a bar: label, bar, done of all, rate, time left, values of the epoch."""
    from rich import progress
    from rich.console import Console
    from rich.text import Text

    class Rate(progress.ProgressColumn):
        """Steps a second."""

        def render(self, task: "Task") -> Text:
            return Text("" if task.speed is None else f"{task.speed:.3g}/s", style="dim")

    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(bar_width=20),
        progress.MofNCompleteColumn(),
        Rate(),
        progress.TimeRemainingColumn(compact=True),
        progress.TextColumn("{task.fields[measured]}"),
        console=Console(stderr=True),
        transient=True,
    )


def options_given() -> Mapping[str, Any]:
    """``Context.meta`` of the command that runs; nothing outside of one."""
    context = click.get_current_context(silent=True)
    return {} if context is None else context.meta


def note(text: str) -> None:
    """A sentence beside the result, on stderr; nothing with -q."""
    if not options_given().get(QUIET):
        click.echo(text, err=True)


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
