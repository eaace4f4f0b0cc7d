"""A classifier small enough for tests, and images that it can learn."""

import numpy as np
import torch
from torch import nn

from vqax.evidential.classifier import Classifier
from vqax.evidential.images import Images
from vqax.models.dropout import Dropout


class TinyNet(Classifier):
    """One convolution, one dense layer, on images of 6×8 pixels; 4×6 cells."""

    def __init__(self, classes=3, *, linear=nn.Linear, dropout=0.5):
        super().__init__(classes, (1, 6, 8))
        self.conv = nn.Conv2d(1, 5, 3)
        self.dropout = Dropout(dropout)
        self.answer = linear(5 * 4 * 6, classes)

    def features(self, images):
        self.check(images)
        return self.conv(images)

    def classify(self, features):
        return self.answer(self.dropout(features.relu().flatten(1)))


def stripes(n=60, seed=0):
    """Class k is a bright stripe in columns 2k and 2k + 1, under noise."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    pixels = rng.random((n, 1, 6, 8), dtype=np.float32) * 0.3
    for row, label in enumerate(labels):
        pixels[row, 0, :, 2 * label : 2 * label + 2] += 0.6
    return Images(pixels, labels, ("left", "middle", "right"))


def tensors(images):
    return torch.from_numpy(images.pixels), torch.from_numpy(images.labels)
