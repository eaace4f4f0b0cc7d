"""Maps as bytes: what the page draws, at a byte a cell.

Each map is cut at zero and stretched to its own range, as everywhere in the report
(`vqax.report.overlay.prob_scale`), then rounded to 256 steps: no cell is off by more than 1/510.
"""

import base64

import numpy as np
from jaxtyping import Float, UInt8

STEPS = 255


def has_map(raw_maps: Float[np.ndarray, "n h w"]) -> np.ndarray:
    """(n,): whether a question has a map; one with a value that is not finite is none."""
    return np.asarray(np.isfinite(raw_maps).all(axis=(1, 2)))


def eight_bit(raw_maps: Float[np.ndarray, "n h w"]) -> UInt8[np.ndarray, "m h w"]:
    """The maps there are, in their order; one without positive evidence becomes all 0."""
    positive = np.maximum(raw_maps[has_map(raw_maps)], 0.0).astype(np.float32)
    low, high = (bound(positive, axis=(1, 2), keepdims=True) for bound in (np.min, np.max))
    span = np.where(high > low, high - low, 1.0)
    return np.asarray(np.rint(STEPS * (positive - low) / span).astype(np.uint8))


def places(raw_maps: Float[np.ndarray, "n h w"]) -> list[int] | None:
    """For every question the place of its map or −1; None where each has one."""
    there = has_map(raw_maps)
    if there.all():
        return None
    return [int(place) for place in np.where(there, np.cumsum(there) - 1, -1)]


def base64_of(values: UInt8[np.ndarray, "..."]) -> str:
    return base64.b64encode(values.tobytes()).decode("ascii")
