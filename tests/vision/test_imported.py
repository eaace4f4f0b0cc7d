import base64
import gzip
import json
import pickle
from contextlib import suppress

import h5py
import numpy as np
import pytest

from vqax.errors import BadData, MissingArtefact, UsageError
from vqax.vision import RegionFile
from vqax.vision.imported import import_regions, open_source, read_class_names

K, WIDTH = 3, 5
IDS = [42, 7, 900]
NAMES = ("__background__", "cat", "dog", "tall tree")


def record(image_id, boxes=K):
    """Features (k,d), boxes (k,4) in pixels, classes, scores, and the image's size."""
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
    with h5py.File(path, "w") as file:
        file["image_features"] = np.stack([part[0] for part in parts])
        file["spatial_features"] = np.stack([spatial(part[1], part[4]) for part in parts])
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


def write_adaptive(path, ids):
    """Boxes of all images below each other: 3, 5 and 4 of them."""
    numbers = dict(zip(IDS, (3, 5, 4), strict=True))
    parts = [record(image_id, number) for image_id, number in numbers.items()]
    ends = np.cumsum([len(part[0]) for part in parts])
    with h5py.File(path, "w") as file:
        file["image_features"] = np.concatenate([part[0] for part in parts])
        file["image_bb"] = np.concatenate([part[1] for part in parts])
        file["spatial_features"] = np.concatenate([spatial(part[1], part[4]) for part in parts])
        file["pos_boxes"] = np.stack([np.r_[0, ends[:-1]], ends], axis=1)
    ids.write_bytes(pickle.dumps({image_id: row for row, image_id in enumerate(IDS)}, protocol=2))
    return path


def spatial(corners, size):
    x1, y1, x2, y2 = (corners / np.array([*size, *size], dtype=np.float32)).T
    return np.stack([x1, y1, x2, y2, x2 - x1, y2 - y1], axis=1).astype(np.float32)


def lxmert_line(image_id, number=K, **changed):
    features, corners, classes, scores, (width, height) = record(image_id, number)
    whole, real = (base64.b64encode(values.tobytes()) for values in (classes, classes + 7))
    fields = {
        "img_id": b"COCO_val2014_%012d" % image_id,
        "img_h": b"%d" % height,
        "img_w": b"%d" % width,
        "objects_id": whole,
        "objects_conf": b64(scores),
        "attrs_id": real,
        "attrs_conf": b64(scores),
        "num_boxes": b"%d" % number,
        "boxes": b64(corners),
        "features": b64(features),
    }
    return b"\t".join({**fields, **changed}.values()) + b"\n"


def zipped(path):
    path.write_bytes(gzip.compress(path.read_bytes()))
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
        "tsv.gz": (zipped(write_tsv(tmp_path / "z.tsv", map(tsv_line, IDS))), None),
        "lxmert": (write_tsv(tmp_path / "l.tsv", map(lxmert_line, IDS)), None),
        "lxmert.gz": (zipped(write_tsv(tmp_path / "lz.tsv", map(lxmert_line, IDS))), None),
    }


LAYOUTS = ["tsv", "attreg", "updn", "scr", "counting", "npz", "tsv.gz", "lxmert", "lxmert.gz"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_comes_back_as_it_was(tmp_path, layout):
    path, ids = sources(tmp_path)[layout]
    source = open_source(path, ids=ids)
    names = NAMES if source.has_classes else ()
    assert source.has_classes == (layout in {"attreg", "scr", "lxmert", "lxmert.gz"})
    out = tmp_path / "r.h5"
    assert import_regions(source, out, class_names=names, boxes=K) == []
    feature_file = RegionFile(out, extractor="imported")
    assert sorted(feature_file.image_ids) == sorted(IDS)
    assert feature_file.class_names == names
    for image_id in IDS:
        features, corners, classes, scores, size = record(image_id)
        np.testing.assert_array_equal(feature_file.batch([image_id])[0], features)
        relative = corners / np.array([*size, *size], dtype=np.float32)
        np.testing.assert_allclose(feature_file.boxes_rel([image_id])[0], relative, rtol=1e-5)
        if layout != "scr":  # it has only fractions
            np.testing.assert_allclose(feature_file.boxes([image_id])[0], corners, rtol=1e-6)
            assert feature_file.sizes([image_id])[0].tolist() == list(size)
        if names:
            assert feature_file.classes([image_id])[0].tolist() == classes.tolist()
            np.testing.assert_array_equal(feature_file.scores([image_id])[0], scores)
        else:
            assert (feature_file.classes([image_id]) == -1).all()


def test_only_the_first_boxes_are_kept(tmp_path):
    path = write_tsv(tmp_path / "f.tsv", [tsv_line(7, 9), tsv_line(8, 4)])
    assert import_regions(open_source(path), tmp_path / "r.h5", boxes=4) == []
    feature_file = RegionFile(tmp_path / "r.h5")
    np.testing.assert_array_equal(feature_file.batch([7])[0], record(7, boxes=9)[0][:4])


def imported(tmp_path, lines, boxes=K):
    source = open_source(write_tsv(tmp_path / "f.tsv", lines))
    skipped = import_regions(source, tmp_path / "r.h5", boxes=boxes)
    return RegionFile(tmp_path / "r.h5").image_ids.tolist(), skipped


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


def test_lines_without_an_id(tmp_path):
    lines = [b"image_id\timage_w\n", tsv_line(7), tsv_line(8), b"1_0\tx\n", b"-3\tx\n"]
    ids, skipped = imported(tmp_path, lines)
    assert sorted(ids) == [7, 8]
    assert [one.entry for one in skipped] == ["line 1", "line 4", "line 5"]


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
    with pytest.raises(BadData, match=r"f\.tsv: no line .* used; line 1: has 3 fields, not"):
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
    feature_file = RegionFile(tmp_path / "r.h5")
    assert (feature_file.classes(IDS) == -1).all()
    assert feature_file.class_names == ()


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
    with pytest.raises(BadData, match=r"f\.h5: not a whole HDF5 file"):
        open_source(path)
    with h5py.File(tmp_path / "g.h5", "w") as file:
        file["maps"] = np.zeros(3)
    with pytest.raises(
        BadData, match=r"g\.h5: not a file of region features \(it holds maps, no known layout"
    ):
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


def test_adaptive_features_by_their_positions(tmp_path):
    ids = tmp_path / "ids.pkl"
    source = open_source(write_adaptive(tmp_path / "f.hdf5", ids), ids=ids)
    assert (source.layout, source.width, source.image_ids) == ("adaptive", WIDTH, IDS)
    skipped = import_regions(source, tmp_path / "r.h5", boxes=4)
    assert [(one.entry, "has 3 boxes, not 4" in one.reason) for one in skipped] == [
        ("image_id 42", True)
    ]
    feature_file = RegionFile(tmp_path / "r.h5")
    for image_id, number in ((7, 5), (900, 4)):
        features, corners, *_, size = record(image_id, number)
        np.testing.assert_array_equal(feature_file.batch([image_id])[0], features[:4])
        np.testing.assert_array_equal(feature_file.boxes([image_id])[0], corners[:4])
        assert feature_file.sizes([image_id])[0].tolist() == list(size)


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        ([[0, 3], [3, 8], [8, 99]], "pos_boxes are 8, 99 among 12 boxes"),
        ([[0, 3], [3, 8], [12, 8]], "pos_boxes are 12, 8 among 12 boxes"),
        ([[0, 3], [3, 8], [-4, 2]], "pos_boxes are -4, 2 among 12 boxes"),
    ],
)
def test_positions_that_point_elsewhere(tmp_path, positions, message):
    ids = tmp_path / "ids.pkl"
    path = write_adaptive(tmp_path / "f.hdf5", ids)
    with h5py.File(path, "r+") as file:
        file["pos_boxes"][:] = positions
    skipped = import_regions(open_source(path, ids=ids), tmp_path / "r.h5", boxes=K)
    assert [one.entry for one in skipped] == ["image_id 900"]
    assert message in skipped[0].reason


def test_adaptive_features_without_positions(tmp_path):
    path = write_adaptive(tmp_path / "f.hdf5", tmp_path / "ids.pkl")
    with h5py.File(path, "r+") as file:
        del file["pos_boxes"]
    with pytest.raises(BadData, match=r"f\.hdf5: .*it has no dataset pos_boxes but image_bb"):
        open_source(path, ids=tmp_path / "ids.pkl")


def test_height_stands_before_width_in_lxmert(tmp_path):
    path = write_tsv(tmp_path / "l.tsv", [lxmert_line(7, img_h=b"40", img_w=b"90")])
    regions = open_source(path).read(7)
    assert regions.size_px == (90, 40)
    assert regions.classes.tolist() == record(7)[2].tolist()
    assert not open_source(path).has_background


LXMERT_DAMAGED = {
    "a class for two boxes": {"objects_id": base64.b64encode(np.arange(2).tobytes())},
    "two classes a box": {"objects_id": base64.b64encode(np.arange(2 * K).tobytes())},
    "attributes that are cut": {"attrs_id": b"AAAA"},
    "scores that are NaN": {"objects_conf": b64(np.full(K, np.nan))},
    "a class that no vocabulary has": {"objects_id": base64.b64encode(np.full(K, 1 << 40))},
}


@pytest.mark.parametrize("kind", LXMERT_DAMAGED)
def test_a_damaged_line_of_lxmert_is_listed(tmp_path, kind):
    ids, skipped = imported(tmp_path, [lxmert_line(7), lxmert_line(9, **LXMERT_DAMAGED[kind])])
    assert ids == [7]
    assert [one.entry for one in skipped] == ["image_id 9"]


def test_lines_of_two_layouts(tmp_path):
    ids, skipped = imported(tmp_path, [lxmert_line(7), tsv_line(9)])
    assert ids == [7]
    assert "line 2: is no line of a LXMERT TSV" in skipped[0].reason


@pytest.mark.parametrize("digits", [b"9" * 23, b"0", b"1_0", b"+5", b" 60"])
def test_a_width_that_no_picture_has(tmp_path, digits):
    ids, skipped = imported(tmp_path, [tsv_line(7), tsv_line(9, image_w=digits)])
    assert ids == [7]
    assert "line 2: image_w is" in skipped[0].reason


def test_an_image_id_in_two_lines_is_refused_with_both(tmp_path):
    path = write_tsv(tmp_path / "f.tsv", [tsv_line(7), tsv_line(8), tsv_line(7, 5)])
    with pytest.raises(BadData, match=r"f\.tsv: image_id 7 stands in line 1 and again in line 3"):
        open_source(path)


def test_an_image_id_in_two_rows_is_refused_with_both(tmp_path):
    path = write_attreg(tmp_path / "f.h5")
    with h5py.File(path, "r+") as file:
        file["ids"][2] = 42
    with pytest.raises(BadData, match=r"f\.h5: .*ids has 42 in row 0 and again in row 2"):
        open_source(path)


def test_an_image_id_in_two_files_is_refused_with_both(tmp_path):
    folder = write_npz(tmp_path / "npz")
    (folder / "val2014").mkdir()
    again = folder / "val2014" / "7.npz"
    again.write_bytes(next(folder.rglob("*0007.jpg.npz")).read_bytes())
    with pytest.raises(BadData, match=r"val2014/7\.npz: is of image_id 7 as .*train2014/COCO"):
        open_source(folder)


def test_an_image_id_with_two_rows_is_refused_with_both(tmp_path):
    ids = tmp_path / "ids.json"
    path = write_updn(tmp_path / "f.hdf5", tmp_path / "ids.pkl")
    ids.write_text('{"42": 0, "7": 1, "42": 2}')
    with pytest.raises(BadData, match=r"ids\.json: .*image_id 42 has row 0 and again row 2"):
        open_source(path, ids=ids)
    (tmp_path / "ids.pkl").write_bytes(pickle.dumps({42: 0, "42": 1}))
    with pytest.raises(BadData, match=r"ids\.pkl: .*image_id 42 has row 0 and again row 1"):
        open_source(path, ids=tmp_path / "ids.pkl")


def test_a_pickle_that_claims_memory(tmp_path):
    path = write_updn(tmp_path / "f.hdf5", tmp_path / "ids.pkl")
    (tmp_path / "ids.pkl").write_bytes(b"\x80\x02}r\xff\xff\xff\x7f.")
    with pytest.raises(BadData, match=r"ids\.pkl: not a pickle .*names a place 2147483647 of"):
        open_source(path, ids=tmp_path / "ids.pkl")


ODD_SETS = {
    "boxes a group": ("boxes", None, "boxes is group, which holds no numbers"),
    "features a group": ("features", None, "features is group, which holds no numbers"),
    "widths a number": ("widths", np.int64(60), r"widths has the shape \(\), not 1 axes"),
    "widths too short": ("widths", np.arange(2), r"widths has the shape \(2,\), not \(3,\)"),
    "heights of text": ("heights", np.array([b"a"] * 3), "heights holds .S1, not real numbers"),
    "ids that are not whole": (
        "ids",
        np.array([1.5, 2, 3]),
        "ids holds float64, not whole numbers",
    ),
    "cls_score of bytes": ("cls_score", np.full((3, K, 2), b"x"), "cls_score holds .S1, not real"),
    "cls_score of three": ("cls_score", np.zeros((3, K, 3)), r"shape \(3, 3, 3\), not \(3, 3, 2\)"),
    "boxes of others": ("boxes", np.zeros((3, K + 1, 4)), r"boxes has the shape \(3, 4, 4\), not"),
}


@pytest.mark.parametrize("kind", ODD_SETS)
def test_datasets_that_are_not_what_the_layout_says(tmp_path, kind):
    name, value, message = ODD_SETS[kind]
    path = write_attreg(tmp_path / "f.h5")
    with h5py.File(path, "r+") as file:
        del file[name]
        if value is None:
            file.create_group(name)
        else:
            file[name] = value
    with pytest.raises(BadData, match=rf"f\.h5: not a file of region features \(.*{message}"):
        open_source(path)


@pytest.mark.parametrize("width", [np.nan, np.inf, 0, -3, 1e30])
def test_a_width_that_is_damaged_is_listed(tmp_path, width):
    path = write_attreg(tmp_path / "f.h5")
    with h5py.File(path, "r+") as file:
        widths = file["widths"][:].astype(np.float64)
        del file["widths"]
        widths[1] = width
        file["widths"] = widths
    skipped = import_regions(open_source(path), tmp_path / "r.h5", boxes=K)
    assert [one.entry for one in skipped] == ["image_id 7"]
    assert sorted(RegionFile(tmp_path / "r.h5").image_ids) == [42, 900]


@pytest.mark.parametrize(
    "changed",
    [
        {"bbox": np.nan},
        {"image_w": np.array([60, 60])},
        {"image_h": np.nan},
        {"x": np.array([b"x"])},
        {"x": np.zeros((WIDTH, K + 1))},
        {"bbox": np.array([[None] * 4] * K)},
        {"bbox": np.full((K, 4), "1")},
    ],
)
def test_an_npz_of_odd_arrays_is_listed(tmp_path, changed):
    folder = write_npz(tmp_path / "npz")
    features, corners, *_, (width, height) = record(7)
    arrays = {"x": features.T, "bbox": corners, "image_w": width, "image_h": height}
    np.savez(next(folder.rglob("*0007.jpg.npz")), **{**arrays, **changed})
    skipped = import_regions(open_source(folder), tmp_path / "r.h5", boxes=K)
    assert [one.entry for one in skipped] == ["image_id 7"]


def test_a_gzipped_tsv_that_is_cut(tmp_path):
    path = zipped(write_tsv(tmp_path / "f.tsv", map(tsv_line, IDS)))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(BadData, match=r"f\.tsv: not a whole TSV file \(Compressed file ended"):
        open_source(path)


def test_the_published_kinds_of_trouble(shared, tmp_path):
    case = shared / "cases" / "08_adaptive_pos_boxes_hdf5"
    source = open_source(case / "adaptive.hdf5", ids=case / "imgid2idx.pkl")
    skipped = import_regions(source, tmp_path / "a.h5")
    assert [one.entry for one in skipped] == ["image_id 1"]
    assert RegionFile(tmp_path / "a.h5").sizes([2, 3]).tolist() == [[640, 480]] * 2
    case = shared / "cases" / "09_lxmert_tsv"
    source = open_source(case / "lxmert.tsv")
    assert import_regions(source, tmp_path / "l.h5") == []
    assert RegionFile(tmp_path / "l.h5").sizes([1, 2]).tolist() == [[640, 480]] * 2
    assert import_regions(open_source(case / "plain.tsv.gz"), tmp_path / "p.h5") == []
