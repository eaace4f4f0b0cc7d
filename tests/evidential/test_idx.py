"""idx files as they are published, and everything that can be wrong with one."""

import gzip
import struct

import numpy as np
import pytest

from vqax.errors import BadData, MissingArtefact
from vqax.evidential.idx import read_idx
from vqax.evidential.images import DIGITS, FASHION, fashion_mnist, idx_images, mnist

PIXELS = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


def idx(array):
    return struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape) + array.tobytes()


def write(folder, name, content):
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_reads_plain_and_gzipped(tmp_path, pack):
    path = write(tmp_path, "a", pack(idx(PIXELS)))
    np.testing.assert_array_equal(read_idx(path, axes=3), PIXELS)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (idx(PIXELS)[:7], "cut after 7 bytes"),
        (idx(PIXELS)[:-1], r"23 bytes of data, but its sizes \(2, 3, 4\) ask for 24"),
        (idx(PIXELS) + b"x", "25 bytes of data"),
        (idx(PIXELS[0]) + bytes(9), r"magic number 0x00000802, but images \(idx3\) .*0x00000803"),
        (b"\x89PNG" + bytes(20), "magic number 0x89504e47"),
        (gzip.compress(idx(PIXELS), mtime=0)[:-9], "not a whole idx file or gzip file"),
        (gzip.compress(idx(PIXELS), mtime=0)[:6] + b"damage", "not a whole idx file or gzip file"),
        (b"", "cut after 0 bytes"),
    ],
)
def test_damage_is_named_with_the_file(tmp_path, content, match):
    path = write(tmp_path, "pictures-idx3", content)
    with pytest.raises(BadData, match=match) as error:
        read_idx(path, axes=3)
    assert str(path) in str(error.value)


def test_missing_file(tmp_path):
    with pytest.raises(MissingArtefact, match="no such idx file"):
        read_idx(tmp_path / "none", axes=1)


def pair(folder, labels, pixels=PIXELS):
    images = write(folder, "t10k-images-idx3-ubyte", idx(pixels))
    return images, write(folder, "t10k-labels-idx1-ubyte", idx(np.array(labels, np.uint8)))


def test_pictures_and_labels(tmp_path):
    images = idx_images(*pair(tmp_path, [1, 0]), ("a", "b"), size=(3, 4))
    np.testing.assert_allclose(images.pixels, PIXELS[:, None] / 255, rtol=1e-6)
    assert images.labels.tolist() == [1, 0]
    assert images.labels.dtype == np.int64


def test_a_label_of_no_class(tmp_path):
    with pytest.raises(BadData, match=r"labels-idx1-ubyte: label 2 in row 1 is outside 0\.\.1"):
        idx_images(*pair(tmp_path, [0, 2]), ("a", "b"), size=(3, 4))


def test_pictures_of_another_size(tmp_path):
    pair(tmp_path, [0, 1])
    with pytest.raises(BadData, match="images of 3×4, but the data set has 28×28"):
        mnist(tmp_path, "test")


def test_another_number_of_labels(tmp_path):
    with pytest.raises(BadData, match=r"2 images, but .* has 3 labels"):
        idx_images(*pair(tmp_path, [0, 1, 0]), ("a", "b"), size=(3, 4))


def test_real_mnist(shared):
    images = mnist(shared / "data" / "mnist", "test")
    assert images.pixels.shape == (10_000, 1, 28, 28)
    assert images.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert (images.pixels.min(), images.pixels.max()) == (0, 1)
    assert images.classes == DIGITS


def test_train_pictures_of_mnist_are_not_there(shared):
    with pytest.raises(MissingArtefact, match=r"train-images-idx3-ubyte\.gz: no such idx file"):
        mnist(shared / "data" / "mnist", "train")


def test_real_fashion(shared):
    folder = shared / "data" / "fashion_mnist"
    files = (folder / f"fashion900-{kind}-ubyte.gz" for kind in ("images-idx3", "labels-idx1"))
    images = idx_images(*files, FASHION)
    assert images.pixels.shape == (900, 1, 28, 28)
    assert np.bincount(images.labels).tolist() == [90] * 10


def test_pictures_and_labels_of_two_parts(shared):
    folder = shared / "data"
    images = folder / "fashion_mnist" / "fashion900-images-idx3-ubyte.gz"
    with pytest.raises(BadData, match=r"900 images, but .* has 10000 labels"):
        idx_images(images, folder / "mnist" / "t10k-labels-idx1-ubyte.gz", DIGITS)


def test_fashion_has_the_file_names_of_mnist(tmp_path):
    write(
        tmp_path, "t10k-images-idx3-ubyte.gz", gzip.compress(idx(np.zeros((1, 28, 28), np.uint8)))
    )
    write(tmp_path, "t10k-labels-idx1-ubyte", idx(np.array([9], np.uint8)))
    images = fashion_mnist(tmp_path, "test")
    assert images.classes[images.labels[0]] == "Ankle boot"
