"""Images that come along or are made: silhouettes of things, patches of photographs, noise.

Silhouettes are a second labelled data set without a download; photographs and noise are
out-of-distribution images to a classifier of anything else.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32
from PIL import Image

from vqax.data.scenes.glyphs import NAMED, silhouette
from vqax.errors import UsageError
from vqax.evidential.images import Images
from vqax.evidential.transforms import grey, noise
from vqax.models.options import known
from vqax.vision.weights import optional

SIDE = 28
THINGS = ("cat", "car", "umbrella", "fish", "plane", "clock", "chair", "tree", "key", "guitar")
LARGEST_TURN, FRAME = 20.0, 20  # degrees; pixels that an upright thing fills, as in MNIST
SAMPLES = ("china.jpg", "flower.jpg")


def silhouettes(*, things: Sequence[str] = THINGS, per_class: int = 200, seed: int = 0) -> Images:
    """Glyphs of everyday things, bright on black, 28×28, in sizes, turns and shades of their own.

    Raises:
        UsageError: fewer than two things, or an unknown one.
        MissingArtefact: ``fontawesomefree`` is not installed.
    """
    if len(things) < 2:
        raise UsageError(f"things: {list(things)}; a classifier chooses between at least two")
    for name in things:
        known(NAMED, name, "things")
    rng = np.random.default_rng(seed)
    drawn = [_drawn(silhouette(name), rng) for name in things for _ in range(per_class)]
    labels = np.repeat(np.arange(len(things)), per_class).astype(np.int64)
    return Images(np.stack(drawn)[:, None], labels, tuple(things))


def _drawn(glyph: Image.Image, rng: np.random.Generator) -> Float32[np.ndarray, "28 28"]:
    rotated = glyph.rotate(rng.uniform(-LARGEST_TURN, LARGEST_TURN), Image.Resampling.BICUBIC, True)
    longest = rng.uniform(0.75, 1.0) * FRAME / max(rotated.size)
    size = [max(1, round(side * longest)) for side in rotated.size]
    small = np.asarray(rotated.resize(size, Image.Resampling.BOX), np.float32) / 255
    image = np.zeros((SIDE, SIDE), np.float32)
    top, left = ((SIDE - side) // 2 + rng.integers(-2, 3) for side in small.shape)
    image[top : top + small.shape[0], left : left + small.shape[1]] = small
    return image * np.float32(rng.uniform(0.6, 1.0))


def photographs(*, count: int = 500, size: tuple[int, int] = (SIDE, SIDE), seed: int = 0) -> Images:
    """Square patches of scikit-learn's two sample photographs, grey, shrunk to ``size``.

    Raises:
        MissingArtefact: scikit-learn is not installed.
    """
    load = optional("sklearn.datasets").load_sample_image
    photos = [load(name).astype(np.float32) / 255 for name in SAMPLES]
    rng = np.random.default_rng(seed)
    patches = [_patch(photos[row % len(photos)], size, rng) for row in range(count)]
    return _unlabelled(np.concatenate(patches), "photograph")


def _patch(
    photo: Float32[np.ndarray, "y x 3"], size: tuple[int, int], rng: np.random.Generator
) -> Float32[np.ndarray, "1 1 h w"]:
    side = int(rng.integers(2 * max(size), min(photo.shape[:2])))
    top, left = (int(rng.integers(extent - side + 1)) for extent in photo.shape[:2])
    square = photo[top : top + side, left : left + side].transpose(2, 0, 1)
    return grey(square[None], size)


def uniform_noise(
    *, count: int = 500, size: tuple[int, int] = (SIDE, SIDE), channels: int = 1, seed: int = 0
) -> Images:
    """Images of independent pixels."""
    return _unlabelled(noise((count, channels, *size), seed=seed), "noise")


def _unlabelled(pixels: Float32[np.ndarray, "n c y x"], what: str) -> Images:
    return Images(pixels, np.zeros(len(pixels), np.int64), (what,))
