"""Where the workers are: a Dask scheduler that runs, or a file that says how to start one."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, ValidationError

from project.params import mistakes
from project.schema import Positive, Resources, Section
from project.settings_files import read_settings
from vqax.errors import UsageError, VqaxError
from vqax.vision.weights import optional

OF_JOBQUEUE = {
    "slurm": "SLURMCluster",
    "pbs": "PBSCluster",
    "sge": "SGECluster",
    "lsf": "LSFCluster",
}
WAIT_S = 30
"""For an address: then the scheduler or its workers count as not there."""


class ClusterFile(Section):
    """cluster.yaml: which kind, how many workers, and what each of them offers to stages.

    With ``at_least`` there are as many as there is work for, between that and ``workers``.
    ``options`` are the arguments of the class of the kind, as its own documentation has them.
    """

    kind: Literal["slurm", "pbs", "sge", "lsf", "ssh", "kubernetes", "local"]
    workers: Positive
    at_least: Annotated[int, Field(ge=0)] | None = None
    offers: Resources = Resources()
    options: dict[str, Any] = Field(default_factory=dict)


class Connection(NamedTuple):
    """A client of a scheduler, and what workers to come will offer; None: nobody knows."""

    client: Any
    name: str
    offers: dict[str, float] | None


@contextmanager
def connected(on: str) -> Iterator[Connection]:
    """A client of the scheduler at an address or in a scheduler file, or of a cluster started here.

    Raises:
        MissingArtefact: Dask or the package of the cluster is not installed; no such file.
        UsageError: mistakes in the file.
        VqaxError: no scheduler answers, or no worker is there.
    """
    distributed = optional("distributed", "dask")
    if Path(on).suffix in (".yaml", ".yml"):
        with _started(Path(on)) as cluster, distributed.Client(cluster) as client:
            sys.stderr.write(f"{on}: waits for the first worker\n")
            client.wait_for_workers(1)
            yield Connection(client, on, _file(Path(on)).offers.amounts)
        return
    where = {"scheduler_file": on} if Path(on).suffix == ".json" else {"address": on}
    try:
        client = distributed.Client(**where, timeout=WAIT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise VqaxError(
            f"--on {on}: no Dask scheduler answers ({_line(error)}); start one by `dask scheduler` "
            "and give the address that it prints"
        ) from error
    with client:
        _wait_for_a_worker(client, on)
        yield Connection(client, on, None)


def _wait_for_a_worker(client: Any, on: str) -> None:
    try:
        client.wait_for_workers(1, timeout=WAIT_S)
    except TimeoutError as error:
        raise VqaxError(
            f"--on {on}: the scheduler has no worker after {WAIT_S} s; start some by "
            "`dask worker ADDRESS` where this folder is"
        ) from error


@contextmanager
def _started(path: Path) -> Iterator[Any]:
    spec = _file(path)
    with KINDS[spec.kind](spec) as cluster:
        if spec.at_least is not None:
            cluster.adapt(minimum=spec.at_least, maximum=spec.workers)
        elif spec.kind in (*OF_JOBQUEUE, "kubernetes"):
            cluster.scale(spec.workers)
        yield cluster


def _file(path: Path) -> ClusterFile:
    try:
        return ClusterFile.model_validate(read_settings(path))
    except ValidationError as error:
        lines = "\n  ".join(mistakes(error))
        raise UsageError(f"{path}: {error.error_count()} mistake(s) to mend:\n  {lines}") from error


def _queue(spec: ClusterFile) -> Any:
    """A worker is a job of the queue."""
    cluster = getattr(optional("dask_jobqueue", "dask"), OF_JOBQUEUE[spec.kind])
    offered = [shlex.quote(word) for word in _offered(spec.offers)]  # of a script of the shell
    extra = [*spec.options.get("worker_extra_args", []), *offered]
    return cluster(**{"processes": 1, **spec.options, "worker_extra_args": extra})


def _ssh(spec: ClusterFile) -> Any:
    """``options.hosts``: the scheduler's machine, then that of each worker."""
    worker = {"resources": spec.offers.amounts, **spec.options.get("worker_options", {})}
    return optional("distributed", "dask").SSHCluster(**{**spec.options, "worker_options": worker})


def _kubernetes(spec: ClusterFile) -> Any:
    """``dask-kubernetes`` is in no extra: it has its own operator to be installed."""
    command = ["dask", "worker", *_offered(spec.offers)]
    cluster = optional("dask_kubernetes.operator", "dask").KubeCluster
    return cluster(**{"worker_command": command, **spec.options})


def _local(spec: ClusterFile) -> Any:
    """Workers on this machine, each with its own GPUs: the first has the first ones."""
    distributed = optional("distributed", "dask")
    options = {"nthreads": 1, "resources": spec.offers.amounts, **spec.options}
    workers = {
        number: {
            "cls": distributed.Nanny,
            "options": {**options, "env": _visible_gpus(number, spec.offers.gpus)},
        }
        for number in range(spec.workers)
    }
    where = {"host": "127.0.0.1", "port": 0, "dashboard_address": None}
    scheduler = {"cls": distributed.Scheduler, "options": where}
    return distributed.SpecCluster(workers=workers, scheduler=scheduler)


def _visible_gpus(worker: int, gpus: int) -> dict[str, str]:
    own = range(worker * gpus, (worker + 1) * gpus)
    return {"CUDA_VISIBLE_DEVICES": ",".join(map(str, own))} if gpus else {}


def _offered(offers: Resources) -> list[str]:
    """The arguments of ``dask worker``."""
    text = " ".join(f"{name}={amount:g}" for name, amount in offers.amounts.items())
    return ["--resources", text] if text else []


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())


KINDS = {
    **dict.fromkeys(OF_JOBQUEUE, _queue),
    "ssh": _ssh,
    "kubernetes": _kubernetes,
    "local": _local,
}
