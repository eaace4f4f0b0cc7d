"""One process at a time; a lock never outlives the process that holds it."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from vqax.errors import BadData
from vqax.locks import locked

HOLD = """
import sys
from pathlib import Path
from vqax.locks import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_another_process_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.lock"
    with holder(path) as process:
        with pytest.raises(BadData, match=r"a\.lock: another process holds it"), locked(path):
            pass
        process.communicate("")
    assert not path.exists()
    with locked(path):
        assert path.exists()
    assert not path.exists()


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with holder(path) as process:
        process.kill()
    assert path.exists()
    with locked(path):
        pass
    assert not path.exists()


def test_a_file_system_without_locks_and_one_that_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(number: int) -> None:
        def acquire(*arguments: object) -> None:
            raise OSError(number, "no")

        monkeypatch.setattr(FileLock, "acquire", acquire)

    fail(errno.ENOSYS)
    with locked(tmp_path / "a.lock"):
        pass
    fail(errno.EACCES)
    with pytest.raises(BadData, match=r"a\.lock: cannot be written"), locked(tmp_path / "a.lock"):
        pass
