"""``vqax repro --on``: a real scheduler and real workers, which are killed for real."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from stages.repro import cluster as clusters_of
from stages.repro.command import run
from stages.repro.on_worker import log_of
from stages.repro.plan import stale
from tests.cli.commands import start
from tests.stages import pipelines, tiny
from tests.stages.pipelines import shell
from tests.stages.repro.clusters import Cluster, cluster, until
from vqax.errors import UsageError, VqaxError

pytestmark = [
    # DVC uses pygtrie in a way that pygtrie will not allow for ever
    pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning"),
    # Dask closes the sockets of a worker that was killed when the garbage is collected
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    # the dashboard of another cluster on this machine, say of a test beside this one
    pytest.mark.filterwarnings(r"ignore:\s*Port \d+ is already in use:UserWarning"),
    pytest.mark.slow,
]
TRAINED = "mcb_p_gca"
WEIGHTS = Path("data") / "runs" / "headline" / TRAINED


def counted(name: str, command: str, **more: Any) -> dict[str, Any]:
    """A stage that says in NAME.runs that it began, and with which process."""
    return shell(f"echo $$ >> {name}.runs; {command}", out=name, **more)


def runs(folder: Path, name: str) -> list[int]:
    path = folder / f"{name}.runs"
    return list(map(int, path.read_text().split())) if path.exists() else []


def alive(process: int) -> bool:
    """A process that has ended and that nobody has waited for counts as dead."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2]
    except FileNotFoundError:
        return False
    return not state.startswith("Z")


@contextmanager
def driver(arguments: list[str], folder: Path, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """``vqax`` as a process that does not outlive a test that fails."""
    with start(arguments, folder, **options) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three stages one after another, the second of which ends when ``go`` is there."""
    wait = "until test -e go; do sleep 0.1; done; cp first long"
    stages = {
        "first": counted("first", "cp input first", deps=("input",)),
        "long": counted("long", wait, deps=("first",)),
        "after": counted("after", "cp long after", deps=("long",)),
    }
    return at(tmp_path / "work", stages, monkeypatch)


def at(folder: Path, stages: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Path:
    pipelines.trivial(folder, stages)
    (folder / "input").write_text("1", encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Cluster]:
    with cluster(tmp_path / "cluster", workers=2) as one:
        yield one


def test_everything_then_nothing(folder: Path, two: Cluster) -> None:
    (folder / "go").touch()
    assert run((), on=two.address)["stages run"] == 3
    assert run((), on=two.address)["stages run"] == 0
    assert (folder / "after").read_text() == "1"
    assert "up to date" in pipelines.dvc(folder, "status")


@pytest.fixture(scope="module")
def changed(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The committed pipeline, all up to date but for one training that takes its time."""
    folder = tmp_path_factory.mktemp("on") / "work"
    shutil.copytree(finished, folder)
    pipelines.committed(folder)
    settings = tiny.settings()
    settings["runs"][TRAINED]["training"] = {"epochs": 20}
    pipelines.write_settings(folder, settings)
    return folder


@pytest.fixture(scope="module")
def here(changed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same after ``vqax repro --jobs 1``."""
    folder = shutil.copytree(changed, tmp_path_factory.mktemp("here") / "work", symlinks=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert run(("report_headline",), jobs=1)["stages run"] == 5
    return folder


def test_the_same_outputs_as_on_one_machine(
    changed: Path, here: Path, two: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker that trains is killed, too: the training goes on elsewhere from its checkpoint."""
    folder = shutil.copytree(changed, tmp_path / "work", symlinks=True)
    with driver(["repro", "report_headline", "--on", two.address], folder) as process:
        until(lambda: any((folder / "data").glob(f"checkpoints/{TRAINED}-*/checkpoint.json")))
        two.kill(two.running(folder, f"train@{TRAINED}"))
        reported = process.communicate(timeout=300)
    assert process.returncode == 0, reported
    log = (folder / log_of(f"train@{TRAINED}")).read_text()
    assert log.count(" on tcp://") == 2
    outputs = [*(here / WEIGHTS).iterdir(), *(here / "results").rglob("*.*"), here / "dvc.lock"]
    outputs += [p for kind in ("explanations", "scores") for p in here.glob(f"data/{kind}/*/*/*")]
    for path in outputs:
        again = folder / path.relative_to(here)
        assert again.read_bytes() == path.read_bytes(), path.relative_to(here)
    monkeypatch.chdir(folder)
    assert stale(folder, ()) == {}


def test_a_killed_worker_leaves_no_process_and_its_stage_is_repeated(
    folder: Path, two: Cluster
) -> None:
    with driver(["repro", "--on", two.address], folder) as process:
        until(lambda: runs(folder, "long"))
        two.kill(two.running(folder, "long"))
        until(lambda: len(runs(folder, "long")) == 2)
        first, second = runs(folder, "long")
        until(lambda: not alive(first))
        assert alive(second)
        (folder / "go").touch()
        assert process.wait(timeout=120) == 0
    assert [len(runs(folder, name)) for name in ("first", "after")] == [1, 1]


@pytest.mark.parametrize("while_away", [False, True])
def test_killed_and_started_again_nothing_is_done_twice(
    folder: Path, two: Cluster, while_away: bool
) -> None:
    """Also if the stage ends while there is no driver."""
    with driver(["repro", "--on", two.address], folder) as process:
        until(lambda: runs(folder, "long"))
        process.kill()
        process.wait(timeout=60)
    if while_away:
        (folder / "go").touch()
        until((folder / ".dvc" / "tmp" / "vqax" / "receipts").exists)
        until(lambda: (folder / "long").exists())
    with driver(["repro", "--on", two.address], folder) as process:
        if not while_away:
            time.sleep(1.0)
            (folder / "go").touch()
        reported = process.communicate(timeout=120)
    assert process.returncode == 0, reported
    assert [len(runs(folder, name)) for name in ("first", "long", "after")] == [1, 1, 1]
    assert "up to date" in pipelines.dvc(folder, "status")


def test_what_runs_on_other_inputs_is_ended(folder: Path, two: Cluster) -> None:
    with driver(["repro", "--on", two.address], folder) as process:
        until(lambda: runs(folder, "long"))
        process.kill()
        process.wait(timeout=60)
    (first,) = runs(folder, "long")
    (folder / "input").write_text("2", encoding="utf-8")
    with driver(["repro", "--on", two.address], folder) as process:
        until(lambda: not alive(first))
        (folder / "go").touch()
        reported = process.communicate(timeout=120)
    assert process.returncode == 0, reported
    assert (folder / "after").read_text() == "2"
    assert len(runs(folder, "long")) == 2


def test_ctrl_c_ends_what_runs(folder: Path, two: Cluster) -> None:
    with driver(["repro", "--on", two.address], folder, session=True) as process:
        until(lambda: runs(folder, "long"))
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=60) == 130
    until(lambda: not alive(runs(folder, "long")[0]))
    assert list(stale(folder, ())) == ["long", "after"]


def test_a_failing_stage_stops_only_what_needs_it(
    tmp_path: Path, two: Cluster, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    stages = {
        "bad": shell("echo the reason >&2; exit 3", deps=("input",), out="bad"),
        "none": shell("true", deps=("input",), out="none"),
        "good": shell("sleep 1; cp input good", deps=("input",), out="good"),
        "end": shell("cat bad good > end", deps=("bad", "good"), out="end"),
        "well": shell("cp good well", deps=("good",), out="well"),
    }
    folder = at(tmp_path / "work", stages, monkeypatch)
    with pytest.raises(VqaxError) as failed:
        run((), on=two.address)
    told = str(failed.value)
    assert "2 stage(s) failed and 1 that need them were not begun" in told
    assert "exit status 3 on worker tcp://127.0.0.1:" in told
    assert str(folder / log_of("bad")) in told
    assert "none: stopped with" in told
    assert "the reason" in capfd.readouterr().err
    assert set(stale(folder, ())) == {"bad", "none", "end"}


def test_here_too_on_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = {
        "bad": shell("exit 3", deps=("input",), out="bad"),
        "end": shell("cp bad end", deps=("bad",), out="end"),
        "good": shell("cp input good", deps=("input",), out="good"),
    }
    folder = at(tmp_path / "work", stages, monkeypatch)
    with pytest.raises(VqaxError, match="1 that need them were not begun"):
        run((), keep_going=True)
    assert list(stale(folder, ())) == ["bad", "end"]


def test_a_machine_that_is_given_back_hands_its_stage_on(
    tmp_path: Path, two: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """75 says that the same command goes on; so ``vqax train`` ends after SIGTERM."""
    once = "test -e again || { touch again; exit 75; }; cp input out"
    at(tmp_path / "work", {"out": counted("out", once, deps=("input",))}, monkeypatch)
    assert run((), on=two.address)["stages run"] == 1
    assert len(runs(Path(), "out")) == 2


def test_stages_that_every_worker_dies_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dask gives up after four; here each takes its worker with it."""
    kill = counted("bad", "kill -9 $(ps -o ppid= $PPID)", deps=("input",))
    at(tmp_path / "work", {"bad": kill}, monkeypatch)
    told = pytest.raises(VqaxError, match=r"bad: stopped with the end of every worker .*bad\.log")
    with cluster(tmp_path / "cluster", workers=4) as four, told:
        run((), on=four.address)


@pytest.mark.skipif(shutil.which("unshare") is None, reason="no command unshare")
def test_a_folder_that_a_worker_does_not_share(folder: Path, two: Cluster, tmp_path: Path) -> None:
    """As on another machine: at the same place lies something else."""
    other = tmp_path / "other"
    other.mkdir()
    alone = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    mount = f"mount --bind {other} {folder} && "
    if subprocess.run([*alone, mount + "true"], capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount anything in a namespace of its own")
    two.worker("far", before=[*alone, f'{mount}exec "$@"', "sh"])
    two.wait()
    with pytest.raises(UsageError, match=r"cannot work there \(.*identity.*\); mount the folder"):
        run((), on=two.address)
    assert runs(folder, "first") == []


def needs(folder: Path, **resources: Any) -> None:
    tiny.write_settings(folder, {**tiny.settings(), "resources": resources})


def test_resources_that_nobody_offers(folder: Path, two: Cluster) -> None:
    needs(folder, first={"gpus": 2, "memory_gb": 1.5})
    with pytest.raises(UsageError, match=r'dask worker --resources "gpus=2 memory_gb=1\.5"'):
        run((), on=two.address)
    assert runs(folder, "first") == []


def test_resources_of_no_kind_of_stage(folder: Path, two: Cluster) -> None:
    needs(folder, frist={"cores": 1})
    with pytest.raises(UsageError, match=r"frist: no such kind of stage; did you mean first\? .*"):
        run((), on=two.address)


def test_resources_decide_over_the_worker_and_the_threads(
    tmp_path: Path, two: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("VQAX_DEVICE", "cpu")
    said = "echo $OMP_NUM_THREADS $CARD $VQAX_DEVICE > ${item}"
    stage = {"foreach": list("abcd"), "do": shell(said, deps=("input",), out="${item}")}
    folder = at(tmp_path / "work", {"train": stage}, monkeypatch)
    needs(folder, train={"gpus": 1, "cores": 3})
    two.worker("gpu", "--resources", "gpus=1 cores=3", CARD="7")
    two.wait()
    assert run((), on=two.address)["stages run"] == 4
    assert [(folder / name).read_text() for name in "abcd"] == ["3 7 cpu\n"] * 4


def test_no_scheduler_and_no_worker(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters_of, "WAIT_S", 2)
    with pytest.raises(VqaxError, match=r"--on tcp://127\.0\.0\.1:9: no Dask scheduler answers"):
        run((), on="tcp://127.0.0.1:9")
    told = pytest.raises(VqaxError, match="the scheduler has no worker after 2 s; start some")
    with cluster(tmp_path / "cluster", workers=0) as none, told:
        run((), on=none.address)


def test_a_cluster_that_is_started_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One worker for each card, on one machine."""
    told = "echo $CUDA_VISIBLE_DEVICES; until test $(ls *.here | wc -l) = 2; do sleep 0.1; done"
    wait = f"touch ${{item}}.here; ({told}) > ${{item}}"
    stage = {"foreach": ["a", "b"], "do": shell(wait, deps=("input",), out="${item}")}
    folder = at(tmp_path / "work", {"train": stage}, monkeypatch)
    needs(folder, train={"gpus": 1})
    spec = {"kind": "local", "workers": 2, "offers": {"gpus": 1}}
    (tmp_path / "cluster.yaml").write_text(yaml.safe_dump(spec))
    assert run((), on=str(tmp_path / "cluster.yaml"))["stages run"] == 2
    assert {(folder / name).read_text() for name in "ab"} == {"0\n", "1\n"}


SBATCH = """#!/bin/sh
# a queue that begins every job at once; the last argument is the script
for script; do :; done
cp "$script" {folder}/job.sh
sh {folder}/job.sh > {folder}/job.txt 2>&1 &
echo $! >> {folder}/jobs
echo 1
"""


def test_workers_that_are_jobs_of_slurm(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue is a stand-in; the script that it gets and the worker it starts are real."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in {"sbatch": SBATCH.format(folder=programs), "scancel": "#!/bin/sh\n"}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(programs), os.environ["PATH"]]))
    needs(folder, first={"gpus": 1})
    options = {"queue": "gpu", "cores": 1, "memory": "1GB", "interface": "lo"}
    options["job_extra_directives"] = ["--gres=gpu:1"]
    spec = {"kind": "slurm", "workers": 1, "offers": {"gpus": 1}, "options": options}
    (tmp_path / "cluster.yaml").write_text(yaml.safe_dump(spec))
    (folder / "go").touch()
    assert run((), on=str(tmp_path / "cluster.yaml"))["stages run"] == 3
    script = (programs / "job.sh").read_text()
    assert "#SBATCH --gres=gpu:1" in script
    assert "--resources gpus=1" in script
    for job in map(int, (programs / "jobs").read_text().split()):
        until(lambda job=job: not alive(job))  # the scheduler has gone, and so have its workers


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kind: slrum\nworkers: 2", r"1 mistake\(s\).*\n  kind: Input should be 'slurm'"),
        ("kind: slurm\nworkers: 0\noptoins: {}", r"2 mistake\(s\).*\n.*workers: .*\n.*optoins: "),
    ],
)
def test_mistakes_in_the_file_of_a_cluster(folder: Path, text: str, told: str) -> None:
    (folder / "cluster.yaml").write_text(text)
    with pytest.raises(UsageError, match=told):
        run((), on="cluster.yaml")
    assert runs(folder, "first") == []
