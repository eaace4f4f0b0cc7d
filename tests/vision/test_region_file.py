import json
from contextlib import suppress

import h5py
import numpy as np
import pytest

from tests.vision import tiny
from vqax.errors import BadData, MissingArtefact, UsageError
from vqax.vision import FeatureFile, FeatureWriter, RegionFile, open_feature_file, region_columns
from vqax.vision.regions import Regions, inside

IDS = [7, 3, 900_000_000_001, 12]
K, WIDTH = 3, 5
NAMES = ("cat", "dog")


def regions(image_id):
    rng = np.random.default_rng(image_id)
    size = (40 + image_id % 5, 30)
    first = rng.integers(0, 10, (K, 2))
    return Regions(
        features=rng.integers(-8, 8, (K, WIDTH)).astype(np.float32),
        boxes_px=np.concatenate([first, first + rng.integers(1, 20, (K, 2))], 1).astype(np.float32),
        classes=rng.integers(-1, 2, K),
        scores=(rng.integers(0, 16, K) / 16).astype(np.float32),
        size_px=size,
    )


def open_writer(path, boxes=K):
    attributes = {"extractor": "tiny", "class_names": json.dumps(NAMES)}
    return FeatureWriter(path, IDS, (1, boxes), WIDTH, attributes, region_columns(boxes))


def write_all(path, image_ids=IDS):
    with open_writer(path) as out:
        for image_id in image_ids:
            out.write(image_id, regions(image_id).features, **regions(image_id).columns)
        out.finish()


@pytest.fixture
def path(tmp_path):
    write_all(tmp_path / "r.h5")
    return tmp_path / "r.h5"


def test_what_was_written_comes_back_in_the_order_asked(path):
    feature_file = RegionFile(path, extractor="tiny")
    wanted = [12, 7, 12, 900_000_000_001]
    for index, image_id in enumerate(wanted):
        one = regions(image_id)
        assert np.array_equal(feature_file.batch(wanted)[index], one.features)
        assert np.array_equal(feature_file.boxes(wanted)[index], one.boxes_px)
        assert np.array_equal(feature_file.classes(wanted)[index], one.classes)
        assert np.array_equal(feature_file.scores(wanted)[index], one.scores)
        assert feature_file.sizes(wanted)[index].tolist() == list(one.size_px)
    assert feature_file.class_names == NAMES
    assert (feature_file.grid, feature_file.boxes_per_image, feature_file.width) == (
        (1, K),
        K,
        WIDTH,
    )
    assert feature_file.attributes == {"extractor": "tiny"}


def test_boxes_as_fractions_stand_behind_the_features(path):
    feature_file = RegionFile(path)
    width, height = regions(7).size_px
    expected = regions(7).boxes_px / np.array([width, height, width, height], dtype=np.float32)
    both = feature_file.batch_with_boxes([3, 7])
    assert both.shape == (2, K, WIDTH + 4)
    assert np.array_equal(both[1, :, :WIDTH], regions(7).features)
    np.testing.assert_array_equal(both[1, :, WIDTH:], expected)
    np.testing.assert_array_equal(feature_file.boxes_rel([7])[0], expected)


def test_the_types_on_disk(path):
    with h5py.File(path) as file:
        kinds = {name: str(file[name].dtype) for name in ("features", *region_columns())}
        assert file["boxes"].shape == (len(IDS), K, 4)
    assert kinds == {
        "features": "float16",
        "boxes": "float32",
        "classes": "int16",
        "scores": "float16",
        "sizes": "int32",
    }


def test_interrupted_and_resumed_it_ends_with_the_same_bytes(tmp_path, path):
    resumed = tmp_path / "resumed.h5"
    with suppress(KeyboardInterrupt), open_writer(resumed) as out:
        out.write(12, regions(12).features, **regions(12).columns)
        raise KeyboardInterrupt
    with open_writer(resumed) as out:
        assert out.missing() == [7, 3, 900_000_000_001]
        for image_id in out.missing():
            out.write(image_id, regions(image_id).features, **regions(image_id).columns)
        out.finish()
    assert resumed.read_bytes() == path.read_bytes()


def test_a_temporary_file_with_another_number_of_boxes_is_begun_again(tmp_path):
    with open_writer(tmp_path / "r.h5") as out:
        out.write(7, regions(7).features, **regions(7).columns)
    with open_writer(tmp_path / "r.h5", boxes=4) as out:
        assert out.missing() == IDS


@pytest.mark.parametrize("column", ["boxes", "classes", "scores", "sizes"])
def test_a_column_that_is_absent_or_of_another_shape(tmp_path, column):
    columns = regions(7).columns
    lacking = {name: values for name, values in columns.items() if name != column}
    with open_writer(tmp_path / "r.h5") as out:
        with pytest.raises(UsageError, match=f"{column} of image_id 7 is absent"):
            out.write(7, regions(7).features, **lacking)
        with pytest.raises(UsageError, match=rf"{column} of image_id 7 is \(1,"):
            out.write(7, regions(7).features, **lacking, **{column: columns[column][None]})
        assert out.missing() == IDS


def test_a_picture_without_regions(tmp_path):
    write_all(tmp_path / "r.h5", IDS[:2])
    feature_file = RegionFile(tmp_path / "r.h5")
    for read in (
        feature_file.batch,
        feature_file.boxes,
        feature_file.classes,
        feature_file.scores,
        feature_file.sizes,
    ):
        with pytest.raises(MissingArtefact, match="image_id 12 has no features among 2"):
            read([3, 12])


def test_open_store_knows_what_a_file_is(tmp_path, path):
    grid = tmp_path / "grid.h5"
    with FeatureWriter(grid, [1], (2, 3), 5, {"extractor": "tiny"}) as out:
        out.write(1, tiny.records(1)[0])
        out.finish()
    assert type(open_feature_file(path)) is RegionFile
    assert type(open_feature_file(grid)) is FeatureFile
    with pytest.raises(BadData, match="expected other"):
        open_feature_file(path, extractor="other")
    with pytest.raises(BadData, match=r"grid\.h5: not a feature file.*boxes"):
        RegionFile(grid)
    with pytest.raises(MissingArtefact, match=r"none\.h5"):
        open_feature_file(tmp_path / "none.h5")
    with pytest.raises(MissingArtefact, match="`vqax regions extract none`"):
        RegionFile(tmp_path / "none.h5")


def test_a_column_of_another_type(path):
    with h5py.File(path, "r+") as file:
        del file["classes"]
        file["classes"] = np.zeros((len(IDS), K), dtype=np.int64)
    with pytest.raises(BadData, match=r"r\.h5: not a feature file .*classes are .*int64"):
        RegionFile(path)


def test_fractions_of_a_pixel_beyond_the_edge_are_cut_off():
    boxes = np.array([[-0.5, 0, 40.9, 29.5], [1, 2, 3, 4]])
    cut = inside(boxes, (40, 30), "file")
    np.testing.assert_allclose(cut, [[0, 0, 40, 29.5], [1, 2, 3, 4]])


@pytest.mark.parametrize(
    "box",
    [
        (-1.5, 0, 5, 5),
        (0, 0, 41.5, 5),
        (0, 25, 5, 32),
        (5, 5, 5, 9),
        (9, 1, 4, 5),
        (0, 0, np.nan, 5),
    ],
)
def test_boxes_outside_of_the_picture_and_empty_ones(box):
    boxes = np.array([[1, 2, 3, 4], box], dtype=np.float32)
    with pytest.raises(BadData, match=r"line 3: box 1 is .*40x30 px image"):
        inside(boxes, (40, 30), "line 3")


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("classes", 2, "classes of image_id 3 hold 2; extract it again"),
        ("classes", -2, "classes of image_id 3 hold -2"),
        ("boxes", np.nan, "boxes of image_id 3 hold nan"),
        ("scores", np.inf, "scores of image_id 3 hold inf"),
        ("sizes", 0, "sizes of image_id 3 hold 0"),
    ],
)
def test_a_number_that_cannot_be_right(path, column, value, message):
    with h5py.File(path, "r+") as file:
        row = file["image_ids"][:].tolist().index(3)
        file[column][row, 1] = value
    feature_file = RegionFile(path)
    read = getattr(feature_file, column)
    assert len(read([7, 12])) == 2
    with pytest.raises(BadData, match=rf"r\.h5: {message}"):
        read([12, 7, 3, 7])


@pytest.mark.parametrize("names", ["{", "7", "[7]", '"cat"'])
def test_class_names_that_are_none(path, names):
    with h5py.File(path, "r+") as file:
        file.attrs["class_names"] = names
    with pytest.raises(BadData, match=r"r\.h5: not a feature file"):
        RegionFile(path)


@pytest.mark.parametrize("column", ["boxes", "classes", "scores", "sizes"])
def test_a_column_that_is_a_group(path, column):
    with h5py.File(path, "r+") as file:
        del file[column]
        file.create_group(column)
    with pytest.raises(BadData, match=f"{column} is group, which holds no numbers"):
        RegionFile(path)
