"""No damage to a file that somebody else wrote ends in a traceback or a hang.

A few hundred cases of every reader here; ``make fuzz`` runs ten thousand, or VQAX_FUZZ_CASES. A
case is found again by its reader and number. Inputs that once broke a reader lie in ``seeds``.
"""

import faulthandler
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest

from tests.fuzz.readers import READERS
from vqax.data.records import Skipped
from vqax.errors import VqaxError

CASES = int(os.environ.get("VQAX_FUZZ_CASES", "0"))
EACH = -(-CASES // len(READERS)) if CASES else 150
CHUNK = 150
LONGEST_S = 10
SEEDS = Path(__file__).parent / "seeds"
ROOT = Path(__file__).resolve().parents[2]


class Hang(BaseException):
    """A reader took too long; no Exception, so that no reader takes it for a damaged file."""


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Raise ``Hang`` after that time; code in C that never comes back ends the process."""

    def hang(*_signal: object) -> None:
        raise Hang(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, hang)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    faulthandler.dump_traceback_later(6 * seconds, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@cache
def documented_exit_codes() -> set[int]:
    """The table of docs/command_line.md."""
    text = (ROOT / "docs" / "command_line.md").read_text(encoding="utf-8")
    table = text.partition("## Exit codes")[2].partition("##")[0]
    return {int(code) for code in re.findall(r"^\| (\d+) \|", table, flags=re.MULTILINE)}


def renew(path: Path, content: bytes) -> None:
    """Another file of the same name: the last one may still be open, and HDF5 would share it."""
    path.unlink()
    path.write_bytes(content)


def read_damaged(name: str, path: Path) -> str:
    """How it ends: ``read``, ``skipped`` in part, or the class of the error that refuses it."""
    refusal: VqaxError | None = None
    try:
        with at_most(LONGEST_S):
            skipped = READERS[name].read(path)
    except VqaxError as error:
        refusal = error
    if refusal is None:
        in_part = isinstance(skipped, list) and any(isinstance(one, Skipped) for one in skipped)
        return "skipped" if in_part else "read"
    assert refusal.exit_code in documented_exit_codes() - {0, 1}, refusal
    assert str(refusal), type(refusal)
    return type(refusal).__name__


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A good input of every reader."""
    return {name: READERS[name].make(tmp_path_factory.mktemp(name)) for name in READERS}


@pytest.mark.parametrize("start", range(0, EACH, CHUNK))
@pytest.mark.parametrize("name", READERS)
def test_damage_is_refused_or_read(
    name: str, start: int, whole: dict[str, Path], record_property
) -> None:
    path, content = whole[name], whole[name].read_bytes()
    ends: dict[str, int] = {}
    try:
        for number in range(start, min(start + CHUNK, EACH)):
            renew(path, content)
            READERS[name].damage(path, np.random.default_rng([crc32(name.encode()), number]))
            try:
                end = read_damaged(name, path)
            except (Exception, Hang) as error:
                error.add_note(f"reader {name}, case {number}")
                raise
            ends[end] = ends.get(end, 0) + 1
    finally:
        renew(path, content)
    for end, count in ends.items():
        record_property(end, count)
    assert set(ends) != {"read"}, f"{name} refuses nothing"


@pytest.mark.parametrize("name", READERS)
def test_the_whole_input_is_read(name: str, whole: dict[str, Path]) -> None:
    assert read_damaged(name, whole[name]) == "read"


@pytest.mark.parametrize(
    "seed", sorted(SEEDS.glob("*/*")), ids=lambda path: f"{path.parent.name}-{path.name}"
)
def test_what_once_broke_a_reader(seed: Path, whole: dict[str, Path]) -> None:
    path = whole[seed.parent.name]
    content = path.read_bytes()
    try:
        renew(path, seed.read_bytes())
        read_damaged(seed.parent.name, path)
    finally:
        renew(path, content)
