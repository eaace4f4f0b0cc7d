import errno
import os
import resource
import shutil
import time
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.vision import processes, tiny
from vqax.errors import BadData, UsageError
from vqax.vision import FeatureFile, FeatureWriter, layout, writer

IDS = [7, 3, 900_000_000_001, 12, 5]
GRID, WIDTH = (2, 3), 5
ATTRIBUTES = {"extractor": "tiny", "input_px": 32}
FEATURES = dict(zip(IDS, tiny.records(len(IDS)), strict=True))


def open_writer(path, **changes):
    settings = {"image_ids": IDS, "grid": GRID, "width": WIDTH, "attributes": ATTRIBUTES}
    return FeatureWriter(path, **{**settings, **changes})


def write_all(path, image_ids=IDS):
    with open_writer(path) as out:
        for image_id in image_ids:
            out.write(image_id, FEATURES[image_id])
        out.finish()


def partial(path):
    return path.with_name(f".{path.name}.partial")


def test_the_file_is_what_the_layout_says(tmp_path):
    path = tmp_path / "deep" / "f.h5"
    write_all(path)
    with h5py.File(path) as file:
        assert file["features"].dtype == np.float16
        assert file["features"].chunks == (1, 6, WIDTH)
        assert np.array_equal(file["features"][:], np.stack([FEATURES[i] for i in IDS]))
        assert file["image_ids"][:].tolist() == IDS
        assert file["done"][:].tolist() == [1] * len(IDS)
        assert file.attrs["grid"].tolist() == [2, 3]
        assert file.attrs["extractor"] == "tiny"
    assert [child.name for child in path.parent.iterdir()] == ["f.h5"]


def test_order_of_writing_does_not_matter(tmp_path):
    write_all(tmp_path / "a.h5")
    write_all(tmp_path / "b.h5", IDS[::-1])
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_goes_on_after_an_interruption(tmp_path):
    path = tmp_path / "f.h5"
    with suppress(KeyboardInterrupt), open_writer(path) as out:
        out.write(12, FEATURES[12])
        out.write(7, FEATURES[7])
        raise KeyboardInterrupt
    assert not path.exists()
    with open_writer(path) as out:
        assert out.missing() == [3, 900_000_000_001, 5]
        for image_id in out.missing():
            out.write(image_id, FEATURES[image_id])
        out.finish()
    write_all(tmp_path / "whole.h5")
    assert path.read_bytes() == (tmp_path / "whole.h5").read_bytes()


def test_pictures_never_written_are_not_in_the_store(tmp_path):
    write_all(tmp_path / "f.h5", [5, 3])
    assert FeatureFile(tmp_path / "f.h5").image_ids.tolist() == [3, 5]


@pytest.mark.parametrize(
    "changes",
    [
        {"image_ids": [7, 3, 900_000_000_001, 12, 6]},
        {"image_ids": IDS[:4]},
        {"grid": (3, 2)},
        {"width": 4},
        {"attributes": {**ATTRIBUTES, "extractor": "other"}},
        {"attributes": {**ATTRIBUTES, "input_px": 64}},
        {"attributes": {"extractor": "tiny"}},
        {"attributes": {**ATTRIBUTES, "weight_hash": "1"}},
    ],
)
def test_a_temporary_file_for_something_else_is_begun_again(tmp_path, changes):
    path = tmp_path / "f.h5"
    with open_writer(path) as out:
        out.write(7, FEATURES[7])
    with open_writer(path) as out:
        assert 7 not in out.missing()
    with open_writer(path, **changes) as out:
        assert out.missing() == changes.get("image_ids", IDS)


@pytest.mark.parametrize("kept", [0, 10, 500, 2100, -1])
def test_an_unreadable_temporary_file_is_begun_again(tmp_path, kept):
    path = tmp_path / "f.h5"
    with open_writer(path) as out:
        out.write(7, FEATURES[7])
    partial(path).write_bytes(partial(path).read_bytes()[:kept])
    write_all(path)
    write_all(tmp_path / "whole.h5")
    assert path.read_bytes() == (tmp_path / "whole.h5").read_bytes()


def test_an_old_file_stays_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "f.h5"
    write_all(path, [5])
    with open_writer(path) as out:
        out.write(7, FEATURES[7])
        assert FeatureFile(path).image_ids.tolist() == [5]
        out.finish()
    assert FeatureFile(path).image_ids.tolist() == [7]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 70_000.0])
def test_values_fp16_cannot_hold(tmp_path, value):
    features = FEATURES[3].copy()
    features[2, 1] = value
    with (
        pytest.raises(BadData, match=r"f\.h5: a feature of image_id 3 .*weights"),
        open_writer(tmp_path / "f.h5") as out,
    ):
        out.write(3, features)
    with open_writer(tmp_path / "f.h5") as out:
        assert 3 in out.missing()


@pytest.mark.parametrize(("image_id", "shape"), [(4, (6, 5)), (3, (5, 6)), (3, (6, 4))])
def test_unannounced_pictures_and_other_shapes(tmp_path, image_id, shape):
    with open_writer(tmp_path / "f.h5") as out, pytest.raises(UsageError, match=f"{image_id}"):
        out.write(image_id, np.zeros(shape, dtype=np.float32))


@pytest.mark.parametrize("image_ids", [[], [3, 4, 3]])
def test_no_pictures_or_one_twice(tmp_path, image_ids):
    with pytest.raises(UsageError, match="distinct"):
        open_writer(tmp_path / "f.h5", image_ids=image_ids)


def test_nothing_written_is_not_a_result(tmp_path):
    with open_writer(tmp_path / "f.h5") as out, pytest.raises(BadData, match="none of 5"):
        out.finish()
    assert not (tmp_path / "f.h5").exists()


def test_a_second_writer_of_the_same_file_is_refused(tmp_path):
    path = tmp_path / "f.h5"
    with open_writer(path) as first:
        first.write(7, FEATURES[7])
        with pytest.raises(BadData, match="another process"), open_writer(path):
            pass
        for image_id in IDS:
            first.write(image_id, FEATURES[image_id])
        first.finish()
    write_all(tmp_path / "whole.h5")
    assert path.read_bytes() == (tmp_path / "whole.h5").read_bytes()


def test_a_file_in_place_of_the_folder(tmp_path):
    (tmp_path / "folder").write_text("not a folder")
    with (
        pytest.raises(BadData, match=r"folder/f\.h5: cannot be written.*choose another"),
        open_writer(tmp_path / "folder" / "f.h5"),
    ):
        pass


def test_a_folder_in_place_of_the_file(tmp_path):
    (tmp_path / "f.h5").mkdir()
    with pytest.raises(BadData, match=r"f\.h5: cannot be written"):
        write_all(tmp_path / "f.h5")


def test_a_disk_that_is_too_small_is_noticed_first(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=299)
    monkeypatch.setattr(layout.shutil, "disk_usage", lambda _path: usage)
    with pytest.raises(BadData, match=r"/f: needs 0 MB, the disk has"), open_writer(tmp_path / "f"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_keeps_what_was_written(tmp_path, monkeypatch):
    path = tmp_path / "f.h5"
    pwrite = os.pwrite
    room = [2]

    def full(file, data, offset):
        if len(data) > 1:
            room[0] -= 1
            if room[0] < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if room[0] == 0:
                return pwrite(file, data[:7], offset)  # the disk takes what it has room for
        return pwrite(file, data, offset)

    monkeypatch.setattr(writer.os, "pwrite", full)
    with open_writer(path) as out:
        out.write(7, FEATURES[7])
        with pytest.raises(BadData, match=r"f\.h5: the disk is full; free"):
            out.write(3, FEATURES[3])
    monkeypatch.undo()
    with open_writer(path) as out:
        assert out.missing() == IDS[1:]


def limit_file_size(limit):
    """The kernel refuses to write beyond ``limit`` bytes, as a quota would."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


def test_a_size_limit_below_the_structure(tmp_path):
    def job():
        limit_file_size(1000)
        with pytest.raises(BadData, match=r"f\.h5: cannot be written"):
            write_many(tmp_path / "f.h5")

    assert processes.exit_status(processes.fork(job)) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_size_limit_in_the_middle_of_the_records(tmp_path):
    path = tmp_path / "f.h5"

    def job():
        with open_writer(path, image_ids=range(MANY)) as out:
            limit_file_size(5000)
            for image_id in range(20):
                out.write(image_id, MANY_FEATURES[image_id])
            with pytest.raises(BadData, match=r"f\.h5: cannot be written \(File too large\)"):
                out.write(MANY - 1, MANY_FEATURES[MANY - 1])

    assert processes.exit_status(processes.fork(job)) == 0
    assert not path.exists()
    write_many(path)
    write_many(tmp_path / "whole.h5")
    assert path.read_bytes() == (tmp_path / "whole.h5").read_bytes()


MANY = 150
MANY_FEATURES = tiny.records(MANY)


def write_many(path: Path, pause_s: float = 0.0) -> None:
    with open_writer(path, image_ids=range(MANY)) as out:
        for image_id in out.missing():
            out.write(image_id, MANY_FEATURES[image_id])
            time.sleep(pause_s)
        out.finish()


@pytest.mark.parametrize("flush_every", [1, 7, 64])
def test_killed_at_any_time_it_ends_with_the_same_bytes(tmp_path, monkeypatch, flush_every):
    monkeypatch.setattr(writer, "FLUSH_EVERY", flush_every)
    write_many(tmp_path / "whole.h5")
    path = tmp_path / "f.h5"
    delays = np.random.default_rng(flush_every).uniform(0.0, 0.02, 12)
    killed = 0
    for delay in delays:
        child = processes.fork(lambda: write_many(path, pause_s=0.0005))
        time.sleep(delay)
        processes.kill(child)
        killed += processes.exit_status(child) != 0
    assert killed > 3
    write_many(path)
    assert path.read_bytes() == (tmp_path / "whole.h5").read_bytes()
    assert sorted(child.name for child in tmp_path.iterdir()) == ["f.h5", "whole.h5"]


def test_a_killed_writer_does_not_lose_its_records(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "FLUSH_EVERY", 2)
    path = tmp_path / "f.h5"

    def job():
        with open_writer(path) as out:
            for image_id in IDS[:3]:
                out.write(image_id, FEATURES[image_id])
            processes.kill(os.getpid())

    assert processes.exit_status(processes.fork(job)) == -9
    with open_writer(path) as out:
        assert out.missing() == IDS[2:]
        out.finish()
    assert np.array_equal(FeatureFile(path).record(3), FEATURES[3])
