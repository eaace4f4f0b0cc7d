"""What a command prints: its summary for a person or a program, and errors as one sentence."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import click

from vqax.errors import UsageError, VqaxError

SURROGATES = re.compile(r"[\ud800-\udfff]")


class Printed(NamedTuple):
    """A summary that a person reads as ``text``, and a program as ``data``."""

    text: str
    data: dict[str, Any]


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


def echo_error(message: str, error: BaseException, exit_code: int) -> None:
    """The error as one JSON object on stdout."""
    kind = type(error).__name__
    click.echo(json.dumps({"error": message, "kind": kind, "exit_code": exit_code}))


@contextmanager
def usage_errors(*, as_json: bool) -> Iterator[None]:
    """Have a mistake on the command line as an object on stdout, besides what click says of it."""
    try:
        yield
    except click.UsageError as error:
        if as_json:
            echo_error(error.format_message(), error, error.exit_code)
        raise


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
