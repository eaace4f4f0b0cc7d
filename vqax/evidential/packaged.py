"""Real images that come with the package: 10,000 of MNIST and 10,000 of Fashion-MNIST.

The folders beside this file hold them with their licences.
"""

from pathlib import Path

from vqax.evidential.images import DIGITS, FASHION, Images, idx_images

FOLDER = Path(__file__).parent / "data"


def mnist_10k() -> Images:
    """The official test part of MNIST (LeCun et al. 1998), 28×28."""
    return _packaged("mnist/t10k", DIGITS)


def fashion_mnist_10k() -> Images:
    """1,000 images of each class of Fashion-MNIST (Xiao et al. 2017), 28×28, of both its parts."""
    return _packaged("fashion_mnist/fashion10k", FASHION)


def _packaged(stem: str, classes: tuple[str, ...]) -> Images:
    images, labels = (FOLDER / f"{stem}-{kind}-ubyte.gz" for kind in ("images-idx3", "labels-idx1"))
    return idx_images(images, labels, classes)
