"""The edge to files that somebody else wrote: whatever a parser raises becomes one sentence.

Parsers of damaged files raise nearly anything (IndexError, RecursionError, MemoryError, an OSError
without a number …), so a list of exceptions to catch is never whole. A reader puts the parsing, and
nothing else, into ``reading``; behind it the parsed values are checked one by one.
"""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vqax.errors import BadData, MissingArtefact, VqaxError

LONGEST = 200
"""Characters of a parser's own words in a message."""

PACKED_MOST = 100
"""Official JSON shrinks to a twelfth; what grows more than this is no text that people wrote."""
PACKED_FREE = 64 << 20
"""Bytes that anything may unpack to."""
UNPACKED_MOST = 2 << 30


@contextmanager
def reading(
    path: Path,
    kind: str,
    remedy: str,
    *,
    entry: str = "",
    absent: str = "no such file; fetch it first",
    error_class: type[VqaxError] = BadData,
    output: Path | None = None,
) -> Iterator[None]:
    """Parse a part of ``path`` that should be ``kind`` ("a JSON file"); ``entry`` says which part.

    Errors of this program pass as they are; ``error_class`` is raised for all others.
    ``output``: the file again, where a stage may have left it (``VqaxError.output``).

    Raises:
        MissingArtefact: there is no such file; the message says ``absent``.
        BadData: the file cannot be opened, or its content cannot be parsed; the message names
            file and entry, gives the parser's own words, and ends with ``remedy``.
    """
    place = f"{path}: {entry} is" if entry else f"{path}:"
    try:
        yield
    except VqaxError:
        raise
    except FileNotFoundError as error:
        raise MissingArtefact(f"{path}: {absent}", output=output) from error
    except OSError as error:
        if error.filename is not None:  # the system refused to open it
            raise BadData(
                f"{path}: cannot be read ({error.strerror}); name another path or change its "
                "rights",
                output=output,
            ) from error
        message = f"{place} not {kind} ({short(error)}); {remedy}"
        raise error_class(message, output=output) from error
    except Exception as error:
        message = f"{place} not {kind} ({short(error)}); {remedy}"
        raise error_class(message, output=output) from error


def short(error: Exception) -> str:
    """The words of an error on one line, cut where they go on and on; its name if it has none."""
    words = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, KeyError):
        words = str(error.args[0]) if " " in words else f"it lacks {words}"
    elif isinstance(error, RecursionError):
        words = "it is nested too deeply"
    elif isinstance(error, MemoryError):
        words = "it claims more than the memory holds"
    printable = "".join(one if one.isprintable() else "?" for one in words)
    return printable if len(printable) <= LONGEST else f"{printable[:LONGEST]} …"


def gunzip(packed: bytes) -> bytes:
    """The content of a gzip file, unpacked no further than a file of that size can be honest.

    Raises:
        ValueError: it unpacks to more than ``PACKED_MOST`` times its size, or to ``UNPACKED_MOST``.
        EOFError, zlib.error: it is cut or damaged.
    """
    most = min(UNPACKED_MOST, max(PACKED_FREE, PACKED_MOST * len(packed)))
    parts: list[bytes] = []
    room, rest = most, packed
    while rest:
        member = zlib.decompressobj(wbits=31)
        part = member.decompress(rest, room + 1)
        if len(part) > room:
            raise ValueError(
                f"its {len(packed)} bytes unpack to more than {most >> 20} MB, and no data set "
                "shrinks that much"
            )
        if not member.eof:
            raise EOFError("the compressed data end too early")
        parts.append(part)
        room -= len(part)
        rest = member.unused_data.lstrip(b"\0")  # a gzip file may be padded with zeros
    return b"".join(parts)
