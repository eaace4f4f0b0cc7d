import copy

import numpy as np
import pytest
import torch
from torch import nn

from tests.vision import tiny_detector
from vqax.data.coco import Instance
from vqax.errors import BadData, UsageError
from vqax.learning.detection import NO_ATTRIBUTE, detection_losses, target
from vqax.learning.detector_training import sample, train_detector
from vqax.settings import DetectorTraining

SETTINGS = DetectorTraining(
    epochs=2, batch_size=3, lr=0.003, weight_decay=0.0, clip=5.0, precision="fp32", seed=1
)


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    return tiny_detector.scenes(tmp_path_factory.mktemp("images"), 7)


def test_boxes_in_the_pixels_of_the_detector():
    detector = tiny_detector.detector()
    instances = [
        Instance(1, "dark", (10.0, 8.0, 20.0, 16.0), attributes=("striped", "right")),
        Instance(1, "bright", (0.0, 0.0, 5.0, 4.0)),
    ]
    wanted = target(instances, detector, (0.5, 2.0))
    assert wanted["boxes"].tolist() == [[5, 16, 15, 48], [0, 0, 2.5, 8]]
    assert wanted["labels"].tolist() == [2, 1]
    assert wanted["attributes"].tolist() == [1, NO_ATTRIBUTE]


def test_losses_are_those_of_torchvision(examples):
    """Its own forward pass in training, with the same random numbers."""
    detector = tiny_detector.detector().train()
    images, targets = zip(*[sample(*examples[k], detector) for k in (0, 1, 3)], strict=True)
    torch.manual_seed(4)
    ours = detection_losses(detector, images, targets)
    torch.manual_seed(4)
    theirs = detector.faster_rcnn(list(images), [dict(one) for one in targets])
    names = {
        "objectness": "loss_objectness",
        "proposals": "loss_rpn_box_reg",
        "classes": "loss_classifier",
        "boxes": "loss_box_reg",
    }
    assert set(theirs) == set(names.values())
    assert set(ours) == {*names, "attributes"}
    for name, other in names.items():
        torch.testing.assert_close(ours[name], theirs[other])


def test_the_loss_of_attributes_is_over_boxes_that_have_one(examples, monkeypatch):
    """Three boxes of the first stage: on an object, on one without attribute, on nothing."""
    detector = tiny_detector.detector().train()
    path, _ = examples[1]
    instances = [
        Instance(1, "bright", (0.0, 0.0, 20.0, 16.0), attributes=("right",)),
        Instance(1, "dark", (40.0, 24.0, 20.0, 16.0)),
    ]
    heads = detector.faster_rcnn.roi_heads
    seen = {}

    def choose(proposals, targets):
        true = targets[0]["boxes"]
        boxes = [torch.cat([true, torch.tensor([[0.0, 40, 10, 60]])])]
        labels = [torch.tensor([1, 2, 0])]
        return boxes, [torch.tensor([0, 1, 0])], labels, [torch.zeros(3, 4)]

    monkeypatch.setattr(heads, "select_training_samples", choose)
    heads.box_head.register_forward_hook(lambda *args: seen.update(hidden=args[-1]))
    image, wanted = sample(path, instances, detector)
    losses = detection_losses(detector, [image], [wanted])
    logits = detector.attribute(seen["hidden"][0])
    expected = -logits.log_softmax(0)[1]
    torch.testing.assert_close(losses["attributes"], expected)
    losses = detection_losses(detector, [image], [{**wanted, "attributes": torch.tensor([-1, -1])}])
    assert losses["attributes"].item() == 0.0


def test_training_lowers_the_loss_and_leaves_the_frozen_part(examples):
    detector = tiny_detector.detector()
    frozen = copy.deepcopy(detector.faster_rcnn.backbone.frozen.state_dict())
    settings = DetectorTraining(**{**_plain(SETTINGS), "epochs": 6})
    steps = []
    history = train_detector(
        detector, examples, settings, progress=lambda *done: steps.append(done)
    )
    losses = history.curve("train", "loss")
    assert losses[6] < 0.8 * losses[1]
    assert list(losses) == [1, 2, 3, 4, 5, 6]
    assert steps[-1] == (12, 12)
    for name, value in detector.faster_rcnn.backbone.frozen.state_dict().items():
        assert torch.equal(value, frozen[name])
    assert not detector.training


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_same_seed_gives_the_same_weights(examples, precision):
    settings = DetectorTraining(**{**_plain(SETTINGS), "precision": precision})
    trained = []
    for _ in range(2):
        before = torch.get_rng_state()
        detector = tiny_detector.detector()
        train_detector(detector, examples, settings)
        assert torch.equal(before, torch.get_rng_state())
        torch.rand(7)
        trained.append(detector.state_dict())
    for name, value in trained[0].items():
        assert torch.equal(value, trained[1][name])


def test_a_training_that_diverges(examples):
    detector = tiny_detector.detector()
    with torch.no_grad():
        detector.attribute.weight.fill_(float("nan"))
    with pytest.raises(BadData, match=r"step 1: .*diverged .*lower lr from 0\.003"):
        train_detector(detector, examples, SETTINGS)


def test_fewer_pictures_than_a_batch(examples):
    few = {0: examples[0], 1: examples[1]}
    with pytest.raises(UsageError, match=r"2 images .*batch_size 3"):
        train_detector(tiny_detector.detector(), few, SETTINGS)


def test_a_detector_without_attributes(examples):
    detector = tiny_detector.build_detector(("bright", "dark"), (), tiny_detector.SIZES, seed=0)
    history = train_detector(detector, examples, SETTINGS)
    assert "attributes" not in set(history.frame()["metric"])
    assert detector.attributes_of(torch.zeros(2, 6)) == [None, None]
    assert isinstance(detector.faster_rcnn, nn.Module)


def _plain(settings):
    return {name: getattr(settings, name) for name in settings.__dataclass_fields__}


def test_the_order_of_the_dictionary_does_not_matter(examples):
    trained = []
    for order in (list(examples), list(examples)[::-1]):
        detector = tiny_detector.detector()
        train_detector(detector, {k: examples[k] for k in order}, SETTINGS)
        trained.append(
            np.concatenate([v.flatten().numpy() for v in detector.state_dict().values()])
        )
    np.testing.assert_array_equal(*trained)
