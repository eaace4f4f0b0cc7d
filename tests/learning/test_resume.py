"""Stopped anywhere and resumed, a training ends bit-equal to one that was never stopped."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.learning import tiny
from vqax.errors import BadData, Resumable
from vqax.files import read_json
from vqax.learning.history import History
from vqax.learning.loop import train
from vqax.learning.weights import load_model_weights

REPOSITORY = Path(__file__).resolve().parents[2]
STEPS = 4  # of an epoch: 25 examples in batches of 8


def run(folder: Path, objective=tiny.noisy_objective, *, seed: int = 1, **options):
    network = tiny.model(seed=seed)
    changes = options.pop("changes", {})
    history = train(
        network,
        objective,
        tiny.TinyData(25),
        options.pop("validation_set", tiny.TinyData(9, seed=5)),
        tiny.settings(**changes),
        checkpoint_dir=folder,
        **options,
    )
    return network, history


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[tiny.TinyModel, History]:
    return run(tmp_path_factory.mktemp("whole"))


def assert_same(found, expected) -> None:
    for (name, a), b in zip(found[0].named_parameters(), expected[0].parameters(), strict=True):
        assert torch.equal(a, b), name
    assert found[1] == expected[1]


@pytest.mark.parametrize("at_call", [0, 2, STEPS - 1, STEPS, 2 * STEPS + 1])
@pytest.mark.parametrize("workers", [0, 2])
def test_sigterm_in_a_step_saves_and_resumes(tmp_path, uninterrupted, at_call, workers) -> None:
    stopping = tiny.killing(tiny.noisy_objective, at_call, signal.SIGTERM)
    with pytest.raises(Resumable, match="--resume"):
        run(tmp_path, stopping, workers=workers)
    done = read_json(tmp_path / "checkpoint.json")["position"]
    assert done["epoch"] * STEPS + done["step"] == at_call + 1
    # another initialisation: everything has to come from the checkpoint
    assert_same(run(tmp_path, seed=7, resume=True, workers=workers), uninterrupted)


def test_stopped_after_every_step(tmp_path: Path, uninterrupted) -> None:
    stops = 0
    while True:
        stopping = tiny.killing(tiny.noisy_objective, 0, signal.SIGTERM)
        try:
            found = run(tmp_path, stopping, seed=1 + stops, resume=True)
            break
        except Resumable:
            stops += 1
    assert stops == 3 * STEPS
    assert_same(found, uninterrupted)


def test_stopped_exactly_between_epochs(tmp_path: Path, uninterrupted) -> None:
    def stop(epoch: int, _: dict[str, float]) -> None:
        if epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, on_epoch=stop)
    position = read_json(tmp_path / "checkpoint.json")["position"]
    assert (position["epoch"], position["step"]) == (2, 0)
    assert_same(run(tmp_path, seed=7, resume=True), uninterrupted)


def test_resuming_a_finished_training_changes_nothing(tmp_path: Path, uninterrupted) -> None:
    run(tmp_path)
    forbidden = tiny.killing(tiny.noisy_objective, 0, signal.SIGKILL)
    assert_same(run(tmp_path, forbidden, seed=7, resume=True), uninterrupted)


def test_resume_without_checkpoint_and_start_over_an_old_one(tmp_path, uninterrupted) -> None:
    assert_same(run(tmp_path / "new", resume=True), uninterrupted)
    with pytest.raises(Resumable):
        run(tmp_path / "old", tiny.killing(tiny.noisy_objective, 2, signal.SIGTERM))
    assert_same(run(tmp_path / "old", resume=False), uninterrupted)


def test_weights_that_are_gone_start_the_training_anew(tmp_path: Path, uninterrupted) -> None:
    with pytest.raises(Resumable):
        run(tmp_path, tiny.killing(tiny.noisy_objective, STEPS + 1, signal.SIGTERM))
    (tmp_path / "best-0001.safetensors").unlink()
    told: list[str] = []
    assert_same(run(tmp_path, resume=True, note=told.append), uninterrupted)
    assert len(told) == 1
    assert "best-0001.safetensors, which is gone; the training starts anew" in told[0]


def test_a_second_training_with_the_same_checkpoint_is_refused(
    tmp_path: Path, uninterrupted
) -> None:
    refused = []

    def second(epoch: int, _: dict[str, float]) -> None:
        if epoch == 1:
            process = program(tmp_path, "--resume")
            refused.append((process.returncode, process.stderr.splitlines()[-1]))

    assert_same(run(tmp_path / "checkpoint", on_epoch=second), uninterrupted)
    ((code, error),) = refused
    assert code == 1
    assert error.startswith(f"vqax.errors.BadData: {tmp_path}/.checkpoint.lock: another process")
    assert list(tmp_path.iterdir()) == [tmp_path / "checkpoint"]


def test_sigterm_in_validation(tmp_path: Path, uninterrupted) -> None:
    class Stopping(tiny.TinyData):
        def batch(self, rows):
            os.kill(os.getpid(), signal.SIGTERM)
            return super().batch(rows)

    with pytest.raises(Resumable):
        run(tmp_path, validation_set=Stopping(9, seed=5))
    position = read_json(tmp_path / "checkpoint.json")["position"]
    assert (position["epoch"], position["step"]) == (0, STEPS)
    assert_same(run(tmp_path, seed=7, resume=True), uninterrupted)


@pytest.mark.parametrize(
    "how", [("--kill-at-step", "6"), ("--kill-between-files", "1")], ids=lambda how: how[0]
)
def test_killed_process_resumes(tmp_path: Path, uninterrupted, how: tuple[str, str]) -> None:
    killed = program(tmp_path, *how)
    assert killed.returncode == -signal.SIGKILL
    position = read_json(tmp_path / "checkpoint" / "checkpoint.json")["position"]
    assert (position["epoch"], position["step"]) == (1, 0)
    assert_same(run(tmp_path / "checkpoint", seed=7, resume=True), uninterrupted)


def program(folder: Path, *arguments: str, launcher: tuple[str, ...] = ()):
    command = [sys.executable, *launcher, "-m", "tests.learning.tiny", str(folder), *arguments]
    return subprocess.run(
        command,
        cwd=REPOSITORY,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_starting_anew_forgets_the_old_checkpoint(tmp_path: Path) -> None:
    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    run(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, broken)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"batch_size": 5}, "settings.batch_size was 8, is 5"),
        ({"clip": None}, "settings.clip was 1.0, is None"),
    ],
)
def test_changed_settings_are_refused(tmp_path: Path, changes: dict, named: str) -> None:
    with pytest.raises(Resumable):
        run(tmp_path, tiny.killing(tiny.noisy_objective, 2, signal.SIGTERM))
    with pytest.raises(BadData, match=named):
        run(tmp_path, resume=True, changes=changes)


def test_handler_and_random_state_are_given_back(tmp_path: Path) -> None:
    handler = signal.getsignal(signal.SIGTERM)
    torch.manual_seed(11)
    before = torch.get_rng_state()
    run(tmp_path / "whole")
    with pytest.raises(Resumable):
        run(tmp_path / "cut", tiny.killing(tiny.noisy_objective, 2, signal.SIGTERM))
    assert signal.getsignal(signal.SIGTERM) is handler
    assert torch.equal(torch.get_rng_state(), before)


def test_two_processes_train_as_one(tmp_path: Path) -> None:
    launcher = ("-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone")
    two = program(tmp_path / "two", "--plain", launcher=launcher)
    assert two.returncode == 0, two.stderr
    one = tiny.model(dropout=0.0)
    history = train(
        one,
        tiny.plain_objective,
        *tiny.uneven_parts(),
        tiny.settings(batch_size=5),
        checkpoint_dir=tmp_path / "one",
    )
    found = tiny.model(seed=7)
    meta = load_model_weights(tmp_path / "two", found)
    for a, b in zip(one.parameters(), found.parameters(), strict=True):
        assert torch.allclose(a, b, rtol=0.0, atol=1e-6)
    for ours, theirs in zip(history.entries, meta["history"], strict=True):
        assert list(ours[:3]) == theirs[:3]
        assert ours[3] == pytest.approx(theirs[3], abs=1e-6)
