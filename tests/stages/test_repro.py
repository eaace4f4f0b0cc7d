"""``vqax repro``: only what changed and what follows, side by side, with clear errors."""

import os
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from dvc import output

from stages.repro.command import run
from stages.repro.plan import stale
from tests.cli.commands import start
from tests.stages import pipelines, tiny
from tests.stages.pipelines import shell
from vqax.errors import MissingArtefact, UsageError, VqaxError

# DVC uses pygtrie in a way that pygtrie will not allow for ever
pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning")
RUNS = ["lstm_qi", "san", "san_p_gca", "mcb", "mcb_a_gca", "mcb_p_gca"]
AFTER = ["compare_headline", "report_headline"]
WAIT = "touch {me}.here; for i in $(seq 200); do test -e {other}.here && break; sleep 0.1; done; "


@pytest.fixture
def diamond(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four stages, two of them independent of each other, none run yet."""
    work = shell("cp top ${item}", deps=("top",), out="${item}")
    stages = {
        "top": shell("cp input top", deps=("input",), out="top"),
        "work": {"foreach": ["a", "b"], "do": work},
        "end": shell("cat a b > end", deps=("a", "b"), out="end"),
    }
    folder = pipelines.trivial(tmp_path / "work", stages)
    (folder / "input").write_text("1", encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


def test_everything_then_nothing(diamond: Path) -> None:
    assert run((), jobs=2)["stages run"] == 4
    assert (diamond / "end").exists()
    assert run((), jobs=2)["stages run"] == 0
    assert list(stale(diamond, (), force=True)) == ["top", "work@a", "work@b", "end"]


def test_dry_says_what_would_run_and_runs_nothing(diamond: Path) -> None:
    assert run((), dry=True)["would run"] == ["top", "work@a", "work@b", "end"]
    assert not (diamond / "top").exists()


def test_targets_and_what_they_need(diamond: Path) -> None:
    assert list(stale(diamond, ("work@a",))) == ["top", "work@a"]
    assert list(stale(diamond, ("work",))) == ["top", "work@a", "work@b"]
    with pytest.raises(
        UsageError,
        match=r"wrok: no such stage; did you mean work or work@b or work@a\? dvc\.yaml has .*@…",
    ):
        stale(diamond, ("wrok",))
    with pytest.raises(UsageError, match=r"^a: no such stage; did you mean work@a\? dvc"):
        stale(diamond, ("a",))


def test_independent_stages_run_side_by_side(tmp_path: Path, monkeypatch) -> None:
    """Each of the two waits for the other to have begun, and says so if it came in vain."""

    def stage(me: str, other: str) -> dict[str, Any]:
        wait = WAIT.format(me=me, other=other)
        return shell(f"{wait} test -e {other}.here && touch {me}", out=me)

    both = {"a": stage("a", "b"), "b": stage("b", "a")}
    monkeypatch.chdir(pipelines.trivial(tmp_path / "work", both))
    assert run((), jobs=2)["stages run"] == 2


def test_a_failing_stage_is_named_and_what_follows_is_not_begun(
    tmp_path: Path, monkeypatch, capfd: pytest.CaptureFixture[str]
) -> None:
    stages = {
        "good": shell("touch good", out="good"),
        "bad": shell("echo the reason >&2; exit 3", deps=("good",), out="bad"),
        "after": shell("touch after", deps=("bad",), out="after"),
    }
    folder = pipelines.trivial(tmp_path / "work", stages)
    monkeypatch.chdir(folder)
    with pytest.raises(VqaxError, match=r"^bad: stopped with the error printed above; mend it"):
        run((), jobs=2)
    reported = capfd.readouterr()
    assert "the reason" in reported.err
    assert reported.err.count("Running stage 'good'") == 1
    assert reported.out == ""
    assert (folder / "good").exists()
    assert not (folder / "after").exists()
    assert list(stale(folder, ())) == ["bad", "after"]


@contextmanager
def begun(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """``vqax repro`` while its first of two stages runs, in a session of its own."""
    stages = {
        "long": shell("touch begun; sleep 4; touch long", out="long"),
        "after": shell("touch after", deps=("long",), out="after"),
    }
    pipelines.trivial(folder, stages)
    with start(["repro"], folder, session=True) as process:
        while not (folder / "begun").exists():
            assert process.poll() is None, process.communicate()
            time.sleep(0.1)
        yield process
        process.communicate(timeout=30)  # ends when the last process closes its output


def ended(group: int) -> bool:
    """No process of the group is left; the system takes a moment to notice."""
    for _ in range(200):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_ctrl_c_ends_the_stages_that_run(tmp_path: Path) -> None:
    """As a terminal sends it: to the command, its processes and what these have started."""
    folder = tmp_path / "work"
    with begun(folder) as process:
        os.killpg(process.pid, signal.SIGINT)
    assert process.returncode != 0
    assert not (folder / "long").exists()
    assert not (folder / "after").exists()
    assert list(stale(folder, ())) == ["long", "after"]
    assert ended(process.pid)


def test_killed_it_leaves_nothing_that_runs(tmp_path: Path) -> None:
    """The stage that has begun is finished and noted; no other follows, no process stays."""
    folder = tmp_path / "work"
    with begun(folder) as process:
        process.kill()
    assert not (folder / "after").exists()
    assert list(stale(folder, ())) == ["after"]
    assert ended(process.pid)


def test_a_process_that_ends_under_its_stage_is_no_riddle(tmp_path: Path, monkeypatch) -> None:
    """Killed by the system, say, for want of memory: nobody could print an error."""
    folder = pipelines.trivial(tmp_path / "work", {"bad": shell("kill -9 $PPID", out="bad")})
    monkeypatch.chdir(folder)
    with pytest.raises(VqaxError, match=r"^bad: stopped with A process .* terminated abruptly"):
        run((), jobs=1)


def test_a_folder_without_a_pipeline(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MissingArtefact, match=r"no dvc\.yaml; run vqax repro in the repository"):
        run(())


def test_a_pipeline_that_is_not_one(diamond: Path) -> None:
    (diamond / "dvc.yaml").write_text("stages: {a: {cmmd: x}}", encoding="utf-8")
    with pytest.raises(UsageError, match=r"dvc\.yaml: .*; mend it or restore it from git"):
        run(())


def test_mistakes_in_the_settings_come_before_any_stage(diamond: Path) -> None:
    value = tiny.settings(explain={"methods": ["lime"]}, training={"epochs": 0})
    path = diamond / "params.yaml"
    with pytest.raises(UsageError):
        tiny.write_settings(diamond, value)
    with pytest.raises(UsageError, match=r"params\.yaml: 2 mistake\(s\)"):
        run(())
    assert path.exists()
    assert not (diamond / "top").exists()


@pytest.fixture(scope="module")
def up_to_date(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The committed dvc.yaml around a finished workspace; nothing to do."""
    folder = tmp_path_factory.mktemp("pipeline") / "work"
    shutil.copytree(finished, folder)
    return pipelines.committed(folder)


def chain(*names: str) -> list[str]:
    """Training, explanation and score of runs, and what is made of all of them."""
    parts = [f"{stage}@{name}" for stage in ("train", "explain", "score") for name in names]
    return [*parts, *AFTER]


def but_fingerprints(plan: Iterable[str]) -> list[str]:
    """The stages of a plan; settings that all stages of a kind share go through ``code_…``."""
    return [name for name in plan if not name.startswith("code_")]


def gain(run: str, value: float) -> dict[str, Any]:
    settings = tiny.settings()
    settings["runs"][run]["objective"]["certainty"]["gain"] = value
    return settings


def of_the_study(section: str, **changes: Any) -> dict[str, Any]:
    settings = tiny.settings()
    settings["studies"][tiny.STUDY][section].update(changes)
    return settings


def narrower(model: str) -> dict[str, Any]:
    settings = tiny.settings()
    settings["models"][model]["hidden"] = 12
    return settings


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (tiny.settings(), []),
        (gain("mcb_p_gca", 0.5), chain("mcb_p_gca")),
        (gain("san_p_gca", 2.0), chain("san_p_gca")),
        (of_the_study("report", gallery=5), ["report_headline"]),
        (of_the_study("significance", alpha=0.1), AFTER),
        (
            tiny.settings(score={"resamples": 60}),
            [*(f"score@{name}" for name in RUNS), f"agreement@{tiny.DATASET}", *AFTER],
        ),
        (narrower("san"), chain("san", "san_p_gca")),
        (tiny.settings(training={"epochs": 3}), chain(*RUNS)),
    ],
)
def test_a_change_reruns_what_depends_on_it_and_nothing_else(
    up_to_date: Path, settings: dict[str, Any], expected: list[str]
) -> None:
    try:
        pipelines.write_settings(up_to_date, settings)
        assert sorted(but_fingerprints(stale(up_to_date, ()))) == sorted(expected)
    finally:
        pipelines.write_settings(up_to_date, tiny.settings())


def test_the_vocabulary_and_the_seed_reach_every_training(up_to_date: Path) -> None:
    try:
        pipelines.write_settings(up_to_date, tiny.settings(text={"max_tokens": 7}))
        todo = set(but_fingerprints(stale(up_to_date, ())))
    finally:
        pipelines.write_settings(up_to_date, tiny.settings())
    assert todo == {f"prepare@{tiny.DATASET}", f"agreement@{tiny.DATASET}", *chain(*RUNS)}


def test_byte_code_of_the_code_is_no_change(up_to_date: Path) -> None:
    ignored = (up_to_date / ".dvcignore").read_text(encoding="utf-8").split()
    assert "__pycache__" in ignored
    assert stale(up_to_date, ()) == {}


@pytest.mark.slow
def test_a_changed_gain_for_real(up_to_date: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log's way of showing it: other runs keep their files, the headline has new numbers."""
    pipelines.write_settings(up_to_date, gain("mcb_p_gca", 3.0))
    monkeypatch.chdir(up_to_date)
    others = [
        path
        for stage in ("runs", "explanations", "scores")
        for path in (up_to_date / "data" / stage).rglob("*.*")
        if path.parent.name != "mcb_p_gca"
    ]
    before = {path: path.stat().st_mtime_ns for path in others}
    weights = up_to_date / "data" / "runs" / "headline" / "mcb_p_gca" / "model.safetensors"
    old = weights.read_bytes()
    assert run((), jobs=2)["stages run"] == 5
    assert {path: path.stat().st_mtime_ns for path in others} == before
    assert weights.read_bytes() != old
    assert run((), jobs=2)["stages run"] == 0


def test_what_many_stages_need_is_hashed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "file").write_text("1")
    many = {
        name: pipelines.shell(f"cp shared/file {name}", deps=("shared",), out=name)
        for name in ("a", "b", "c")
    }
    folder = pipelines.trivial(tmp_path, many)
    pipelines.dvc(folder, "repro", "--quiet")
    hashed: Counter[str] = Counter()
    original = output.build

    def counted(odb: Any, path: str, *arguments: Any, **options: Any) -> Any:
        hashed[Path(path).name] += 1
        return original(odb, path, *arguments, **options)

    monkeypatch.setattr(output, "build", counted)
    assert stale(folder, ()) == {}
    assert hashed["shared"] == 1
    (folder / "shared" / "file").write_text("another")
    assert sorted(stale(folder, ())) == ["a", "b", "c"]
