"""Attention maps over images: the only place where a raw map is scaled.

A map is cut at zero (ReLU), stretched to 0–1 by its own minimum and maximum, enlarged with
bicubic interpolation and laid over the greyed image in a perceptually uniform colour map.
Colours therefore compare places within one map, never the strength of two maps.
"""

import base64
import io

import numpy as np
from jaxtyping import Float, UInt8
from matplotlib import colormaps
from PIL import Image

from vqax.data.images import as_rgb
from vqax.errors import BadData

COLOUR_MAP = "inferno"
OPACITY = 0.3, 0.75  # of the lowest and the highest place: the image stays visible beneath
GREY_SHARE = 0.7


def prob_scale(raw_map: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """ReLU, then min–max to [0, 1]; a map without positive evidence becomes all 0.

    Raises:
        BadData: the map holds NaN or infinite values.
    """
    if not np.isfinite(raw_map).all():
        raise BadData(
            f"map of {raw_map.shape[0]}×{raw_map.shape[1]} cells holds values that are not "
            "finite; explain the run again"
        )
    positive = np.maximum(raw_map, 0.0).astype(np.float32)
    low, high = float(positive.min()), float(positive.max())
    if high == low:
        return np.zeros_like(positive)
    return np.asarray((positive - low) / (high - low), dtype=np.float32)


def enlarge(
    prob_map: Float[np.ndarray, "h w"], size_px: tuple[int, int]
) -> Float[np.ndarray, "height_px width_px"]:
    """Bicubic interpolation to (width, height) pixels, cut to [0, 1] where it overshoots."""
    enlarged = Image.fromarray(prob_map.astype(np.float32)).resize(
        size_px, Image.Resampling.BICUBIC
    )
    return np.clip(np.asarray(enlarged), 0.0, 1.0)


def colourise(heat: Float[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w 3"]:
    """Values in [0, 1] to RGB of the colour map."""
    return np.asarray(colormaps[COLOUR_MAP](heat, bytes=True)[..., :3])


def overlay(image: Image.Image, raw_map: Float[np.ndarray, "h w"]) -> Image.Image:
    """The greyed image under the coloured map, at the image's own size."""
    colour = as_rgb(image)
    greyed = Image.blend(colour, colour.convert("L").convert("RGB"), GREY_SHARE)
    return _lay_over(greyed, enlarge(prob_scale(raw_map), image.size))


def _lay_over(ground: Image.Image, heat: Float[np.ndarray, "h w"]) -> Image.Image:
    """Colour over the ground, the more opaque the higher the value."""
    low, high = OPACITY
    mask = Image.fromarray(np.rint(255 * (low + (high - low) * heat)).astype(np.uint8))
    return Image.composite(Image.fromarray(colourise(heat)), ground, mask)


def has_evidence(raw_map: Float[np.ndarray, "h w"]) -> bool:
    """Whether any place stands out once the map is cut at zero."""
    return bool(prob_scale(raw_map).any())


def colour_scale(width_px: int = 256, height_px: int = 14) -> Image.Image:
    """The colours of 0 to 1, left to right, as they appear over a mid-grey image."""
    ramp = np.linspace(0.0, 1.0, width_px, dtype=np.float32)[None].repeat(height_px, axis=0)
    grey = Image.new("RGB", (width_px, height_px), (150, 150, 150))
    return _lay_over(grey, ramp)


def thumbnail(image: Image.Image, longest_px: int = 288) -> Image.Image:
    """A copy whose longest side is at most ``longest_px``; the ratio of sides stays."""
    small = as_rgb(image)
    small.thumbnail((longest_px, longest_px), Image.Resampling.LANCZOS)
    return small


def data_uri(image: Image.Image, quality: int = 82) -> str:
    """The image as a WebP ``data:`` address."""
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=quality, method=4)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
