"""Errors of DVC as sentences that name the right file, and locks of processes that have ended."""

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ValidationError

from vqax.errors import BadData, UsageError, VqaxError, did_you_mean
from vqax.files import write_text
from vqax.vision.weights import optional

log = logging.getLogger(__name__)
RUN_ALL_AGAIN = "put an earlier one back, or remove it: every stage then counts as never run"
REMEDIES = {"dvc.lock": RUN_ALL_AGAIN}
MEND = "mend it or restore it from git"
CLOCKS_DIFFER_S = 2.0  # between the file system and the start of a process


class Holder(BaseModel):
    """A process that reads or writes an output of the pipeline."""

    pid: int
    cmd: str


class Locks(BaseModel):
    """What stands in .dvc/tmp/rwlock: path -> the process that writes it, those that read it."""

    write: dict[str, Holder] = {}
    read: dict[str, list[Holder]] = {}

    def held_by(self, living: set[int]) -> "Locks":
        """Only the locks of these processes."""
        read = {
            path: [one for one in each if one.pid in living] for path, each in self.read.items()
        }
        return Locks(
            write={path: one for path, one in self.write.items() if one.pid in living},
            read={path: each for path, each in read.items() if each},
        )

    @property
    def pids(self) -> set[int]:
        readers = (one for each in self.read.values() for one in each)
        return {one.pid for one in (*self.write.values(), *readers)}


@contextmanager
def dvc_errors(folder: Path) -> Iterator[None]:
    """Whatever DVC raises in this block, as one of our errors.

    Raises:
        MissingArtefact: DVC is not installed.
        BadData: dvc.lock or another file of DVC is damaged.
        UsageError: dvc.yaml describes no pipeline.
        VqaxError: another process holds an output.
    """
    dvc_exception = optional("dvc.exceptions").DvcException
    try:
        yield
    except dvc_exception as error:
        raise sentence(folder, error) from error


def sentence(folder: Path, error: Exception) -> VqaxError:
    """Our error for one of DVC's, with the file that it is about and what to do."""
    from dvc.config import ConfigError
    from dvc.lock import LockError

    if isinstance(error, LockError):
        lock = folder / ".dvc" / "tmp" / "rwlock"
        lines = [line.strip() for line in str(error).splitlines()]
        holders = "; ".join(line for line in lines if line.startswith("(PID")) or _line(error)
        return VqaxError(f"{lock}: an output is in use: {holders}; wait for its end or stop it")
    if isinstance(error, ConfigError):
        return BadData(f"{folder / '.dvc' / 'config'}: {_line(error)}; {MEND}")
    named = getattr(error, "path", None)  # of errors about one file
    path = Path(named).absolute() if isinstance(named, str) and named else folder / "dvc.yaml"
    kind = UsageError if path.name == "dvc.yaml" else BadData
    return kind(f"{path}: {_cause(error)}; {REMEDIES.get(path.name, MEND)}")


def unknown_stage(target: str, stages: Collection[str]) -> str:
    """The sentence for a target that is no stage: those of an entry with this name, or near ones.

    Of hundreds of stages it lists the kinds.
    """
    kinds = {stage.partition("@")[0]: stage for stage in stages}
    about = [stage for stage in stages if stage.partition("@")[2] == target]
    meant = f"did you mean {' or '.join(about)}? " if about else ""
    meant = meant or did_you_mean(target, [*kinds, *stages])
    named = [f"{kind}@…" if "@" in stage else kind for kind, stage in kinds.items()]
    return f"{target}: no such stage; {meant}dvc.yaml has {', '.join(named) or 'none'}"


def release_dead(folder: Path) -> None:
    """Remove the locks that ended processes left in .dvc/tmp/rwlock; a number used anew is none.

    Call it while the repository is locked. DVC itself takes any process that has the number of an
    ended one for the owner of its locks, after a restart of the machine a daemon, say.

    Raises:
        BadData: the file is damaged, so nobody knows whose the locks are.
    """
    path = folder / ".dvc" / "tmp" / "rwlock"
    if not path.exists():
        return
    try:
        locks = Locks.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]["msg"]
        raise BadData(
            f"{path}: damaged ({first}); remove it if no dvc and no vqax repro runs in this folder"
        ) from error
    written_s = path.stat().st_mtime
    living = {pid for pid in locks.pids if _began_before(pid, written_s)}
    for pid in sorted(locks.pids - living):
        log.warning("%s: process %d has ended, its locks are removed", path, pid)
    if locks.pids - living:
        write_text(path, locks.held_by(living).model_dump_json())


def _began_before(pid: int, moment_s: float) -> bool:
    """Whether the process runs that had this number at that time."""
    import psutil

    try:
        return psutil.Process(pid).create_time() < moment_s + CLOCKS_DIFFER_S
    except psutil.NoSuchProcess:
        return False


def _cause(error: Exception) -> str:
    """What is wrong, where the parser of DVC says more than DVC: the line, or the entry."""
    mark = getattr(error.__cause__, "problem_mark", None)
    if mark is None:
        return _line(error.__cause__ if hasattr(error.__cause__, "errors") else error)
    conflict = getattr(error, "hint", "")  # " (possible merge conflicts)"
    return f"line {mark.line + 1}: {getattr(error.__cause__, 'problem', 'not YAML')}{conflict}"


def _line(error: BaseException | None) -> str:
    """A message on one line."""
    return " ".join(str(error).split())
