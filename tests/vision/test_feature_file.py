import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.vision import processes, tiny
from vqax.errors import BadData, MissingArtefact
from vqax.vision import FeatureFile, FeatureWriter, layout

COUNT = 20
IDS = [(13 * number) % COUNT + 100 for number in range(COUNT)]
FEATURES = dict(zip(IDS, tiny.records(COUNT), strict=True))
SKIPPED = 113


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "f.h5"
    attributes = {"extractor": "tiny", "input_px": 32}
    with FeatureWriter(path, IDS, (2, 3), 5, attributes) as out:
        for image_id in IDS:
            if image_id != SKIPPED:
                out.write(image_id, FEATURES[image_id])
        out.finish()
    return path


def test_index(path):
    feature_file = FeatureFile(path, extractor="tiny")
    assert feature_file.image_ids.tolist() == [image_id for image_id in IDS if image_id != SKIPPED]
    assert (feature_file.grid, feature_file.width) == ((2, 3), 5)
    assert feature_file.attributes == {"extractor": "tiny", "input_px": 32}
    assert feature_file.path == path


def test_record_is_what_was_written(path):
    feature_file = FeatureFile(path)
    assert feature_file.record(100).dtype == np.float16
    for image_id in feature_file.image_ids:
        assert np.array_equal(feature_file.record(image_id), FEATURES[image_id])


@pytest.mark.parametrize("wanted", [[105], [119, 100, 107], [104, 101, 104, 104, 101], []])
@pytest.mark.parametrize("kind", [list, np.array])
def test_batch_keeps_order_and_repetitions(path, wanted, kind):
    batch = FeatureFile(path).batch(kind(wanted) if wanted or kind is list else np.empty(0, int))
    assert batch.dtype == np.float32
    assert batch.shape == (len(wanted), 6, 5)
    assert batch.flags.writeable
    for cells, image_id in zip(batch, wanted, strict=True):
        assert np.array_equal(cells, FEATURES[image_id])


def test_a_repeated_picture_is_not_shared_memory(path):
    batch = FeatureFile(path).batch([104, 104])
    batch[0] = 0
    assert np.array_equal(batch[1], FEATURES[104])


def test_absent_file(tmp_path):
    with pytest.raises(MissingArtefact, match=r"none\.h5.*vqax features extract none`"):
        FeatureFile(tmp_path / "none.h5")


@pytest.mark.parametrize("image_id", [SKIPPED, 99])
def test_picture_without_features(path, image_id):
    feature_file = FeatureFile(path)
    with pytest.raises(MissingArtefact, match=rf"f\.h5: image_id {image_id} .*among 19"):
        feature_file.record(image_id)
    with pytest.raises(MissingArtefact, match=f"image_id {image_id}"):
        feature_file.batch([100, image_id])


def test_features_of_another_extractor(path):
    with pytest.raises(BadData, match=r"f\.h5: features of extractor tiny, expected vgg16"):
        FeatureFile(path, extractor="vgg16")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.9, 0.999])
def test_truncated_file(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(BadData, match=r"f\.h5: not a whole HDF5 file.*extract it again"):
        FeatureFile(path)


def test_file_cut_after_it_was_indexed(path):
    feature_file = FeatureFile(path)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(BadData, match=r"f\.h5"):
        feature_file.batch([100])


def test_hdf5_of_something_else(tmp_path):
    with h5py.File(tmp_path / "maps.h5", "w") as file:
        file["maps"] = np.zeros(3)
    with pytest.raises(BadData, match=r"maps\.h5: not a feature file.*no dataset features"):
        FeatureFile(tmp_path / "maps.h5")


def test_features_of_another_precision(path):
    with h5py.File(path, "r+") as file:
        del file["features"]
        file["features"] = np.zeros((COUNT, 6, 5), dtype=np.float32)
    with pytest.raises(BadData, match="float32, not float16"):
        FeatureFile(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite(path, value):
    with h5py.File(path, "r+") as file:
        file["features"][IDS.index(107), 5, 4] = value
    feature_file = FeatureFile(path)
    assert feature_file.batch([100, 101]).shape == (2, 6, 5)
    with pytest.raises(BadData, match="image_id 107 hold NaN or infinity"):
        feature_file.record(107)
    with pytest.raises(BadData, match="image_id 107 hold NaN or infinity"):
        feature_file.batch([101, 107])


def test_largest_fp16_values_are_fine(path):
    with h5py.File(path, "r+") as file:
        file["features"][IDS.index(107)] = 65504
        file["features"][IDS.index(108)] = -65504
    assert FeatureFile(path).batch([107, 108]).sum() == 0


def read_everything(feature_file):
    for _ in range(20):
        batch = feature_file.batch(feature_file.image_ids)
        for cells, image_id in zip(batch, feature_file.image_ids, strict=True):
            assert np.array_equal(cells, FEATURES[image_id])


@pytest.mark.parametrize("read_before", [False, True])
def test_forked_processes_read_at_the_same_time(path, read_before):
    feature_file = FeatureFile(path)
    if read_before:
        feature_file.record(100)
    children = [processes.fork(lambda: read_everything(feature_file)) for _ in range(4)]
    read_everything(feature_file)
    assert [processes.exit_status(child) for child in children] == [0, 0, 0, 0]
    read_everything(feature_file)


def test_a_fork_opens_the_file_for_itself(path):
    """Not the parent's descriptor, whose position both would move."""
    feature_file = FeatureFile(path)
    feature_file.record(100)
    inherited = open_files(path)
    reader, writer = os.pipe()

    def job():
        feature_file.record(101)
        os.write(writer, b"own" if feature_file._opened[0] == os.getpid() else b"shared")
        assert len(open_files(path)) == len(inherited)

    assert processes.exit_status(processes.fork(job)) == 0
    assert os.read(reader, 10) == b"own"
    os.close(reader)
    os.close(writer)


def open_files(path):
    links = [entry for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()]
    return [entry for entry in links if os.path.realpath(entry) == str(path)]


def test_file_that_is_open_elsewhere(path):
    with h5py.File(path) as file:
        feature_file = FeatureFile(path)
        assert np.array_equal(feature_file.record(100), file["features"][IDS.index(100)])


def test_pickled_to_a_worker(path):
    feature_file = FeatureFile(path)
    feature_file.record(100)
    read_everything(pickle.loads(pickle.dumps(feature_file)))


def test_threads_share_a_store(path):
    feature_file = FeatureFile(path)
    with ThreadPoolExecutor(8) as pool:
        for job in [pool.submit(read_everything, feature_file) for _ in range(8)]:
            job.result()


def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def test_memory_does_not_grow_with_the_file(tmp_path):
    """400 MB of records, a hole on the disk, read in batches."""
    path, count = tmp_path / "big.h5", 5000
    ids = np.arange(count)
    layout.create(path, (count, 200, 200), ids, {"grid": np.array([20, 10])})
    with h5py.File(path, "r+") as file:
        file["done"][:] = 1
    assert path.stat().st_size > 400e6
    feature_file = FeatureFile(path)
    for _ in range(10):  # until the allocator has settled
        feature_file.batch(ids[:50])
    before = resident_mb()
    peak = 0.0
    for start in range(0, count, 50):
        feature_file.batch(ids[start : start + 50])
        peak = max(peak, resident_mb())
    assert peak - before < 40


def changed(path, name, value=None, **options):
    """The file with another dataset, or none, in the place of ``name``."""
    with h5py.File(path, "r+") as file:
        del file[name]
        if value is not None or options:
            file.create_dataset(name, data=value, **options)
    return path


STRANGE = {
    "done of text": ("done", np.array([b"yes"] * COUNT), {}, "done holds .S3, not whole"),
    "no image_ids": ("image_ids", None, {}, "no dataset image_ids but done, features"),
    "scalar image_ids": ("image_ids", 7, {}, r"image_ids has the shape \(\), not 1 axes"),
    "short image_ids": ("image_ids", np.arange(3), {}, "20 features, but 3 image_ids and 20 done"),
    "another type": ("features", np.zeros((COUNT, 6, 5), "f4"), {}, "are float32, not float16"),
    "two axes": ("features", np.zeros((COUNT, 6), "f2"), {}, r"shape \(20, 6\), not 3 axes"),
    "more cells": ("features", np.zeros((COUNT, 7, 5), "f2"), {}, "7 cells on a grid of 2x3"),
    "an empty space": ("features", h5py.Empty("f2"), {}, "features is dataset, which holds no"),
    "a repeated id": (
        "image_ids",
        np.array([4, *range(1, COUNT)]),
        {},
        "4 in row 0 and again in row 4",
    ),
    "3e9 rows": (
        "done",
        None,
        {"shape": (3_000_000_000,), "dtype": "u1", "chunks": (1 << 20,)},
        r"done of shape \(3000000000,\) claims 3,000,000,000 bytes in a file of",
    ),
    "records of 24 GB": (
        "features",
        None,
        {"shape": (COUNT, 6, 2_000_000_000), "dtype": "f2", "chunks": (1, 1, 1 << 20)},
        "claims 24,000,000,000 bytes",
    ),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_an_index_that_cannot_be_right(path, kind):
    name, value, options, message = STRANGE[kind]
    with pytest.raises(BadData, match=rf"f\.h5: not a feature file \(.*{message}.*extract it"):
        FeatureFile(changed(path, name, value, **options))


def test_a_group_in_the_place_of_numbers(path):
    with h5py.File(changed(path, "done"), "r+") as file:
        file.create_group("done")
    with pytest.raises(BadData, match="done is group, which holds no numbers"):
        FeatureFile(path)


@pytest.mark.parametrize("grid", [None, 6, "wide", [0, 6], [2, 3, 1]])
def test_a_grid_that_is_none(path, grid):
    with h5py.File(path, "r+") as file:
        del file.attrs["grid"]
        if grid is not None:
            file.attrs["grid"] = grid
    with pytest.raises(BadData, match=r"f\.h5: not a feature file"):
        FeatureFile(path)


def test_no_flipped_byte_of_the_index_gives_a_traceback(path):
    """Only some of the bytes are checked by HDF5; of the others it notices what it can."""
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for place in rng.integers(0, 3000, 300):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            feature_file = FeatureFile(path)
            feature_file.batch(feature_file.image_ids)
        except BadData:
            refused += 1
    assert refused > 50
