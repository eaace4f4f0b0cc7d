"""A real scheduler of Dask and its workers, each a process of its own on this machine."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from stages.repro.on_worker import log_of
from tests.stages.tiny import ROOT

HERE = ("--host", "127.0.0.1", "--no-dashboard")


class Cluster:
    """Processes by name; ``address`` is what ``--on`` takes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        file = folder / "scheduler.json"
        self._start("scheduler", "dask_scheduler", "--port", "0", "--scheduler-file", str(file))
        until(lambda: file.exists() and file.read_text().rstrip().endswith("}"))
        self.address: str = json.loads(file.read_text())["address"]

    def worker(
        self, name: str, *options: str, before: Sequence[str] = (), **environment: str
    ) -> None:
        """Start a worker, maybe by a command that comes ``before`` its own."""
        place = str(self.folder / name)
        own = ["--nthreads", "1", "--no-nanny", "--name", name, "--local-directory", place]
        self._start(name, "dask_worker", self.address, *own, *options, before=before, **environment)

    def wait(self) -> None:
        """Until every worker has joined."""
        for name in self.processes.keys() - {"scheduler"}:
            log = self.folder / f"{name}.txt"
            until(lambda log=log: "Registered to" in log.read_text())

    def _start(
        self, name: str, module: str, *options: str, before: Sequence[str] = (), **environment: str
    ) -> None:
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        log = (self.folder / f"{name}.txt").open("wb")
        self.processes[name] = subprocess.Popen(
            [*before, sys.executable, "-m", f"distributed.cli.{module}", *options, *HERE],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": path, **environment},
            stdout=log,
            stderr=log,
        )
        log.close()

    def running(self, workspace: Path, stage: str) -> str:
        """The worker that runs a stage, by the first line of its log."""
        address = re.findall(r" on (tcp://\S+)", (workspace / log_of(stage)).read_text())[-1]
        workers = [name for name in self.processes if name != "scheduler"]
        return next(n for n in workers if address in (self.folder / f"{n}.txt").read_text())

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes.pop(name).wait()


@contextmanager
def cluster(folder: Path, *, workers: int = 1) -> Iterator[Cluster]:
    folder.mkdir()
    one = Cluster(folder)
    try:
        for number in range(workers):
            one.worker(f"worker-{number}")
        one.wait()
        yield one
    finally:
        for name in list(one.processes):
            one.kill(name)


def until(condition: Callable[[], object], seconds: float = 120.0) -> None:
    """Wait for what must come."""
    for _ in range(int(seconds / 0.05)):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"{condition} has not come true in {seconds} s")
