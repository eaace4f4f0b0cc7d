"""Stages as tasks of a Dask cluster, whose workers share the folder.

A task that has been handed out is published under a name of the folder, stage and inputs. So the
scheduler keeps it where ``vqax repro`` is killed, and the next one takes it over.
"""

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from project.params import load, named
from project.schema import Resources
from stages.repro import on_worker
from stages.repro.cluster import Connection, connected
from stages.repro.plan import Plan
from stages.repro.runner import Job, LeftOver
from vqax.errors import UsageError, VqaxError

OF_STUDIES = ("code", "compare", "claims", "report")
"""Kinds whose stages have their own name after an underscore."""
TAIL = 20
"""Lines of the log of a stage that failed which are printed."""


@contextmanager
def connected_runner(
    on: str, folder: Path, plan: Plan, stages: Iterable[str]
) -> Iterator["DaskRunner"]:
    """A runner on the cluster, all of whose workers share the folder and can run the plan.

    ``stages`` are all of the pipeline.

    Raises:
        UsageError: a worker does not share the folder or has other versions; none offers what a
            stage needs; ``resources`` of the settings names no kind of stage.
        VqaxError: as ``connected``.
    """
    resources = load(folder / "params.yaml").resources
    kinds = dict.fromkeys(map(_kind, stages))
    for kind in resources:
        named(kinds, kind, "kind of stage", f"{folder / 'params.yaml'}: resources; the pipeline")
    with connected(on) as connection:
        check_resources(connection, resources, plan)
        check_folder(connection, folder)
        with DaskRunner(connection.client, folder, resources) as runner:
            yield runner


def check_resources(connection: Connection, resources: Mapping[str, Resources], plan: Plan) -> None:
    """Raise UsageError where stages would wait for ever for a worker that could run them."""
    offers = [worker["resources"] for worker in _workers(connection.client).values()]
    offers += [] if connection.offers is None else [connection.offers]
    for kind in sorted({_kind(stage) for stage in plan} & resources.keys()):
        needs = resources[kind].amounts
        if not any(_is_enough(offer, needs) for offer in offers):
            text = " ".join(f"{name}={amount:g}" for name, amount in needs.items())
            raise UsageError(
                f"--on {connection.name}: no worker offers what resources.{kind} of the settings "
                f'asks for, {text}; start one by `dask worker --resources "{text}"`, or write it '
                "as `offers` of the cluster's file"
            )


def _is_enough(offer: Mapping[str, float], needs: Mapping[str, float]) -> bool:
    return all(offer.get(name, 0.0) >= amount for name, amount in needs.items())


def check_folder(connection: Connection, folder: Path) -> None:
    """Raise UsageError unless every worker reads and writes this very folder, with our versions."""
    identity, ours = on_worker.identity_of(folder), on_worker.versions()
    seen = connection.client.run(on_worker.look, folder, on_error="return")
    for worker, answer in seen.items():
        if isinstance(answer, BaseException):
            wrong = f"{type(answer).__name__}: {_line(answer)}"
        elif answer.identity != identity or not answer.wrote.exists():
            wrong = "another folder lies there"
        else:
            answer.wrote.unlink()
            theirs = {name: v for name, v in answer.versions.items() if v != ours[name]}
            wrong = ", ".join(f"{name} {v}, here {ours[name]}" for name, v in theirs.items())
        if wrong:
            raise UsageError(
                f"{folder}: worker {worker} cannot work there ({wrong}); mount the folder at the "
                "same place everywhere, and start workers from the environment that vqax is in here"
            )


class DaskRunner:
    """Hands jobs to a scheduler; what becomes of them is in futures that do not know Dask."""

    def __init__(self, client: Any, folder: Path, resources: Mapping[str, Resources]) -> None:
        self._client, self._folder, self._resources = client, folder, resources
        self._prefix = f"vqax/{on_worker.identity_of(folder)}/"
        self._tasks: dict[str, tuple[str, Any]] = {}  # stage -> published name, Dask's future

    def __enter__(self) -> "DaskRunner":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Ctrl-C ends what runs, as on one machine."""
        self._stop(list(self._tasks))

    def submit(self, job: Job) -> Future[int]:
        (self._folder / on_worker.log_of(job.stage)).unlink(missing_ok=True)
        needs = self._resources.get(_kind(job.stage), Resources())
        task = self._client.submit(
            on_worker.run_job,
            job,
            needs.cores,
            _environment(),
            key=self._key(job),
            resources=needs.amounts or None,
        )
        name = f"{self._prefix}{job.stage}/{job.inputs}"
        self._client.publish_dataset(task, name=name, override=True)
        return self._follow(job.stage, name, task)

    def left_over(self) -> list[LeftOver]:
        names = [n for n in self._client.list_datasets() if str(n).startswith(self._prefix)]
        return [self._taken_over(name) for name in names]

    def _taken_over(self, name: str) -> LeftOver:
        stage, _, inputs = name.removeprefix(self._prefix).rpartition("/")
        status = self._follow(stage, name, self._client.get_dataset(name))
        return LeftOver(stage, inputs, status)

    def stop(self, stage: str) -> None:
        self._stop([stage])

    def _stop(self, stages: list[str]) -> None:
        known = [(stage, *self._tasks.pop(stage)) for stage in stages]
        for _, name, _ in known:
            self._client.unpublish_dataset(name)
        if known:
            self._client.cancel([task for _, _, task in known], force=True)
            self._client.run(on_worker.stop, self._folder, stages, on_error="ignore")

    def _key(self, job: Job) -> str:
        """The same for the same stage and inputs: Dask has one task for both."""
        text = f"{self._prefix}{job.stage}/{job.inputs}"
        return f"{_kind(job.stage)}-{hashlib.sha256(text.encode()).hexdigest()[:32]}"

    def _follow(self, stage: str, name: str, task: Any) -> Future[int]:
        status: Future[int] = Future()
        self._tasks[stage] = (name, task)
        task.add_done_callback(partial(self._ended, stage, status))
        return status

    def _ended(self, stage: str, status: Future[int], task: Any) -> None:
        """Called in a thread of Dask."""
        if stage not in self._tasks:  # stopped
            return
        error = self._error_of(stage, task)
        self._forget(stage)
        if error is None:
            status.set_result(0)
        else:
            status.set_exception(error)

    def _error_of(self, stage: str, task: Any) -> BaseException | None:
        """What became of a task, as a sentence that names worker and log."""
        log = self._folder / on_worker.log_of(stage)
        if task.status == "finished":
            ended: on_worker.Ended = task.result()
            if not ended.status:
                return None
            self._print_tail(log)
            return VqaxError(f"exit status {ended.status} on worker {ended.worker}, log {log}")
        if task.status != "error":
            return VqaxError(f"the end of the scheduler or of its connection, log {log}")
        error: BaseException = task.exception()
        worker = getattr(error, "last_worker", None)  # of KilledWorker
        if worker is None:
            return VqaxError(f"{type(error).__name__}: {_line(error)}, log {log}")
        where = getattr(worker, "address", worker)
        return VqaxError(f"the end of every worker that ran it, {where} the last one, log {log}")

    def _forget(self, stage: str) -> None:
        name, _ = self._tasks.pop(stage)
        self._client.unpublish_dataset(name)

    def _print_tail(self, log: Path) -> None:
        text = log.read_text(encoding="utf-8", errors="replace")
        sys.stderr.write("\n".join([*text.splitlines()[-TAIL:], ""]))


def _environment() -> dict[str, str]:
    """What of this process's environment decides over results goes with every job."""
    names = [n for n in os.environ if n.startswith("VQAX_") or n in on_worker.OF_THREADS]
    return {name: os.environ[name] for name in names}


def _workers(client: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.scheduler_info(n_workers=-1)["workers"]
    return found


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())


def _kind(stage: str) -> str:
    """``train`` of train@mcb, ``report`` of report_ucam."""
    kind = stage.partition("@")[0]
    return next((one for one in OF_STUDIES if kind.startswith(f"{one}_")), kind)
