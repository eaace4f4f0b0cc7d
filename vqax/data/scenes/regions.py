"""Which regions a person outlines to justify an answer: loose shapes drawn round objects.

As in VQA-X (Park et al. 2018, https://arxiv.org/abs/1802.08129) people draw outlines, they do not
uncover what they look at: a region has an edge and is even inside. Each person draws some distance
outside of an object and with an unsteady hand, some draw boxes; each leaves out some of several
relevant objects and now and then adds one that is beside the point. Where the answer is that
nothing is there, what is there instead justifies it.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float64, UInt8
from PIL import Image, ImageDraw

OMITTED_SHARE = 0.20
EXTRA_SHARE = 0.30
INSTEAD_SHARE = 0.75
BOX_SHARE = 0.25
MARGIN_REL = 0.15
"""How far outside of an object people draw, in its radii; each person has a margin of their own."""
MARGIN_SIGMA = 0.60
UNSTEADY_REL = 0.15
LEAST_RADIUS_REL = 0.25
CORNERS = (9, 17)


def region(
    masks: Sequence[Bool[np.ndarray, "h w"]], relevant: Sequence[int], rng: np.random.Generator
) -> UInt8[np.ndarray, "h w"]:
    """One person's region, 1 inside and 0 outside; ``masks`` are those of all objects."""
    height, width = masks[0].shape
    canvas = Image.new("L", (width, height))
    margin = 1 + MARGIN_REL * rng.lognormal(0, MARGIN_SIGMA)
    boxes = rng.random() < BOX_SHARE
    for index in _outlined(len(masks), relevant, rng):
        corners = _box(masks[index], margin) if boxes else _lasso(masks[index], margin, rng)
        ImageDraw.Draw(canvas).polygon([(float(x), float(y)) for x, y in corners], fill=1)
    return np.asarray(canvas)


def _outlined(objects: int, relevant: Sequence[int], rng: np.random.Generator) -> list[int]:
    """The objects a person outlines; at least one."""
    if not relevant:
        instead = [i for i in range(objects) if rng.random() < INSTEAD_SHARE]
        return instead or [int(rng.integers(objects))]
    kept = [i for i in relevant if rng.random() >= OMITTED_SHARE] or [relevant[0]]
    others = [i for i in range(objects) if i not in relevant]
    extra = rng.random() < EXTRA_SHARE
    return [*kept, others[int(rng.integers(len(others)))]] if extra and others else kept


def _box(mask: Bool[np.ndarray, "h w"], margin: float) -> Float64[np.ndarray, "n 2"]:
    """The corners (x, y) of the object's box, ``margin`` times as large."""
    rows, columns = np.nonzero(mask)
    low = np.array([columns.min(), rows.min()])
    high = np.array([columns.max(), rows.max()])
    middle, half = (low + high) / 2, (high - low) / 2 * margin
    return middle + half * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])


def _lasso(
    mask: Bool[np.ndarray, "h w"], margin: float, rng: np.random.Generator
) -> Float64[np.ndarray, "n 2"]:
    """Corners (x, y) round the object's middle, each as far out as the object and a bit more."""
    rows, columns = np.nonzero(mask)
    y, x = rows - rows.mean(), columns - columns.mean()
    radius = np.hypot(x, y)
    number = int(rng.integers(*CORNERS))
    start = rng.uniform(0, 2 * np.pi)
    sector = np.floor((np.arctan2(y, x) - start) % (2 * np.pi) / (2 * np.pi) * number)
    # rounding may put an angle just below the full turn into one sector too many
    sector = np.minimum(sector.astype(int), number - 1)
    reach = np.full(number, LEAST_RADIUS_REL * radius.max())
    np.maximum.at(reach, sector, radius)
    reach = reach * margin + rng.normal(0, UNSTEADY_REL * radius.max(), number)
    turn = start + (np.arange(number) + 0.5) * 2 * np.pi / number
    around = np.stack([np.cos(turn), np.sin(turn)], axis=1) * np.maximum(reach, 1)[:, None]
    middle = np.array([columns.mean(), rows.mean()])
    return middle + around
