"""The images of MNIST and Fashion-MNIST that come with the package."""

import hashlib

import numpy as np
import pytest

from vqax.evidential.images import DIGITS, FASHION, idx_images
from vqax.evidential.packaged import FOLDER, fashion_mnist_10k, mnist_10k

MD5 = {  # as torchvision publishes them
    "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
}


@pytest.mark.parametrize(
    ("read", "classes", "counts"),
    [
        (mnist_10k, DIGITS, [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]),
        (fashion_mnist_10k, FASHION, [1000] * 10),
    ],
)
def test_ten_thousand_images_of_ten_classes(read, classes, counts):
    images = read()
    assert images.pixels.shape == (10_000, 1, 28, 28)
    assert (images.pixels.min(), images.pixels.max()) == (0.0, 1.0)
    assert images.classes == classes
    assert np.bincount(images.labels).tolist() == counts


@pytest.mark.parametrize("name", MD5)
def test_mnist_is_the_original(name):
    content = (FOLDER / "mnist" / name).read_bytes()
    assert hashlib.md5(content, usedforsecurity=False).hexdigest() == MD5[name]


def test_every_folder_says_its_licence():
    for folder in FOLDER.iterdir():
        text = (folder / "README.md").read_text(encoding="utf-8")
        assert "Licence" in text
    notice = (FOLDER / "fashion_mnist" / "LICENSE").read_text(encoding="utf-8")
    assert "Copyright (c) 2017 Zalando SE" in notice


def test_clothes_of_the_official_sheet_are_near_those_of_their_class(shared):
    """The sheet of the official repository rounds, so its images are near ours, not equal."""
    folder = shared / "data" / "fashion_mnist"
    sheet = idx_images(
        *(folder / f"fashion900-{kind}-ubyte.gz" for kind in ("images-idx3", "labels-idx1")),
        FASHION,
    )
    ours = fashion_mnist_10k()
    flat = ours.pixels.reshape(10_000, -1)
    distance = np.linalg.norm(flat[None] - sheet.pixels[:60:7].reshape(-1, 1, 784), axis=2)
    found = distance.min(axis=1) < 8 / 255 * 3
    labels = ours.labels[distance.argmin(axis=1)]
    assert found.any()
    assert (labels[found] == sheet.labels[:60:7][found]).all()
