"""Muted, textured backgrounds on which every named colour stands out."""

import numpy as np
from jaxtyping import Float32
from PIL import Image

BASES = (
    (178, 168, 148),
    (150, 160, 168),
    (160, 168, 146),
    (176, 158, 152),
    (148, 154, 150),
    (186, 180, 170),
    (158, 150, 164),
    (168, 160, 138),
)
CONTRAST = 13.0
GRAIN = 2.5


def background(size_px: int, rng: np.random.Generator) -> Float32[np.ndarray, "h w 3"]:
    """A base colour, one pattern in a neighbouring shade, soft clouds and fine grain; 0..255."""
    base = np.asarray(BASES[rng.integers(len(BASES))], np.float32) + rng.normal(0, 5, 3)
    pattern = PATTERNS[rng.integers(len(PATTERNS))](size_px, rng)
    field = 0.6 * pattern + 0.6 * _clouds(size_px, rng)
    shade = CONTRAST * field[..., None] * rng.uniform(0.7, 1.3, 3).astype(np.float32)
    grain = rng.normal(0, GRAIN, (size_px, size_px, 1)).astype(np.float32)
    return (base.astype(np.float32) + shade + grain).astype(np.float32)


def _clouds(size_px: int, rng: np.random.Generator) -> Float32[np.ndarray, "h w"]:
    coarse = Image.fromarray(rng.uniform(-1, 1, (7, 7)).astype(np.float32))
    smooth = coarse.resize((size_px, size_px), Image.Resampling.BICUBIC)
    return np.asarray(smooth, dtype=np.float32)


def _stripes(size_px: int, rng: np.random.Generator) -> Float32[np.ndarray, "h w"]:
    along = _rotated(size_px, rng.uniform(0, np.pi))[0]
    return np.sin(2 * np.pi * along / rng.uniform(14, 40)).astype(np.float32)


def _checks(size_px: int, rng: np.random.Generator) -> Float32[np.ndarray, "h w"]:
    along, across = _rotated(size_px, rng.uniform(-0.4, 0.4))
    period = rng.uniform(20, 44)
    waves = np.sin(2 * np.pi * along / period) * np.sin(2 * np.pi * across / period)
    return np.tanh(6 * waves).astype(np.float32)


def _dots(size_px: int, rng: np.random.Generator) -> Float32[np.ndarray, "h w"]:
    along, across = _rotated(size_px, rng.uniform(0, np.pi / 2))
    period = rng.uniform(14, 26)
    waves = np.cos(2 * np.pi * along / period) + np.cos(2 * np.pi * across / period)
    return np.tanh(5 * (waves - 1.1)).astype(np.float32)


def _slope(size_px: int, rng: np.random.Generator) -> Float32[np.ndarray, "h w"]:
    along = _rotated(size_px, rng.uniform(0, 2 * np.pi))[0]
    return (1.5 * along / size_px).astype(np.float32)


def _rotated(
    size_px: int, angle: float
) -> tuple[Float32[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]:
    """Pixel coordinates from the middle, along and across the direction ``angle``."""
    line = np.arange(size_px, dtype=np.float32) - size_px / 2
    y, x = line[:, None], line[None, :]
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return cosine * x + sine * y, cosine * y - sine * x


PATTERNS = (_clouds, _stripes, _checks, _dots, _slope)
