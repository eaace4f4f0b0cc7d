"""The networks that a classifier may have; each takes classes, channels, size and ``linear``."""

from collections.abc import Callable

from vqax.evidential.classifier import Classifier
from vqax.evidential.lenet import LeNet
from vqax.evidential.resnet import ResNet18

NETWORKS: dict[str, Callable[..., Classifier]] = {"lenet": LeNet, "resnet18": ResNet18}
