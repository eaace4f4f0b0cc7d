from contextlib import suppress

import numpy as np
import pytest
import torch
from PIL import Image

from tests.vision import tiny_detector
from vqax.errors import BadData, UsageError
from vqax.vision import RegionFile
from vqax.vision.detector import DetectorSizes, build_detector
from vqax.vision.extract_regions import extract_regions
from vqax.vision.region_extractor import RegionExtractor
from vqax.vision.regions import inside

K = 5


@pytest.fixture(scope="module")
def extractor():
    return RegionExtractor("tiny", tiny_detector.detector(), origin="untrained", boxes=K)


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    scenes = tiny_detector.scenes(tmp_path_factory.mktemp("photographs"), 6)
    return {image_id: path for image_id, (path, _) in scenes.items()}


def test_regions_of_a_picture_that_is_no_square(extractor, photographs):
    regions = extractor(Image.open(photographs[0]), "p")
    assert regions.size_px == (80, 48)
    assert regions.features.shape == (K, tiny_detector.SIZES.width)
    assert regions.boxes_px.shape == (K, 4)
    assert len(np.unique(regions.boxes_px, axis=0)) == K
    inside(regions.boxes_px, (80, 48), "p")
    assert regions.boxes_px[:, 2].max() > 48  # pixels of the image, not of the square
    assert ((regions.classes >= 0) & (regions.classes < 2)).all()
    assert ((regions.scores > 0) & (regions.scores < 1)).all()


def test_the_feature_is_that_of_the_very_box(extractor, photographs):
    image = Image.open(photographs[1])
    regions = extractor(image, "p")
    model = extractor.detector.faster_rcnn
    with torch.inference_mode():
        images, _ = model.transform([extractor._pixels(image)])
        features = model.backbone(images.tensors)
        squared = torch.from_numpy(regions.boxes_px) * torch.tensor([64 / 80, 64 / 48] * 2)
        pooled = model.roi_heads.box_roi_pool(features, [squared], images.image_sizes)
        hidden = model.roi_heads.box_head(pooled)
        scores = model.roi_heads.box_predictor(hidden)[0].softmax(1)[:, 1:].max(1)
    np.testing.assert_allclose(regions.features, hidden, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(regions.scores, scores.values, rtol=1e-3)
    assert regions.classes.tolist() == scores.indices.tolist()


def test_more_boxes_than_there_are(photographs):
    greedy = RegionExtractor("tiny", tiny_detector.detector(), origin="untrained", boxes=500)
    with pytest.raises(BadData, match=r"p\.png: has \d+ distinct boxes, not 500"):
        greedy(Image.open(photographs[0]), "p.png")


def test_it_stays_frozen_and_takes_no_random_numbers(extractor, photographs):
    before = torch.get_rng_state()
    first = extractor.train()(Image.open(photographs[2]), "p")
    assert not extractor.training
    assert not any(value.requires_grad for value in extractor.parameters())
    again = extractor(Image.open(photographs[2]), "p")
    assert np.array_equal(first.features, again.features)
    assert torch.equal(before, torch.get_rng_state())


def test_a_store_of_regions(extractor, photographs, tmp_path):
    seen = []
    skipped = extract_regions(
        photographs, extractor, tmp_path / "r.h5", progress=lambda *done: seen.append(done)
    )
    assert skipped == []
    assert seen[-1] == (6, 6)
    feature_file = RegionFile(tmp_path / "r.h5", extractor="tiny")
    assert feature_file.class_names == tiny_detector.CLASSES
    assert feature_file.attributes["weights"] == "untrained"
    assert feature_file.image_ids.tolist() == list(range(6))
    one = extractor(Image.open(photographs[3]), "p")
    np.testing.assert_array_equal(feature_file.boxes([3])[0], one.boxes_px)
    np.testing.assert_allclose(feature_file.batch([3])[0], one.features, rtol=1e-3)


@pytest.mark.parametrize("workers", [1, 3])
def test_interrupted_and_resumed_it_ends_with_the_same_bytes(
    extractor, photographs, tmp_path, workers
):
    def stop(done, _total):
        if done == 3:
            raise KeyboardInterrupt

    extract_regions(photographs, extractor, tmp_path / "whole.h5")
    with suppress(KeyboardInterrupt):
        extract_regions(photographs, extractor, tmp_path / "r.h5", progress=stop)
    extract_regions(photographs, extractor, tmp_path / "r.h5", workers=workers)
    assert (tmp_path / "r.h5").read_bytes() == (tmp_path / "whole.h5").read_bytes()


def test_absent_and_damaged_pictures_are_listed(extractor, photographs, tmp_path):
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes(photographs[0].read_bytes()[:200])
    found = {**photographs, 90: tmp_path / "absent.png", 91: damaged}
    skipped = extract_regions(found, extractor, tmp_path / "r.h5")
    assert [(one.entry, one.file) for one in skipped] == [
        ("image_id 90", str(tmp_path / "absent.png")),
        ("image_id 91", str(damaged)),
    ]
    assert RegionFile(tmp_path / "r.h5").image_ids.tolist() == list(photographs)


@pytest.mark.parametrize(("input_px", "remedy"), [(48, "choose 64"), (0, "choose 32")])
def test_squares_that_torchvision_would_pad(input_px, remedy):
    with pytest.raises(UsageError, match=f"input_px {input_px} .*{remedy}"):
        build_detector(["cat"], [], DetectorSizes(input_px=input_px), seed=0)


def test_a_detector_of_nothing():
    with pytest.raises(UsageError, match="at least one class"):
        build_detector([], [], tiny_detector.SIZES, seed=0)
