"""LeNet and ResNet-18: cells, sizes, options, and the contract of a classifier."""

import pytest
import torch
from torch.nn import functional
from torchvision.models import resnet18

from tests.evidential.tiny import TinyNet
from vqax.errors import BadData, MissingArtefact, UsageError
from vqax.evidential import resnet
from vqax.evidential.lenet import LeNet
from vqax.evidential.resnet import ResNet18
from vqax.evidential.variational import VariationalLinear


@pytest.mark.parametrize(("pooling", "cells", "flat"), [(2, 8, 800), (1, 20, 20_000)])
def test_cells_of_the_printed_and_the_released_lenet(pooling, cells, flat):
    model = LeNet(10, pooling=pooling)
    assert model.features(torch.zeros(2, 1, 28, 28)).shape == (2, 50, cells, cells)
    assert model.hidden.in_features == flat
    assert model(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


def test_lenet_is_what_the_paper_says():
    """Convolution, ReLU, pooling, twice; a dense layer with ReLU; another without."""
    model, x = LeNet(4, channels=3, size=(16, 20)).eval(), torch.rand(2, 3, 16, 20)
    y = functional.max_pool2d(functional.relu(model.conv1(x)), 2)
    y = functional.max_pool2d(functional.relu(model.conv2(y)), 2)
    y = functional.relu(model.hidden(y.flatten(1)))
    torch.testing.assert_close(model(x), model.answer(y))


def models():
    return [
        (TinyNet(), (1, 6, 8)),
        (LeNet(3, size=(20, 16)), (1, 20, 16)),
        (LeNet(3, size=(20, 16), linear=VariationalLinear), (1, 20, 16)),
        (ResNet18(3, channels=1, size=(24, 16), stem="small", dropout=0.5), (1, 24, 16)),
    ]


@pytest.mark.parametrize(("model", "shape"), models(), ids=lambda value: type(value).__name__)
def test_only_classify_is_random(model, shape):
    images = torch.rand(3, *shape)
    for module in model.modules():
        module.training = not isinstance(module, torch.nn.BatchNorm2d)
    features = model.features(images)
    assert torch.equal(features, model.features(images))
    assert not torch.equal(model.classify(features), model.classify(features))
    model.eval()
    assert torch.equal(model(images), model.classify(model.features(images)))


@pytest.mark.parametrize(("model", "shape"), models(), ids=lambda value: type(value).__name__)
def test_pictures_of_another_size_are_refused(model, shape):
    with pytest.raises(UsageError, match=rf"images of 3×9×9, but .* {shape[0]}×{shape[1]}×"):
        model(torch.zeros(1, 3, 9, 9))


@pytest.mark.parametrize("build", [TinyNet, LeNet, ResNet18])
def test_one_class_is_refused(build):
    with pytest.raises(UsageError, match=r"classes: 1; .*at least two"):
        build(1)


def test_lenet_refuses_what_does_not_fit():
    with pytest.raises(UsageError, match="pooling: 0"):
        LeNet(10, pooling=0)
    with pytest.raises(UsageError, match="no cell is left"):
        LeNet(10, size=(28, 8))


def test_resnet_is_that_of_torchvision():
    torch.manual_seed(0)
    published = resnet18(weights=None).eval()
    model = ResNet18(1000, size=(48, 64), weights=published.state_dict()).eval()
    model.answer.load_state_dict(published.fc.state_dict())
    images = torch.rand(2, 3, 48, 64)
    with torch.no_grad():
        torch.testing.assert_close(model(images), published(images))
        grey = ResNet18(1000, channels=1, size=(48, 64), weights=published.state_dict()).eval()
        grey.answer.load_state_dict(published.fc.state_dict())
        expected = published(images[:, :1].expand(-1, 3, -1, -1))
        torch.testing.assert_close(grey(images[:, :1]), expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("stem", "cells"), [("published", 1), ("small", 4)])
def test_cells_of_the_stems(stem, cells):
    model = ResNet18(10, stem=stem).eval()
    with torch.no_grad():
        assert model.features(torch.zeros(1, 3, 32, 32)).shape == (1, 512, cells, cells)


def test_resnet_refuses_other_channels_and_stems():
    with pytest.raises(UsageError, match=r"channels: 2; ResNet-18 takes 1 \(grey\) or 3"):
        ResNet18(10, channels=2)
    with pytest.raises(UsageError, match="stem: 'x' is not known"):
        ResNet18(10, stem="x")


@pytest.mark.parametrize("linear", [torch.nn.Linear, VariationalLinear])
def test_answers_may_start_with_evidence(linear):
    assert (LeNet(3, linear=linear, answer_bias=1.5).answer.bias == 1.5).all()
    assert LeNet(3, linear=linear).answer.bias.unique().numel() == 3
    assert (ResNet18(3, linear=linear, answer_bias=1.5).answer.bias == 1.5).all()


def test_a_pretrained_resnet_sees_pictures_as_its_weights_expect(tmp_path):
    torch.manual_seed(0)
    published = resnet18(weights=None).eval()
    torch.save(published.state_dict(), tmp_path / "resnet.pth")
    model = ResNet18(1000, size=(48, 64), pretrained=str(tmp_path / "resnet.pth")).eval()
    model.answer.load_state_dict(published.fc.state_dict())
    images = torch.rand(2, 3, 48, 64)
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    std = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    with torch.no_grad():
        torch.testing.assert_close(model(images), published((images - mean) / std))
    assert not {"mean", "std"} & model.state_dict().keys()


def test_other_weights_are_refused(tmp_path):
    torch.save({"conv1.weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(BadData, match=r"other\.pth: are not those of ResNet-18 .*1,000 classes"):
        ResNet18(3, pretrained=str(tmp_path / "other.pth"))
    with pytest.raises(MissingArtefact, match=r"none\.pth: no such weights file"):
        ResNet18(3, pretrained=str(tmp_path / "none.pth"))


def test_without_a_connection_the_file_can_be_named(monkeypatch):
    def refused(name):
        raise MissingArtefact(f"https://x/{name}.pth: cannot be downloaded (no route); name it")

    monkeypatch.setattr(resnet, "torchvision_weights", refused)
    with pytest.raises(MissingArtefact, match=r"no route\); fetch it .* the file as `pretrained`"):
        ResNet18(3, pretrained="imagenet")
