"""Lists as columns: in a terminal as wide as it is, in a file or pipe as wide as they are."""

import io
import shutil
import sys
from collections.abc import Iterable, Sequence

ANY_WIDTH = 10_000


def width() -> int:
    """Of the terminal; of a pipe, which has none, ``ANY_WIDTH``."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else ANY_WIDTH


def columns(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows below a header; what does not fit is wrapped in its column, nothing is cut."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for name in header:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return rendered(table)


def rendered(*parts: object) -> str:
    """What rich shows of it; without styles where stdout is no terminal, or NO_COLOR is set."""
    from rich.console import Console

    out = io.StringIO()
    is_terminal = sys.stdout.isatty()
    console = Console(
        file=out, width=width(), force_terminal=is_terminal, markup=False, highlight=False
    )
    console.print(*parts, sep="\n")
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())
