"""The convolutional part of published networks, up to the last grid, folded for speed."""

from collections import OrderedDict
from typing import Any

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from vqax.vision.weights import optional

LITE0_BLOCKS = 11
"""Blocks of EfficientNet-Lite0 before its last halving: stride 16, 112 channels."""


def lite0(input_px: int) -> nn.Sequential:
    """EfficientNet-Lite0 (Tan and Le 2019, without squeeze-excitation, ReLU6) to stride 16.

    The last block is a linear bottleneck: its features are signed.
    """
    package = optional("efficientnet_lite_pytorch")
    model = package.EfficientNet.from_name("efficientnet-lite0", image_size=input_px)
    parts = {name: getattr(model, name) for name in ("_conv_stem", "_bn0", "_swish")}
    return _image_encoder(**parts, _blocks=nn.Sequential(*model._blocks[:LITE0_BLOCKS]))


def vgg(name: str) -> nn.Sequential:
    """VGG (Simonyan and Zisserman 2015) to the last ReLU: stride 16, the last pooling left out."""
    return _image_encoder(features=_torchvision(name).features[:-1])


def resnet(name: str) -> nn.Sequential:
    """ResNet (He et al. 2016) to ``layer4``: stride 32."""
    model = _torchvision(name)
    names = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4")
    return _image_encoder(**{name: getattr(model, name) for name in names})


def fold(image_encoder: nn.Module) -> None:
    """Put every batch normalisation into the convolution registered right before it, in place.

    W' = W γ/√(v+ε), b' = β − m γ/√(v+ε): the same function at evaluation, in one pass less.
    """
    previous: tuple[str, nn.Module] | None = None
    for name, child in list(image_encoder.named_children()):
        fold(child)
        if isinstance(child, nn.BatchNorm2d) and previous and isinstance(previous[1], nn.Conv2d):
            setattr(image_encoder, previous[0], fuse_conv_bn_eval(previous[1], child))
            setattr(image_encoder, name, nn.Identity())
        previous = (name, child)
    if isinstance(image_encoder, nn.ReLU | nn.ReLU6):
        image_encoder.inplace = True


def _image_encoder(**parts: nn.Module) -> nn.Sequential:
    """The parts under their published names, so that published weights fit by name."""
    return nn.Sequential(OrderedDict(parts))


def _torchvision(name: str) -> Any:
    return optional("torchvision.models").get_model(name, weights=None)
