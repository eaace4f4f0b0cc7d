"""What a worker of Dask does for ``vqax repro``: the commands of a stage, and nothing of DVC.

Imported on every worker, so torch and DVC are not.
"""

import os
import secrets
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from stages.repro import receipts
from stages.repro.dvc_itself import path_of_commands
from stages.repro.runner import Job
from vqax.errors import Resumable
from vqax.files import write_text

FOLDER = Path(".dvc") / "tmp" / "vqax"
IDENTITY = FOLDER / "identity"
OF_ARITHMETIC = ("python", "torch", "numpy", "vqax")
OF_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")

_guards: dict[tuple[Path, str], subprocess.Popen[bytes]] = {}


class Ended(NamedTuple):
    """How a stage ended, and on which worker."""

    status: int
    worker: str


class Seen(NamedTuple):
    """What a worker finds: the identity of the folder, its versions, a file that it wrote."""

    identity: str
    versions: dict[str, str]
    wrote: Path


def run_job(job: Job, cores: int | None, environment: dict[str, str]) -> Ended:
    """Run a stage; what an earlier attempt has left unfinished goes first.

    A stage that has ended well is not repeated, should Dask have lost nothing but its answer.

    Raises:
        Reschedule: the stage was stopped by SIGTERM, as this machine is to be given back; another
            worker takes it, and it goes on from its checkpoint.
    """
    from distributed import Reschedule, get_worker

    worker = get_worker()
    status = 0
    if not receipts.holds(job.folder, job.stage, job.inputs, job.outs):
        own = _environment(job, cores or _share_of_cores(worker.state.nthreads), environment)
        status = _run(job, own, worker.address)
    if status == Resumable.exit_code:
        raise Reschedule
    return Ended(status, f"{worker.address} ({os.uname().nodename})")


def _run(job: Job, environment: dict[str, str], worker: str) -> int:
    """The exit status of the first command that fails, or 0 and a receipt."""
    for out in job.outs:
        _remove(job.folder / out)
    log = job.folder / log_of(job.stage)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab", buffering=0) as output:
        output.write(f"{time.strftime('%F %T')} {job.stage} on {worker}\n".encode())
        for command in job.commands:
            output.write(f"> {command}\n".encode())
            if status := _status(command, job, environment, output.fileno()):
                return status
    with suppress(FileNotFoundError):  # an output that is missing is told by DVC
        made = receipts.outs_hash(job.folder, job.outs)
        receipts.write(job.folder, receipts.Receipt(job.stage, job.inputs, made))
    return 0


def _status(command: str, job: Job, environment: dict[str, str], output: int) -> int:
    guard = [sys.executable, "-I", "-S", str(Path(__file__).with_name("guard.py"))]
    shell = environment.get("SHELL") or "/bin/sh"
    process = subprocess.Popen(
        [*guard, shell, "-c", command],
        cwd=job.folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=output,
    )
    key = (job.folder, job.stage)
    _guards[key] = process
    try:
        return process.wait()
    finally:
        del _guards[key]
        _close(process)


def stop(folder: Path, stages: list[str]) -> None:
    """End these stages if they run here."""
    for stage in stages:
        if process := _guards.get((folder, stage)):
            _close(process)


def _close(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()


def _environment(job: Job, cores: int, given: dict[str, str]) -> dict[str, str]:
    """That of the worker, but for the threads: Dask sets them to one for arithmetic of its own."""
    own = {name: value for name, value in os.environ.items() if name not in OF_THREADS}
    own |= {"OMP_NUM_THREADS": str(cores), "PATH": path_of_commands()}
    return own | given | {"DVC_STAGE": job.stage, "DVC_ROOT": str(job.folder)}


def _share_of_cores(jobs: int) -> int:
    """Cores for each of the stages that a worker runs side by side."""
    from dask.system import CPU_COUNT  # what a container or a queue allows

    return max(1, int(CPU_COUNT) // jobs)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def log_of(stage: str) -> Path:
    """Where in the folder the output of a stage is."""
    return FOLDER / "logs" / f"{stage}.log"


def identity_of(folder: Path) -> str:
    """What tells this folder from one at the same place on another machine."""
    path = folder / IDENTITY
    if not path.exists():
        write_text(path, secrets.token_hex(16))
    return path.read_text(encoding="utf-8")


def look(folder: Path) -> Seen:
    """Read and write in the folder, as a stage will.

    Raises:
        OSError: it is not there, or nobody may write in it.
    """
    identity = (folder / IDENTITY).read_text(encoding="utf-8")
    wrote = folder / FOLDER / "workers" / secrets.token_hex(16)
    write_text(wrote, "")
    return Seen(identity, versions(), wrote)


def versions() -> dict[str, str]:
    """Of what decides over the last digit of a result."""
    python = ".".join(map(str, sys.version_info[:3]))
    return {"python": python} | {name: metadata.version(name) for name in OF_ARITHMETIC[1:]}
