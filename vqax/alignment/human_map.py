"""One person's attention: a map, and fixations, listed or read off the map."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64
from scipy.ndimage import gaussian_filter

from vqax.metrics.fixated import fixated
from vqax.metrics.resizing import Resizing, binned_fixations

BLUR = 1 / 32
"""Standard deviation of the blur of a fixation, in widths of the image: about 1° of visual angle
where the image fills 32° of the visual field (20 px of 640)."""


class HumanMap(NamedTuple):
    """``values`` (h,w), at least 0 where they are a density; ``counts`` of listed fixations."""

    values: Float32[np.ndarray, "h w"]
    counts: Float64[np.ndarray, "h w"] | None = None

    def density(self, rule: Resizing) -> Float32[np.ndarray, "h2 w2"]:
        """The map on the grid of ``rule``."""
        return rule(self.values)

    def fixations(self, rule: Resizing) -> Float32[np.ndarray, "h2 w2"]:
        """Fixations in each cell; of a map alone, 1 in its fixated cells (``fixated``)."""
        if self.counts is not None:
            return binned_fixations(self.counts, rule.size).astype(np.float32)
        return fixated(self.density(rule)[None])[0].astype(np.float32)


def blurred(counts: Float64[np.ndarray, "h w"], blur: float = BLUR) -> HumanMap:
    """Fixations as a map: each a Gaussian whose deviation is ``blur`` widths of the image.

    Nothing is mirrored at the edges: what falls outside of the image is gone.
    """
    sigma = blur * counts.shape[1]
    values = gaussian_filter(counts, sigma, mode="constant").astype(np.float32)
    return HumanMap(values, counts)
