import copy

import pytest
import torch
from torch import nn

from vqax.vision import image_encoders
from vqax.vision.grid import GRIDS


def literal_eval_batch_norm(x, bn):
    mean, variance = bn.running_mean.view(1, -1, 1, 1), bn.running_var.view(1, -1, 1, 1)
    weight, bias = bn.weight.view(1, -1, 1, 1), bn.bias.view(1, -1, 1, 1)
    return (x - mean) / (variance + bn.eps).sqrt() * weight + bias


def randomised(bn, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for values in (bn.running_mean, bn.weight, bn.bias):
            values.copy_(torch.randn(values.shape, generator=generator))
        bn.running_var.copy_(torch.rand(bn.running_var.shape, generator=generator) + 0.1)
    return bn


def test_fold_keeps_the_function_and_removes_the_normalisation():
    first, second = randomised(nn.BatchNorm2d(4), 1), randomised(nn.BatchNorm2d(5), 2)
    conv1, conv2 = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 5, 1, bias=False)
    image_encoder = nn.Sequential(conv1, first, nn.ReLU6(), nn.Sequential(conv2, second)).eval()
    x = torch.randn(2, 3, 6, 9, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        hidden = literal_eval_batch_norm(conv1(x), first).clamp(0, 6)
        expected = literal_eval_batch_norm(conv2(hidden), second)
        image_encoders.fold(image_encoder)
        assert not any(isinstance(module, nn.BatchNorm2d) for module in image_encoder.modules())
        torch.testing.assert_close(image_encoder(x), expected, atol=1e-5, rtol=1e-5)


def test_fold_leaves_a_normalisation_alone_that_follows_no_convolution():
    bn = randomised(nn.BatchNorm2d(3), 0)
    image_encoder = nn.Sequential(nn.ReLU(), bn).eval()
    image_encoders.fold(image_encoder)
    assert image_encoder[1] is bn


@pytest.mark.parametrize("name", GRIDS)
def test_grid_and_width_are_those_of_the_network(name):
    """On the meta device: every network, no weights, no time."""
    spec = GRIDS[name]
    pytest.importorskip("efficientnet_lite_pytorch" if "lite" in name else "torchvision")
    input_px = 3 * spec.stride
    with torch.device("meta"):
        image_encoder = spec.image_encoder(input_px).eval()
        folded = copy.deepcopy(image_encoder)
        image_encoders.fold(folded)
        images = torch.empty(2, 3, input_px, input_px)
        assert image_encoder(images).shape == folded(images).shape == (2, spec.width, 3, 3)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
