import json

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from tests.vision import tiny_detector
from vqax.errors import BadData, MissingArtefact, UsageError
from vqax.vision.region_extractor import RegionExtractor
from vqax.vision.trained_detector import RANDOM, coco_detector, describe, stored_detector

SMALLEST = "fasterrcnn_mobilenet_v3_large_320_fpn"


def keep(folder, detector, sizes=tiny_detector.SIZES, name="image_encoder"):
    folder.mkdir(exist_ok=True)
    tensors = {key: value.contiguous() for key, value in detector.state_dict().items()}
    save_file(tensors, folder / "model.safetensors")
    meta = describe(detector, sizes, name) | {"weights": "from a test"}
    (folder / "model.json").write_text(json.dumps(meta))


def regions(detector, origin="o"):
    image = tiny_image()
    return RegionExtractor("tiny", detector, origin=origin, boxes=4)(image, "p")


def tiny_image():
    noise = np.random.default_rng(0).integers(0, 256, (48, 80, 3), dtype=np.uint8)
    return Image.fromarray(noise)


def test_a_kept_detector_sees_the_same(tmp_path):
    detector = tiny_detector.detector(seed=3)
    keep(tmp_path, detector)
    again, origin = stored_detector(tmp_path)
    assert origin == "from a test"
    assert again.class_names == tiny_detector.CLASSES
    assert again.attribute_names == tiny_detector.ATTRIBUTES
    np.testing.assert_array_equal(regions(detector).features, regions(again).features)


def test_nothing_was_kept(tmp_path):
    with pytest.raises(MissingArtefact, match=r"model\.json"):
        stored_detector(tmp_path)


def test_a_description_that_lacks_something(tmp_path):
    keep(tmp_path, tiny_detector.detector())
    meta = json.loads((tmp_path / "model.json").read_text())
    del meta["sizes"]
    (tmp_path / "model.json").write_text(json.dumps(meta))
    with pytest.raises(BadData, match=r"model\.json: does not describe a detector .*sizes"):
        stored_detector(tmp_path)


def test_weights_of_another_detector(tmp_path):
    keep(tmp_path, tiny_detector.detector())
    meta = json.loads((tmp_path / "model.json").read_text())
    meta["class_names"].append("third")
    (tmp_path / "model.json").write_text(json.dumps(meta))
    with pytest.raises(BadData, match=r"model\.safetensors: the weights do not fit"):
        stored_detector(tmp_path)


def test_random_weights_of_a_coco_detector_are_said_to_be_random(tmp_path):
    before = torch.get_rng_state()
    detector, origin = coco_detector(SMALLEST, weights=RANDOM, input_px=64, seed=5)
    assert origin.startswith("random initialisation, seed 5")
    assert torch.equal(before, torch.get_rng_state())
    assert len(detector.class_names) == 90
    assert detector.class_names[0] == "person"
    seen = regions(detector)
    assert np.isfinite(seen.features.astype(np.float16)).all()
    keep(tmp_path, detector, sizes=None, name=SMALLEST)
    np.testing.assert_array_equal(regions(stored_detector(tmp_path)[0]).features, seen.features)


def test_a_local_file_of_a_coco_detector(tmp_path):
    random, _ = coco_detector(SMALLEST, weights=RANDOM, input_px=64, seed=5)
    path = tmp_path / "w.pth"
    torch.save(random.faster_rcnn.state_dict(), path)
    detector, origin = coco_detector(SMALLEST, weights=path, input_px=64, seed=0)
    assert origin == str(path)
    np.testing.assert_array_equal(regions(detector).features, regions(random).features)
    torch.save({"backbone.weight": torch.zeros(1)}, path)
    with pytest.raises(BadData, match=r"w\.pth: the weights do not fit"):
        coco_detector(SMALLEST, weights=path, input_px=64, seed=0)
    with pytest.raises(MissingArtefact, match=r"none\.pth"):
        coco_detector(SMALLEST, weights=tmp_path / "none.pth", input_px=64, seed=0)


def test_an_unknown_coco_detector():
    with pytest.raises(UsageError, match=f"yolo: no such detector; .*{SMALLEST}"):
        coco_detector("yolo", weights=RANDOM, input_px=None, seed=0)
