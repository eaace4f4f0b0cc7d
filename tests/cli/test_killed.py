"""Real ``vqax`` processes, stopped in the middle and started again."""

import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.commands import start
from tests.stages import tiny
from vqax.data.folder import annotations_name, image_name, questions_name
from vqax.data.vqa import read_annotations, read_questions, write_annotations, write_questions
from vqax.vision import layout

pytestmark = pytest.mark.slow
PATIENCE_S = 60
RUN = "mcb_p_gca"
IMAGE_IDS = range(1, 401)


def until(condition: Callable[[], bool], process: subprocess.Popen) -> None:
    """Wait for a condition that holds at some time before the process ends by itself."""
    limit = time.monotonic() + PATIENCE_S
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < limit, "nothing happened"
        time.sleep(0.002)


def ended(process: subprocess.Popen) -> tuple[int, str]:
    _, errors = process.communicate(timeout=PATIENCE_S)
    return process.returncode, errors


def training(finished: Path, folder: Path) -> Path:
    """A workspace before its trainings, which take long enough to be interrupted."""
    unwanted = shutil.ignore_patterns("runs", "explanations", "scores", "report", "results")
    shutil.copytree(finished, folder, ignore=unwanted)
    tiny.write_settings(folder, tiny.settings(training={"epochs": 30}))
    return folder


def checkpoint(folder: Path, run: str) -> Path:
    """The folder of a run's checkpoint, once there is one."""
    return next((folder / "data" / "checkpoints").glob(f"{run}-*/checkpoint.json")).parent


def has_checkpoint(folder: Path, run: str) -> Callable[[], bool]:
    return lambda: any((folder / "data" / "checkpoints").glob(f"{run}-*/checkpoint.json"))


def train(folder: Path, run: str) -> subprocess.Popen:
    return start(["train", run, "--resume", "--workers", "1"], folder, OMP_NUM_THREADS="1")


@pytest.fixture(scope="module")
def uninterrupted(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a training leaves that nobody stopped."""
    folder = training(finished, tmp_path_factory.mktemp("uninterrupted") / "work")
    assert ended(train(folder, RUN)) == (0, "")
    return folder / "data" / "runs" / "headline" / RUN


@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 75)])
def test_a_training_that_was_stopped_ends_with_the_same_weights(
    finished: Path, uninterrupted: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    folder = training(finished, tmp_path / "work")
    first = train(folder, RUN)
    until(has_checkpoint(folder, RUN), first)
    first.send_signal(number)
    exit_code, errors = ended(first)
    assert exit_code == code
    assert ("--resume" in errors) == (number == signal.SIGTERM)
    assert "Traceback" not in errors
    assert not (folder / "data" / "runs").exists()
    assert ended(train(folder, RUN)) == (0, "")
    for path in uninterrupted.iterdir():
        again = folder / "data" / "runs" / "headline" / RUN / path.name
        assert again.read_bytes() == path.read_bytes(), path.name
    assert not any((folder / "data" / "checkpoints").iterdir())


def test_a_second_training_of_a_run_is_refused_and_harms_nothing(
    finished: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    folder = training(finished, tmp_path / "work")
    first = train(folder, RUN)
    until(has_checkpoint(folder, RUN), first)
    first.send_signal(signal.SIGSTOP)  # so that it has not ended before the second comes so far
    code, errors = ended(train(folder, RUN))
    first.send_signal(signal.SIGCONT)
    assert code == 3
    assert errors == (
        f"error: data/locks/runs/{RUN}.lock: another process holds it and makes the same; "
        "wait for that one or end it\n"
    )
    assert ended(first) == (0, "")
    for path in uninterrupted.iterdir():
        again = folder / "data" / "runs" / "headline" / RUN / path.name
        assert again.read_bytes() == path.read_bytes(), path.name
    assert not any((folder / "data" / "checkpoints").iterdir())
    assert not any((folder / "data" / "locks").rglob("*.lock"))


def test_a_training_whose_best_weights_are_gone_starts_anew_and_says_so(
    finished: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    folder = training(finished, tmp_path / "work")
    first = train(folder, RUN)
    until(lambda: any((folder / "data").glob("checkpoints/*/best-*.safetensors")), first)
    until(has_checkpoint(folder, RUN), first)
    first.kill()
    ended(first)
    for best in checkpoint(folder, RUN).glob("best-*.safetensors"):
        best.unlink()
    code, errors = ended(train(folder, RUN))
    assert code == 0
    assert "is gone; the training starts anew" in errors
    weights = "model.safetensors"
    again = folder / "data" / "runs" / "headline" / RUN / weights
    assert again.read_bytes() == (uninterrupted / weights).read_bytes()


def test_a_checkpoint_of_another_model_is_refused(finished: Path, tmp_path: Path) -> None:
    folder = training(finished, tmp_path / "work")
    for run in ("san", "mcb"):
        process = train(folder, run)
        until(has_checkpoint(folder, run), process)
        process.send_signal(signal.SIGTERM)
        assert ended(process)[0] == 75
    ours, other = checkpoint(folder, "mcb"), checkpoint(folder, "san")
    shutil.rmtree(ours)
    shutil.copytree(other, ours)
    code, errors = ended(train(folder, "mcb"))
    assert code == 3
    assert errors.startswith(f"error: {ours.relative_to(folder)}/checkpoint.json: written by ")
    assert "model was san, is mcb" in errors
    assert "Traceback" not in errors
    assert not (folder / "data" / "runs").exists()


def many_images(finished: Path, folder: Path) -> Path:
    """A workspace with ``IMAGES`` small train images, one question about each."""
    shutil.copytree(finished, folder, ignore=shutil.ignore_patterns("features", "train2014"))
    tiny.write_settings(folder, tiny.settings(grid={"input_px": 64}))
    root = folder / "data" / "scenes" / tiny.DATASET
    (root / "images" / "train2014").mkdir()
    random = np.random.default_rng(0)
    for image_id in IMAGE_IDS:
        pixels = random.integers(0, 256, (48, 64, 3), dtype=np.uint8)
        path = root / "images" / "train2014" / image_name("train2014", image_id)
        Image.fromarray(pixels).save(path)
    questions, annotations = (
        root / name("train2014") for name in (questions_name, annotations_name)
    )
    question, annotation = read_questions(questions)[0], read_annotations(annotations)[0]
    ids = [{"question_id": 10 * image_id, "image_id": image_id} for image_id in IMAGE_IDS]
    asked, answered = ([replace(one, **i) for i in ids] for one in (question, annotation))
    write_questions(questions, asked, data_subtype="train2014")
    write_annotations(annotations, answered, data_subtype="train2014")
    return folder


def extract(folder: Path) -> subprocess.Popen:
    command = ["features", "extract", tiny.DATASET, "--workers", "1"]
    return start(command, folder, OMP_NUM_THREADS="1")


def test_a_killed_extraction_ends_with_the_same_features(finished: Path, tmp_path: Path) -> None:
    whole = many_images(finished, tmp_path / "whole")
    stopped = tmp_path / "stopped"
    shutil.copytree(whole, stopped)
    path = stopped / "data" / "features" / f"{tiny.DATASET}.h5"
    partial = path.with_name(f".{path.name}.partial")
    uninterrupted, first = extract(whole), extract(stopped)

    until(lambda: done(partial) > 0, first)
    first.kill()
    assert ended(first)[0] == -9
    assert 0 < done(partial) < len(IMAGE_IDS)
    assert not path.exists()
    assert ended(extract(stopped))[0] == 0
    assert ended(uninterrupted)[0] == 0
    assert path.read_bytes() == (whole / path.relative_to(stopped)).read_bytes()
    assert not partial.exists()


def done(partial: Path) -> int:
    """How many images of an unfinished feature file have features."""
    try:
        return int(layout.locate(partial).done.sum())
    except (OSError, KeyError):  # not laid out yet
        return 0
