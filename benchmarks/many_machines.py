"""``vqax repro --on``: how far more workers make it faster, and what a stage costs the driver.

A real scheduler and workers, each a process of this machine. 64 stages that wait 2 s, so that the
machine itself is no limit, on 1, 2 and 4 workers: seconds of the clock, and the share of linear.
Then 2,000 stages that do nothing: seconds until the last one is handed to the scheduler, planning
included.
"""

import contextlib
import io
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import yaml
from distributed import LocalCluster

sys.path.insert(0, str(Path(__file__).parents[1]))

from stages.profile import make_repository
from stages.repro.command import run
from stages.repro.dask_runner import DaskRunner
from stages.repro.runner import Job

WAITING, WAIT_S, WORKERS = 64, 2.0, (1, 2, 4)
MANY = 2000


def pipeline(folder: Path, stages: int, command: str) -> None:
    """Independent stages beside settings that are whole."""
    folder.mkdir()
    (folder / "params.yaml").write_bytes(Path("params.yaml").read_bytes())
    (folder / "studies").symlink_to(Path("studies").absolute())
    (folder / "input").write_text("1")
    each = {"cmd": command, "deps": ["input"], "outs": ["${item}"]}
    both = {"work": {"foreach": [f"out{n}" for n in range(stages)], "do": each}}
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": both}))
    make_repository(folder)


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        os.chdir(before)


def seconds_on(workers: int, folder: Path) -> float:
    pipeline(folder, WAITING, f"sleep {WAIT_S}; cp input ${{item}}")
    with cluster_of(workers) as cluster, inside(folder):
        started = time.perf_counter()
        run((), on=cluster.scheduler_address)
        return time.perf_counter() - started


class Handed(Exception):
    """The last stage is with the scheduler; the benchmark ends there."""


def seconds_until_handed_over(folder: Path) -> float:
    """Until the last of many stages is submitted; the first ones run meanwhile."""
    pipeline(folder, MANY, "sleep 5; cp input ${item}")
    submit, submitted = DaskRunner.submit, 0

    def counted(runner: DaskRunner, job: Job) -> object:
        nonlocal submitted
        future = submit(runner, job)
        submitted += 1
        if submitted == MANY:
            raise Handed
        return future

    DaskRunner.submit = counted  # type: ignore[method-assign, assignment]
    with cluster_of(2) as cluster, inside(folder):
        started = time.perf_counter()
        with contextlib.suppress(Handed):
            run((), on=cluster.scheduler_address)
        return time.perf_counter() - started


def cluster_of(workers: int) -> LocalCluster:
    return LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None)


def main() -> None:
    with tempfile.TemporaryDirectory() as work:
        alone = 0.0
        for workers in WORKERS:
            took = seconds_on(workers, Path(work) / str(workers))
            alone = alone or took
            linear = alone / workers / took
            print(
                f"{WAITING} stages of {WAIT_S:g} s on {workers} worker(s): {took:6.1f} s, "
                f"{linear:.0%} of linear",
                flush=True,
            )
        took = seconds_until_handed_over(Path(work) / "many")
        print(f"{MANY:,} stages planned and handed to the scheduler in {took:.1f} s")


if __name__ == "__main__":
    main()
