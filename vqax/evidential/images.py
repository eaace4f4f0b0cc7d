"""Labelled images as arrays: digits that come along, MNIST's relatives, CIFAR-10, any folder."""

from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy  # its image functions are imported when first used
from jaxtyping import Float32, Int64, Real, UInt8

from vqax.data.images import load_rgb
from vqax.errors import BadData, MissingArtefact, UsageError
from vqax.evidential.idx import read_idx
from vqax.models.options import option
from vqax.vision.weights import optional

DIGITS = tuple("0123456789")
FASHION = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
PARTS = {"train": "train", "test": "t10k"}


class Images(NamedTuple):
    """``pixels`` (n,c,y,x) in 0..1, ``labels`` (n,) the numbers of ``classes``."""

    pixels: Float32[np.ndarray, "n c y x"]
    labels: Int64[np.ndarray, "n"]
    classes: tuple[str, ...]

    def rows(self, chosen: np.ndarray) -> "Images":
        """The images of these row numbers, in this order."""
        return Images(self.pixels[chosen], self.labels[chosen], self.classes)


def digits(*, size: int = 28, margin: int = 4) -> Images:
    """scikit-learn's 1,797 handwritten digits of 8×8 pixels, enlarged bilinearly.

    As in MNIST's frame a digit fills the square within ``margin`` pixels, so that it stays in
    the image when it is rotated. From the test part of the UCI optical digits (NIST forms).

    Raises:
        MissingArtefact: scikit-learn is not installed.
        UsageError: the margins leave less than the 8 pixels of a scan.
    """
    if margin < 0 or size - 2 * margin < 8:
        raise UsageError(
            f"a margin of {margin} in {size} pixels leaves {size - 2 * margin} for a scan of 8; "
            "choose a smaller margin, 0 or more"
        )
    scans = optional("sklearn.datasets").load_digits()
    factor = (size - 2 * margin) / 8
    large = scipy.ndimage.zoom(
        scans.images / 16, (1, factor, factor), order=1, mode="nearest", grid_mode=True
    )
    framed = np.pad(large.clip(0, 1), [(0, 0), (margin, margin), (margin, margin)])
    return Images(framed[:, None].astype(np.float32), scans.target.astype(np.int64), DIGITS)


def idx_images(
    images: Path, labels: Path, classes: tuple[str, ...], *, size: tuple[int, int] = (28, 28)
) -> Images:
    """Images and labels of two idx files.

    Raises:
        MissingArtefact: a file is not there.
        BadData: a damaged file, images of another size, a label outside 0..K - 1, or not as
            many labels as images.
    """
    pixels, numbers = read_idx(images, axes=3), read_idx(labels, axes=1)
    if pixels.shape[1:] != size:
        raise BadData(
            f"{images}: images of {pixels.shape[1]}×{pixels.shape[2]}, but the data set has "
            f"{size[0]}×{size[1]} (height, width); name the right file"
        )
    if len(pixels) != len(numbers):
        raise BadData(
            f"{images}: {len(pixels)} images, but {labels} has {len(numbers)} labels; "
            "name two files of one part"
        )
    check_labels(numbers, len(classes), labels)
    return Images(_unit(pixels)[:, None], numbers.astype(np.int64), classes)


def check_labels(labels: Real[np.ndarray, "n"], classes: int, source: Path | str) -> None:
    """Raise BadData for a label outside 0..classes - 1, naming the source and the row."""
    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if len(wrong):
        raise BadData(
            f"{source}: label {labels[wrong[0]]} in row {wrong[0]} is outside 0..{classes - 1}; "
            "it belongs to another data set or the file is damaged"
        )


def mnist(folder: Path, part: str = "train") -> Images:
    """MNIST (LeCun et al. 1998) from a folder of its idx files; errors as ``idx_images``."""
    return _mnist_like(folder, part, DIGITS)


def fashion_mnist(folder: Path, part: str = "train") -> Images:
    """Fashion-MNIST (Xiao et al. 2017), under MNIST's file names; errors as ``idx_images``."""
    return _mnist_like(folder, part, FASHION)


def cifar10(folder: Path, part: str = "train") -> Images:
    """CIFAR-10 (Krizhevsky 2009) from the folder that holds ``cifar-10-batches-py``.

    torchvision reads the batches after it has compared them with their published checksums.

    Raises:
        MissingArtefact: torchvision is not installed.
        BadData: the folder does not hold the data set, or it is damaged.
    """
    option(PARTS, part, "part")
    try:
        source = optional("torchvision.datasets").CIFAR10(folder, train=part == "train")
    except (RuntimeError, OSError) as error:
        raise BadData(
            f"{folder}: no complete cifar-10-batches-py in it; download it with "
            "vqax.evidential.images.download, or name the folder around it"
        ) from error
    pixels = np.ascontiguousarray(source.data.transpose(0, 3, 1, 2))
    return Images(_unit(pixels), np.array(source.targets, np.int64), tuple(source.classes))


def image_folder(folder: Path, *, size: tuple[int, int] | None = None) -> Images:
    """A folder with a folder of RGB images for each class, classes and files in sorted order.

    Raises:
        MissingArtefact: there is no such folder, or no image in it.
        BadData: a file is no image, or its size is not ``size`` (that of the first by default).
    """
    files = sorted(path for path in folder.glob("*/*") if path.is_file())
    if not files:
        raise MissingArtefact(
            f"{folder}: no images in it; it must hold a folder of images for each class"
        )
    classes = tuple(sorted({path.parent.name for path in files}))
    loaded = []
    for path in files:
        image = np.asarray(load_rgb(path)).transpose(2, 0, 1)
        size = size or image.shape[1:]
        if image.shape[1:] != size:
            raise BadData(
                f"{path}: {image.shape[1]}×{image.shape[2]}, but the images of this data "
                f"set have {size[0]}×{size[1]} (height, width); resize it or take it out"
            )
        loaded.append(image)
    labels = np.array([classes.index(path.parent.name) for path in files], np.int64)
    return Images(_unit(np.stack(loaded)), labels, classes)


DATASETS: dict[str, Callable[[Path, str], Images]] = {
    "mnist": mnist,
    "fashion_mnist": fashion_mnist,
    "cifar10": cifar10,
}
"""(folder, part) -> images; ``digits`` needs neither."""


def download(name: str, folder: Path) -> Path:
    """Fetch a data set by torchvision into ``folder``; the folder that its reader takes.

    Raises:
        UsageError: an unknown name.
        MissingArtefact: torchvision is not installed, or the server cannot be reached.
    """
    kinds = {
        "mnist": ("MNIST", "MNIST/raw"),
        "fashion_mnist": ("FashionMNIST", "FashionMNIST/raw"),
        "cifar10": ("CIFAR10", ""),
    }
    kind, below = option(kinds, name, "data set")
    try:
        getattr(optional("torchvision.datasets"), kind)(folder, download=True)
    except (OSError, RuntimeError, HTTPException) as error:
        raise MissingArtefact(
            f"{name}: cannot be downloaded ({error}); put its files into {folder / below} by hand"
        ) from error
    return folder / below


def _mnist_like(folder: Path, part: str, classes: tuple[str, ...]) -> Images:
    stem = option(PARTS, part, "part")
    images = _plain_or_gz(folder / f"{stem}-images-idx3-ubyte")
    return idx_images(images, _plain_or_gz(folder / f"{stem}-labels-idx1-ubyte"), classes)


def _plain_or_gz(path: Path) -> Path:
    return path if path.exists() else path.with_name(f"{path.name}.gz")


def _unit(pixels: UInt8[np.ndarray, "*n"]) -> Float32[np.ndarray, "*n"]:
    return pixels.astype(np.float32) / np.float32(255)
