import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.vision import tiny
from vqax.errors import BadData, UsageError
from vqax.vision import FeatureFile, extract, preprocess, writer


def test_features_are_those_of_the_extractor(tmp_path):
    images = tiny.images(tmp_path / "images", 7)
    assert extract(images, tiny.extractor(), tmp_path / "f.h5", batch_size=3) == []
    feature_file = FeatureFile(tmp_path / "f.h5", extractor="tiny")
    assert feature_file.image_ids.tolist() == sorted(images)
    assert (feature_file.grid, feature_file.width) == ((4, 4), 3)
    assert feature_file.attributes["weight_hash"] == "0123"
    for image_id, path in images.items():
        square = preprocess(Image.open(path), 32).float().numpy()
        for cell in range(16):
            top, left = 8 * (cell // 4), 8 * (cell % 4)
            mean = square[:, top : top + 8, left : left + 8].mean(axis=(1, 2)) / 255
            assert np.allclose(feature_file.record(image_id)[cell], mean * [1, 2, 3], atol=2e-3)


@pytest.mark.parametrize(("batch_size", "workers"), [(1, 1), (4, 3), (100, 2), (3, 0)])
def test_workers_and_progress(tmp_path, batch_size, workers):
    images = tiny.images(tmp_path / "images", 10)
    seen = []
    extract(
        images, tiny.extractor(), tmp_path / "f.h5", batch_size=batch_size, workers=workers,
        progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    expected = [min(done, 10) for done in range(batch_size, 10 + batch_size, batch_size)]
    assert seen == [(done, 10) for done in expected]
    assert len(FeatureFile(tmp_path / "f.h5").image_ids) == 10


def test_damaged_and_absent_pictures_are_counted_and_listed(tmp_path):
    images = tiny.images(tmp_path / "images", 9)
    cut, absent, text = sorted(images)[2:5]
    images[cut].write_bytes(images[cut].read_bytes()[:200])
    images[absent].unlink()
    images[text].write_text("no image")
    skipped = extract(images, tiny.extractor(), tmp_path / "f.h5", batch_size=3)
    assert [(row.file, row.entry) for row in skipped] == [
        (str(images[image_id]), f"image_id {image_id}") for image_id in (cut, absent, text)
    ]
    assert "cut or damaged" in skipped[0].reason
    assert "no such image" in skipped[1].reason
    left = set(images) - {cut, absent, text}
    feature_file = FeatureFile(tmp_path / "f.h5")
    assert set(feature_file.image_ids.tolist()) == left
    assert feature_file.batch(sorted(left)).shape == (6, 16, 3)


def test_a_whole_batch_of_damaged_pictures(tmp_path):
    images = tiny.images(tmp_path / "images", 4)
    for image_id in sorted(images)[:2]:
        images[image_id].write_bytes(b"")
    assert len(extract(images, tiny.extractor(), tmp_path / "f.h5", batch_size=2)) == 2


def test_no_picture_can_be_read(tmp_path):
    images = {1: tmp_path / "1.jpg", 2: tmp_path / "2.jpg"}
    with pytest.raises(BadData, match=r"f\.h5: none of 2 images"):
        extract(images, tiny.extractor(), tmp_path / "f.h5")
    assert not (tmp_path / "f.h5").exists()
    with pytest.raises(UsageError, match="0 image_ids"):
        extract({}, tiny.extractor(), tmp_path / "f.h5")


def test_weights_that_give_nan(tmp_path):
    images = tiny.images(tmp_path / "images", 3)
    extractor = tiny.extractor()
    with torch.no_grad():
        extractor.image_encoder.weight[1] = float("nan")
    with pytest.raises(BadData, match=f"image_id {min(images)} is NaN.*weights"):
        extract(images, extractor, tmp_path / "f.h5")
    assert not (tmp_path / "f.h5").exists()


class Stop(Exception):
    pass


def test_interrupted_it_repeats_no_finished_batch_and_skips_again(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "FLUSH_EVERY", 1)
    images = tiny.images(tmp_path / "images", 12)
    damaged = sorted(images)[0]
    images[damaged].write_bytes(b"")
    extract(images, tiny.extractor(), tmp_path / "whole.h5", batch_size=3)

    def stop(done, _total):
        if done == 6:
            raise Stop

    with pytest.raises(Stop):
        extract(images, tiny.extractor(), tmp_path / "f.h5", batch_size=3, progress=stop)
    seen = []
    skipped = extract(
        images, tiny.extractor(), tmp_path / "f.h5", batch_size=3,
        progress=lambda done, _total: seen.append(done),
    )  # fmt: skip
    assert seen == [6, 9, 12], "the batch of the damaged image again, and the last two"
    assert [row.entry for row in skipped] == [f"image_id {damaged}"]
    assert (tmp_path / "f.h5").read_bytes() == (tmp_path / "whole.h5").read_bytes()


def test_another_extractor_begins_again(tmp_path):
    images = tiny.images(tmp_path / "images", 6)

    def stop(done, _total):
        if done == 4:
            raise Stop

    with pytest.raises(Stop):
        extract(images, tiny.extractor(), tmp_path / "f.h5", batch_size=2, progress=stop)
    other = tiny.extractor()
    other.weight_hash = "4567"
    seen = []
    extract(images, other, tmp_path / "f.h5", batch_size=2, progress=lambda *n: seen.append(n))
    assert seen[0] == (2, 6)
    assert FeatureFile(tmp_path / "f.h5").attributes["weight_hash"] == "4567"


def test_thread_settings_are_left_as_found(tmp_path):
    images = tiny.images(tmp_path / "images", 3)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        extract(images, tiny.extractor(), tmp_path / "f.h5")
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


PROGRAM = """
import sys
from pathlib import Path
from tests.vision import tiny
from vqax.vision import extract, writer

writer.FLUSH_EVERY = 1
folder = Path(sys.argv[1])

def tell_and_wait(done, total):
    print(done, flush=True)
    sys.stdin.readline()

images = tiny.images(folder / "images", 12)
extract(images, tiny.extractor(), folder / "f.h5", batch_size=2, progress=tell_and_wait)
"""


def test_a_process_killed_in_the_middle_and_started_again(tmp_path):
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
    ) as process:
        for expected in ("2", "4", "6"):
            assert process.stdout.readline().strip() == expected
            process.stdin.write("\n")
            process.stdin.flush()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "f.h5").exists()

    images = tiny.images(tmp_path / "images", 12)
    seen = []
    resumed = {"batch_size": 2, "progress": lambda done, _total: seen.append(done)}
    extract(images, tiny.extractor(), tmp_path / "f.h5", **resumed)
    assert seen[0] in (8, 10), "six images were done, perhaps eight"
    extract(images, tiny.extractor(), tmp_path / "whole.h5", batch_size=2)
    assert (tmp_path / "f.h5").read_bytes() == (tmp_path / "whole.h5").read_bytes()
