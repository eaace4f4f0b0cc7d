"""Which image belongs to train, validation and test: whole images, never single questions."""

from collections.abc import Iterable

import numpy as np


def hold_out(image_ids: Iterable[int], share: float, seed: int) -> frozenset[int]:
    """A seeded sample of images, ``share`` of them rounded, at least one if ``share`` > 0.

    Questions on one image share its pixels, so dividing by question would leak.
    """
    distinct = np.unique(np.fromiter(image_ids, dtype=np.int64))
    if share <= 0.0 or distinct.size == 0:
        return frozenset()
    size = max(1, round(share * distinct.size))
    chosen = np.random.default_rng(seed).choice(distinct, size=size, replace=False)
    return frozenset(int(image_id) for image_id in chosen)
