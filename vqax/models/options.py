"""Looking up an option by name, with an error that lists the names there are."""

from collections.abc import Collection, Mapping
from typing import TypeVar

from vqax.errors import UsageError, did_you_mean

Choice = TypeVar("Choice")


def known(names: Collection[str], name: str, parameter: str) -> str:
    """``name`` if it is one of ``names``.

    Raises:
        UsageError: it is not; the message names parameter, value and the names there are.
    """
    if name not in names:
        near = did_you_mean(name, names)
        raise UsageError(
            f"{parameter}: {name!r} is not known; {near}choose one of {', '.join(names)}"
        )
    return name


def option(table: Mapping[str, Choice], name: str, parameter: str) -> Choice:
    """``table[name]``; raises UsageError as ``known`` does."""
    return table[known(table, name, parameter)]
