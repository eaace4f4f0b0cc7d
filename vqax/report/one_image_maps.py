"""The maps of one image, drawn over it, for its figure and its page."""

import numpy as np
import scipy
from jaxtyping import Float
from PIL import Image

from vqax.data.images import as_rgb
from vqax.report.one_image import method_name
from vqax.report.overlay import has_evidence, overlay

FINE = 64  # cells; a map with more on each side is one of pixels


def map_title(method: str, raw_map: Float[np.ndarray, "_ _"]) -> str:
    """The method's name, and a warning where its map shows nothing."""
    return method_name(method) + ("" if has_evidence(raw_map) else ": nothing stands out")


def lay_over(image: Image.Image, raw_map: Float[np.ndarray, "_ _"]) -> Image.Image:
    """The map over the greyed image; one of pixels is made legible first.

    Such a map has a few bright points: it is cut at zero, blurred by 1/150 of its width and cut
    at its 99.5th percentile. The raw maps on disk keep their values.

    Raises:
        BadData: the map is not finite.
    """
    if min(raw_map.shape) < FINE or not np.isfinite(raw_map).all():
        return overlay(image, raw_map)
    soft = scipy.ndimage.gaussian_filter(np.maximum(raw_map, 0.0), raw_map.shape[1] / 150)
    return overlay(image, np.minimum(soft, np.quantile(soft, 0.995)))


def framed(image: Image.Image, longest_px: int) -> Image.Image:
    """A copy whose longest side is ``longest_px``, enlarged if need be; its ratio stays."""
    factor = longest_px / max(image.size)
    size = tuple(max(1, round(side * factor)) for side in image.size)
    return as_rgb(image).resize((size[0], size[1]), Image.Resampling.LANCZOS)
