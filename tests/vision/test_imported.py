import base64
import json
import pickle
from contextlib import suppress

import h5py
import numpy as np
import pytest

from vqax.errors import BadData, MissingArtefact, UsageError
from vqax.vision import RegionStore
from vqax.vision.imported import import_regions, open_source, read_class_names

K, WIDTH = 3, 5
IDS = [42, 7, 900]
NAMES = ("__background__", "cat", "dog", "tall tree")


def record(image_id, boxes=K):
    """Features (k,d), boxes (k,4) in pixels, classes, scores, and the picture's size."""
    rng = np.random.default_rng(image_id)
    size = (60 + image_id % 7, 40)
    low = rng.integers(1, 20, (boxes, 2))
    corners = np.concatenate([low, low + rng.integers(2, 18, (boxes, 2))], axis=1)
    features = rng.integers(-9, 9, (boxes, WIDTH)).astype(np.float32)
    scores = rng.integers(1, 16, boxes) / 16
    return features, corners.astype(np.float32), rng.integers(0, len(NAMES), boxes), scores, size


def b64(array):
    return base64.b64encode(np.asarray(array, dtype="<f4").tobytes())


def tsv_line(image_id, number=K, **changed):
    features, corners, _, _, (width, height) = record(image_id, number)
    fields = {
        "image_id": b"%d" % image_id,
        "image_w": b"%d" % width,
        "image_h": b"%d" % height,
        "num_boxes": b"%d" % number,
        "boxes": b64(corners),
        "features": b64(features),
    }
    return b"\t".join({**fields, **changed}.values()) + b"\n"


def write_tsv(path, lines):
    path.write_bytes(b"".join(lines))
    return path


def padded(array, axis=0, length=6):
    widths = [(0, 0)] * array.ndim
    widths[axis] = (0, length - array.shape[axis])
    return np.pad(array, widths)


def write_attreg(path, classes=True):
    parts = [record(image_id) for image_id in IDS]
    with h5py.File(path, "w") as file:
        file["features"] = np.stack([part[0] for part in parts])
        file["boxes"] = np.stack([part[1] for part in parts])
        file["ids"] = np.array(IDS)
        file["widths"] = np.array([part[4][0] for part in parts], dtype=np.int32)
        file["heights"] = np.array([part[4][1] for part in parts], dtype=np.int32)
        if classes:
            file["cls_score"] = np.stack([np.stack(part[2:4], axis=1) for part in parts])
    return path


def write_updn(path, ids, classes=False, pixels=True):
    parts = [record(image_id) for image_id in IDS]
    spatial = []
    for _, corners, *_, size in parts:
        x1, y1, x2, y2 = (corners / np.array([*size, *size], dtype=np.float32)).T
        spatial.append(np.stack([x1, y1, x2, y2, x2 - x1, y2 - y1], axis=1))
    with h5py.File(path, "w") as file:
        file["image_features"] = np.stack([part[0] for part in parts])
        file["spatial_features"] = np.stack(spatial).astype(np.float32)
        if pixels:
            file["image_bb"] = np.stack([part[1] for part in parts])
        if classes:
            file["cls_score"] = np.stack([np.stack(part[2:4], axis=1) for part in parts])
    ids.write_bytes(pickle.dumps({image_id: row for row, image_id in enumerate(IDS)}, protocol=2))
    return path


def write_counting(path):
    parts = [record(image_id) for image_id in IDS]
    with h5py.File(path, "w") as file:
        file["features"] = np.stack([padded(part[0]).T for part in parts])
        file["boxes"] = np.stack([padded(part[1]).T for part in parts])
        file["ids"] = np.array(IDS)
        file["widths"] = np.array([part[4][0] for part in parts])
        file["heights"] = np.array([part[4][1] for part in parts])
    return path


def write_npz(folder):
    (folder / "train2014").mkdir(parents=True)
    for image_id in IDS:
        features, corners, _, _, (width, height) = record(image_id)
        np.savez(
            folder / "train2014" / f"COCO_train2014_{image_id:012d}.jpg.npz",
            x=features.T,
            bbox=corners,
            image_w=width,
            image_h=height,
        )
    return folder


def sources(tmp_path):
    ids = tmp_path / "imgid2idx.pkl"
    return {
        "tsv": (write_tsv(tmp_path / "f.tsv", map(tsv_line, IDS)), None),
        "attreg": (write_attreg(tmp_path / "attreg.h5"), None),
        "updn": (write_updn(tmp_path / "updn.hdf5", ids), ids),
        "scr": (write_updn(tmp_path / "scr.hdf5", ids, classes=True, pixels=False), ids),
        "counting": (write_counting(tmp_path / "counting.h5"), None),
        "npz": (write_npz(tmp_path / "npz"), None),
    }


@pytest.mark.parametrize("layout", ["tsv", "attreg", "updn", "scr", "counting", "npz"])
def test_every_layout_comes_back_as_it_was(tmp_path, layout):
    path, ids = sources(tmp_path)[layout]
    source = open_source(path, ids=ids)
    names = NAMES if source.has_classes else ()
    assert source.has_classes == (layout in {"attreg", "scr"})
    out = tmp_path / "r.h5"
    assert import_regions(source, out, class_names=names, boxes=K) == []
    store = RegionStore(out, extractor="imported")
    assert sorted(store.image_ids) == sorted(IDS)
    assert store.class_names == names
    for image_id in IDS:
        features, corners, classes, scores, size = record(image_id)
        np.testing.assert_array_equal(store.batch([image_id])[0], features)
        relative = corners / np.array([*size, *size], dtype=np.float32)
        np.testing.assert_allclose(store.boxes_rel([image_id])[0], relative, rtol=1e-5)
        if layout != "scr":  # it has only fractions
            np.testing.assert_allclose(store.boxes([image_id])[0], corners, rtol=1e-6)
            assert store.sizes([image_id])[0].tolist() == list(size)
        if names:
            assert store.classes([image_id])[0].tolist() == classes.tolist()
            np.testing.assert_array_equal(store.scores([image_id])[0], scores)
        else:
            assert (store.classes([image_id]) == -1).all()


def test_only_the_first_boxes_are_kept(tmp_path):
    path = write_tsv(tmp_path / "f.tsv", [tsv_line(7, 9), tsv_line(8, 4)])
    assert import_regions(open_source(path), tmp_path / "r.h5", boxes=4) == []
    store = RegionStore(tmp_path / "r.h5")
    np.testing.assert_array_equal(store.batch([7])[0], record(7, boxes=9)[0][:4])


def imported(tmp_path, lines, boxes=K):
    source = open_source(write_tsv(tmp_path / "f.tsv", lines))
    skipped = import_regions(source, tmp_path / "r.h5", boxes=boxes)
    return RegionStore(tmp_path / "r.h5").image_ids.tolist(), skipped


CUT = {
    "in the features": tsv_line(9)[:-9] + b"\n",
    "in the boxes": tsv_line(9)[:60] + b"\n",
    "after the size": tsv_line(9)[:5],
    "features of another size": tsv_line(9, features=b64(np.zeros(K * WIDTH - 1))),
    "features of another width": tsv_line(9, features=b64(np.zeros(K * (WIDTH + 1)))),
    "boxes of another size": tsv_line(9, boxes=b64(np.zeros(K * 3))),
    "no base64": tsv_line(9, boxes=b"!!!"),
    "width": tsv_line(9, image_w=b"-4"),
    "number of boxes": tsv_line(9, num_boxes=b"x"),
    "no boxes": tsv_line(9, num_boxes=b"0"),
    "features that are NaN": tsv_line(9, features=b64(np.full(K * WIDTH, np.nan))),
    "features beyond fp16": tsv_line(9, features=b64(np.full(K * WIDTH, 1e6))),
}


@pytest.mark.parametrize("kind", CUT)
def test_a_damaged_line_is_listed_and_the_others_stay(tmp_path, kind):
    ids, skipped = imported(tmp_path, [tsv_line(7), CUT[kind] + b"\n" * (CUT[kind][-1:] != b"\n")])
    assert ids == [7]
    (one,) = skipped
    assert (one.entry, one.file) == ("image_id 9", str(tmp_path / "f.tsv"))
    assert "line 2" in one.reason or "image_id 9" in one.reason


def test_lines_without_an_id_and_repeated_ones(tmp_path):
    lines = [b"image_id\timage_w\n", tsv_line(7), tsv_line(8), tsv_line(7)]
    ids, skipped = imported(tmp_path, lines)
    assert sorted(ids) == [7, 8]
    assert [one.entry for one in skipped] == ["line 1", "line 4"]


@pytest.mark.parametrize(
    "box", [(-2, 0, 5, 5), (0, 0, 90, 5), (0, 0, 5, 45), (9, 9, 9, 12), (9, 1, 4, 5)]
)
def test_a_box_outside_of_the_picture(tmp_path, box):
    corners = record(9)[1]
    corners[1] = box
    ids, skipped = imported(tmp_path, [tsv_line(7), tsv_line(9, boxes=b64(corners))])
    assert ids == [7]
    assert "box 1 is" in skipped[0].reason
    assert "image_id 9" in skipped[0].reason


def test_fewer_boxes_than_asked_for(tmp_path):
    ids, skipped = imported(tmp_path, [tsv_line(7), tsv_line(9, K - 1)])
    assert ids == [7]
    assert "has 2 boxes, not 3; import with --boxes 2" in skipped[0].reason


def test_a_tsv_of_something_else(tmp_path):
    (tmp_path / "f.tsv").write_text("7\tone\ttwo\n8\tone\ttwo\n")
    with pytest.raises(BadData, match=r"f\.tsv: no line is image_id, image_w"):
        open_source(tmp_path / "f.tsv")
    with pytest.raises(MissingArtefact, match=r"none\.tsv"):
        open_source(tmp_path / "none.tsv")


def test_a_class_without_a_name(tmp_path):
    source = open_source(write_attreg(tmp_path / "f.h5"))
    with pytest.raises(BadData, match=r"image_id \d+: class 3 has no name among 3.*vocabulary"):
        import_regions(source, tmp_path / "r.h5", class_names=NAMES[:3], boxes=K)
    assert not (tmp_path / "r.h5").exists()


def test_classes_stay_unknown_without_a_vocabulary(tmp_path):
    source = open_source(write_attreg(tmp_path / "f.h5"))
    import_regions(source, tmp_path / "r.h5", boxes=K)
    store = RegionStore(tmp_path / "r.h5")
    assert (store.classes(IDS) == -1).all()
    assert store.class_names == ()


def test_ids_kept_apart(tmp_path):
    ids = tmp_path / "ids.pkl"
    path = write_updn(tmp_path / "f.hdf5", ids)
    with pytest.raises(UsageError, match=r"f\.hdf5: .*updn keeps its image_ids apart.*--ids"):
        open_source(path)
    as_json = tmp_path / "ids.json"
    as_json.write_text(json.dumps({"42": 0, "7": 1, "13": 77}))
    source = open_source(path, ids=as_json)
    assert source.image_ids == [42, 7]
    assert [one.entry for one in source.skipped] == ["image_id 13"]
    assert import_regions(source, tmp_path / "r.h5", boxes=K) == source.skipped


def test_a_pickle_that_names_a_function_is_not_run(tmp_path):
    ids = tmp_path / "ids.pkl"
    path = write_updn(tmp_path / "f.hdf5", ids)
    for harmful in (b"cos\nsystem\n(S'touch run'\ntR.", pickle.dumps({1: np.int64(3)})):
        ids.write_bytes(harmful)
        with pytest.raises(BadData, match=r"ids\.pkl: not a pickle of plain numbers"):
            open_source(path, ids=ids)
    for content in (pickle.dumps([1, 2]), pickle.dumps({1: "row"}), pickle.dumps({1: True})):
        ids.write_bytes(content)
        with pytest.raises(BadData, match="not a mapping of image_id to row"):
            open_source(path, ids=ids)
    ids.write_bytes(pickle.dumps({1: 0})[:-4])
    with pytest.raises(BadData, match="not a pickle"):
        open_source(path, ids=ids)
    with pytest.raises(MissingArtefact):
        open_source(path, ids=tmp_path / "none.pkl")


def test_a_cut_hdf5_file_and_one_of_something_else(tmp_path):
    path = write_attreg(tmp_path / "f.h5")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadData, match=r"f\.h5: cannot be opened as HDF5"):
        open_source(path)
    with h5py.File(tmp_path / "g.h5", "w") as file:
        file["maps"] = np.zeros(3)
    with pytest.raises(BadData, match=r"g\.h5: holds maps, no known layout"):
        open_source(tmp_path / "g.h5")


def test_damaged_npz_files_are_listed(tmp_path):
    folder = write_npz(tmp_path / "npz")
    files = sorted(folder.rglob("*.npz"))
    files[0].write_bytes(files[0].read_bytes()[:100])
    (folder / "notes.npz").write_bytes(b"")
    source = open_source(folder)
    skipped = import_regions(source, tmp_path / "r.h5", boxes=K)
    assert {one.entry for one in skipped} == {"notes.npz", "image_id 7"}
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadData, match="no file in it"):
        open_source(tmp_path / "empty")


def test_interrupted_and_resumed_it_ends_with_the_same_bytes(tmp_path):
    path = write_tsv(tmp_path / "f.tsv", map(tsv_line, range(1, 9)))
    import_regions(open_source(path), tmp_path / "whole.h5", boxes=K)

    def stop(done, _total):
        if done == 5:
            raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        import_regions(open_source(path), tmp_path / "r.h5", boxes=K, progress=stop)
    steps = []
    import_regions(
        open_source(path), tmp_path / "r.h5", boxes=K, progress=lambda *done: steps.append(done)
    )
    assert steps[0] == (6, 8)
    assert (tmp_path / "r.h5").read_bytes() == (tmp_path / "whole.h5").read_bytes()


def test_names_of_classes(tmp_path):
    (tmp_path / "objects_vocab.txt").write_text("yolk\ngoal,goal post\nbathroom\n")
    names = read_class_names(tmp_path, background=True)
    assert names == ("__background__", "yolk", "goal", "bathroom")
    assert read_class_names(tmp_path, background=False) == names[1:]
    (tmp_path / "objects_vocab.txt").write_text("yolk\n\nbathroom\n")
    with pytest.raises(BadData, match="line 2 has no name"):
        read_class_names(tmp_path, background=True)
    with pytest.raises(MissingArtefact, match=r"none/objects_vocab\.txt"):
        read_class_names(tmp_path / "none", background=True)


def test_the_published_vocabulary_and_ids(shared):
    names = read_class_names(shared / "data" / "visual_genome_vocab", background=True)
    assert len(names) == 1601
    from vqax.vision.imported.row_ids import read_row_ids

    rows = read_row_ids(shared / "data" / "updn_caches" / "val36_imgid2idx.pkl")
    assert len(rows) == 40504
    assert sorted(rows.values()) == list(range(40504))
