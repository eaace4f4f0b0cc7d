"""What was made is recorded, whatever happens, and nothing finished runs twice."""

import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from stages.repro.command import run
from stages.repro.plan import stale
from stages.repro.receipts import FOLDER, Receipt, outs_hash, read, remove, write
from tests.cli.commands import start
from tests.stages import pipelines
from tests.stages.pipelines import shell

# DVC uses pygtrie in a way that pygtrie will not allow for ever
pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning")


def counted(name: str, command: str, **more: Any) -> dict[str, Any]:
    """A stage that says in NAME.runs that it ran."""
    return shell(f"echo 1 >> {name}.runs; {command}", out=name, **more)


def runs(folder: Path, name: str) -> int:
    path = folder / f"{name}.runs"
    return len(path.read_text().splitlines()) if path.exists() else 0


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three stages one after another, the second of which takes its time."""
    stages = {
        "first": counted("first", "cp input first", deps=("input",)),
        "long": counted("long", "touch begun; sleep 3; cp first long", deps=("first",)),
        "after": counted("after", "cp long after", deps=("long",)),
    }
    folder = pipelines.trivial(tmp_path / "work", stages)
    (folder / "input").write_text("1", encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


def killed(folder: Path, *, everything: bool) -> None:
    """``vqax repro`` killed while the second stage runs; ``everything``: with all it started."""
    with start(["repro"], folder, session=True) as process:
        while not (folder / "begun").exists():
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        if everything:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.communicate(timeout=60)


def test_killed_alone_all_that_was_made_is_in_the_lock_file(folder: Path) -> None:
    killed(folder, everything=False)
    status = pipelines.dvc(folder, "status")
    assert "after" in status
    assert "first:" not in status
    assert "long:" not in status
    assert run(())["stages run"] == 1
    assert [runs(folder, name) for name in ("first", "long", "after")] == [1, 1, 1]
    assert "up to date" in pipelines.dvc(folder, "status")


def test_killed_with_everything_what_was_finished_is_recognised(folder: Path) -> None:
    killed(folder, everything=True)
    assert list(stale(folder, ())) == ["long", "after"]
    assert "first:" not in pipelines.dvc(folder, "status")
    assert run(())["stages run"] == 2
    assert [runs(folder, name) for name in ("first", "long", "after")] == [1, 2, 1]
    assert "up to date" in pipelines.dvc(folder, "status")


@pytest.mark.parametrize("touched", ["input", "first"])
def test_what_was_touched_since_is_not_recognised(folder: Path, touched: str) -> None:
    run(("first",))
    made = (folder / "dvc.lock").read_text(encoding="utf-8")
    (folder / "dvc.lock").unlink()
    receipt = Receipt("first", "of other inputs", outs_hash(folder, ["first"]))
    write(folder, receipt)
    assert list(stale(folder, ("first",))) == ["first"]
    (folder / "dvc.lock").write_text(made, encoding="utf-8")
    (folder / touched).write_text("2", encoding="utf-8")
    assert list(stale(folder, ("first",))) == ["first"]


def test_an_edit_while_a_stage_runs_makes_it_stale(folder: Path) -> None:
    """The lock file says what there was when it began."""
    stages = yaml.safe_load((folder / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    stages["first"]["cmd"] = "cp input first; echo 2 > input"
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}), encoding="utf-8")
    assert run(("first",))["stages run"] == 1
    assert (folder / "first").read_text() == "1"
    assert list(stale(folder, ("first",))) == ["first"]
    assert "modified:" in pipelines.dvc(folder, "status", "first")


def test_the_lock_file_is_the_one_of_dvc(folder: Path, tmp_path: Path) -> None:
    small = "{x: 1, text: 'a: b', none: null, lr: 1e-05, rate: 1.0e-5, of_text: '1e-05'}"
    (folder / "own.yaml").write_text(f"one: &it {small}\nsame: *it\n")
    stages = yaml.safe_load((folder / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    stages["first"]["params"] = ["text", {"own.yaml": ["one", "same"]}]
    stages["long"]["cmd"] = ["cp first long", "echo 2 >> long"]
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}), encoding="utf-8")
    other = shutil.copytree(folder, tmp_path / "other", symlinks=True)
    pipelines.dvc(other, "repro", "--quiet")
    assert run(("first",))["stages run"] == 1
    assert run(())["stages run"] == 2  # what was there is read and written once more
    ours, theirs = ((one / "dvc.lock").read_text(encoding="utf-8") for one in (folder, other))
    assert yaml.safe_load(ours) == yaml.safe_load(theirs)
    assert ours.count("&") == 0
    assert "up to date" in pipelines.dvc(folder, "status")
    assert stale(other, ()) == {}


def test_what_several_stages_read_is_written_once(folder: Path) -> None:
    """DVC reads it, changes one stage, and the others stay what they were."""
    names = ("a", "b", "c.d")
    stages = {name: shell(f"cp input {name}", deps=("input",), out=name) for name in names}
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}), encoding="utf-8")
    assert run((), jobs=2)["stages run"] == 3
    text = (folder / "dvc.lock").read_text(encoding="utf-8")
    assert (text.count("&input"), text.count("*input"), text.count("path: input")) == (1, 2, 1)
    assert "up to date" in pipelines.dvc(folder, "status")
    (folder / "input").write_text("2", encoding="utf-8")
    pipelines.dvc(folder, "repro", "--quiet", "a")
    assert list(stale(folder, ())) == ["b", "c.d"]
    assert run(("b",))["stages run"] == 1
    assert list(stale(folder, ())) == ["c.d"]
    lock = yaml.safe_load((folder / "dvc.lock").read_text(encoding="utf-8"))["stages"]
    assert lock["a"]["deps"] == lock["b"]["deps"] != lock["c.d"]["deps"]


def test_a_stage_that_ran_again_keeps_its_place(folder: Path) -> None:
    run(())
    before = (folder / "dvc.lock").read_bytes()
    (folder / "first").unlink()
    assert run(("first",), force=True)["stages run"] == 1
    assert (folder / "dvc.lock").read_bytes() == before


def test_stages_that_are_no_more_leave_the_lock_file(folder: Path) -> None:
    run(())
    stages = yaml.safe_load((folder / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    del stages["after"]
    stages["more"] = shell("cp first more", deps=("first",), out="more")
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}), encoding="utf-8")
    assert run(())["stages run"] == 1
    lock = yaml.safe_load((folder / "dvc.lock").read_text(encoding="utf-8"))["stages"]
    assert list(lock) == ["first", "long", "more"]


def test_a_lock_file_with_more_than_stages(folder: Path) -> None:
    lock = folder / "dvc.lock"
    lock.write_text("schema: '2.0'\ndatasets: []\n", encoding="utf-8")
    assert run(())["stages run"] == 3
    assert yaml.safe_load(lock.read_text(encoding="utf-8")).keys() >= {"stages", "datasets"}
    assert stale(folder, ()) == {}


def test_a_stage_whose_output_is_missing_is_no_finished_one(folder: Path) -> None:
    stages = {"none": shell("true", out="none"), "after": shell("cp input after", out="after")}
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}), encoding="utf-8")
    with pytest.raises(Exception, match=r"^none: stopped with .*'none' does not exist"):
        run(("none",))
    assert set(stale(folder, ())) == {"none", "after"}
    assert list(read(folder)) == []


def test_what_was_made_before_of_the_same_inputs_comes_back(folder: Path) -> None:
    run(())
    (folder / "input").write_text("2", encoding="utf-8")
    assert run(())["stages run"] == 3
    (folder / "input").write_text("1", encoding="utf-8")
    assert run(())["stages run"] == 0
    assert (folder / "after").read_text() == "1"
    assert "up to date" in pipelines.dvc(folder, "status")


def test_an_output_that_stays_the_same_stops_what_follows(folder: Path) -> None:
    stages = yaml.safe_load((folder / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    stages["first"]["cmd"] = "cut -c1 input > first"
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}), encoding="utf-8")
    run(())
    (folder / "input").write_text("1 and more", encoding="utf-8")
    assert list(stale(folder, ())) == ["first", "long", "after"]
    assert run(())["stages run"] == 1
    assert runs(folder, "long") == 1


def test_a_receipt_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    write(tmp_path, Receipt("a@b", "1", "2"))
    assert list(read(tmp_path)) == [Receipt("a@b", "1", "2")]
    for name, text in (("cut", '{"stage": '), ("other", "{}"), ("list", "[]")):
        (tmp_path / FOLDER / f"{name}.json").write_text(text, encoding="utf-8")
    assert list(read(tmp_path)) == [Receipt("a@b", "1", "2")]
    remove(tmp_path, ["a@b", "never"])
    assert list(read(tmp_path)) == []


def test_outputs_are_told_apart_by_what_is_in_them(tmp_path: Path) -> None:
    (tmp_path / "out" / "sub").mkdir(parents=True)
    (tmp_path / "out" / "sub" / "file").write_text("1")
    before = outs_hash(tmp_path, ["out"])
    assert outs_hash(tmp_path, ["out"]) == before
    (tmp_path / "out" / "more").write_text("1")
    assert outs_hash(tmp_path, ["out"]) != before
    with pytest.raises(FileNotFoundError):
        outs_hash(tmp_path, ["none"])
