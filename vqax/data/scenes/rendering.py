"""Images from roles: silhouettes turned, scaled, placed and painted on a textured ground."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Int, UInt8
from PIL import Image, ImageFilter

from vqax.data.masks import encode_mask
from vqax.data.scenes.colours import COLOURS
from vqax.data.scenes.glyphs import silhouette
from vqax.data.scenes.randomness import generator
from vqax.data.scenes.scene import Scene, SceneObject
from vqax.data.scenes.settings import SPLITS, SceneSettings
from vqax.data.scenes.textures import background
from vqax.data.scenes.world import ObjectSpec, World, sample_objects

MAX_TURN_DEGREES = 22.0
MAX_OVERLAP = 0.10
MAX_TRIES = 60
EDGE_PX = 2
SHADING = 0.12
COLOUR_JITTER = 4.5
RGB = {colour.name: colour.rgb for colour in COLOURS}


class RenderedImage(NamedTuple):
    """What is in an image and how it looks."""

    scene: Scene
    pixels: UInt8[np.ndarray, "h w 3"]


class Placed(NamedTuple):
    """A silhouette with the place of its upper left corner."""

    spec: ObjectSpec
    alpha: Float32[np.ndarray, "h w"]
    x: int
    y: int

    @property
    def window(self) -> tuple[slice, slice]:
        """Where it lies in the image, rows and columns."""
        height, width = self.alpha.shape
        return slice(self.y, self.y + height), slice(self.x, self.x + width)


def render(settings: SceneSettings, world: World, split: str, index: int) -> RenderedImage:
    """Image number ``index`` of a split; depends on nothing else."""
    rng = generator(settings.seed, "picture", SPLITS.index(split), index)
    count = int(rng.integers(settings.min_objects, settings.max_objects + 1))
    placed: list[Placed] = []
    for spec in sample_objects(world, count, rng):
        placed.append(_place(spec, placed, settings, rng))
    pixels = background(settings.image_size_px, rng)
    owner = np.full(pixels.shape[:2], -1)
    for number, item in enumerate(placed):
        _paint(pixels, item, rng)
        owner[item.window][item.alpha > 0.5] = number
    objects = tuple(_describe(number, item, owner) for number, item in enumerate(placed))
    scene = Scene(world, settings.image_ids(split)[index], settings.image_size_px, objects)
    return RenderedImage(scene, np.clip(np.rint(pixels), 0, 255).astype(np.uint8))


def _place(
    spec: ObjectSpec, others: list[Placed], settings: SceneSettings, rng: np.random.Generator
) -> Placed:
    """The first place with little overlap, or the best of ``MAX_TRIES``."""
    occupied = _covered(others, settings.image_size_px)
    best, least = None, np.inf
    for _ in range(MAX_TRIES):
        alpha = _shape(spec.name, settings, rng)
        room_y, room_x = settings.image_size_px - np.asarray(alpha.shape) - EDGE_PX
        x, y = int(rng.integers(EDGE_PX, room_x + 1)), int(rng.integers(EDGE_PX, room_y + 1))
        candidate = Placed(spec, alpha, x, y)
        overlap = _overlap(candidate, others, occupied)
        if overlap < least:
            best, least = candidate, overlap
        if least <= MAX_OVERLAP:
            break
    assert best is not None
    return best


def _shape(
    name: str, settings: SceneSettings, rng: np.random.Generator
) -> Float32[np.ndarray, "h w"]:
    """A silhouette mirrored, turned and scaled at random; opacity 0..1."""
    shape = silhouette(name)
    if rng.random() < 0.5:
        shape = shape.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    angle = rng.uniform(-MAX_TURN_DEGREES, MAX_TURN_DEGREES)
    shape = shape.rotate(angle, Image.Resampling.BILINEAR, expand=True)
    shape = shape.crop(shape.getbbox())
    longest = rng.uniform(settings.min_object_px, settings.max_object_px)
    scale = longest / max(shape.size)
    width, height = (max(4, round(side * scale)) for side in shape.size)
    small = shape.resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(small, dtype=np.float32) / np.float32(255)


def _covered(others: list[Placed], size_px: int) -> Bool[np.ndarray, "h w"]:
    covered = np.zeros((size_px, size_px), dtype=bool)
    for other in others:
        covered[other.window] |= other.alpha > 0.5
    return covered


def _overlap(candidate: Placed, others: list[Placed], occupied: Bool[np.ndarray, "h w"]) -> float:
    """Shared pixels over the smallest silhouette, so that no object is hidden by more."""
    shared = np.count_nonzero(occupied[candidate.window] & (candidate.alpha > 0.5))
    smallest = min(int(np.count_nonzero(item.alpha > 0.5)) for item in [candidate, *others])
    return shared / max(1, smallest)


def _paint(pixels: Float32[np.ndarray, "h w 3"], item: Placed, rng: np.random.Generator) -> None:
    """Lay a soft dark (for black: light) rim and then the shaded colour over ``pixels``."""
    colour = np.asarray(RGB[item.spec.colour], np.float32)
    colour = colour + rng.normal(0, COLOUR_JITTER, 3).astype(np.float32)
    height, width = item.alpha.shape
    shade = 1 + SHADING * np.linspace(1, -1, height, dtype=np.float32)[:, None, None]
    rim_colour = np.float32(225) if colour.mean() < 60 else 0.30 * colour
    rim = Image.fromarray(np.rint(np.pad(item.alpha, 1) * 255).astype(np.uint8))
    rim_alpha = np.asarray(rim.filter(ImageFilter.MaxFilter(3)), np.float32) / 255
    y, x = item.y - 1, item.x - 1
    around = pixels[y : y + height + 2, x : x + width + 2]
    around += 0.75 * rim_alpha[..., None] * (rim_colour - around)
    inside = pixels[item.window]
    inside += item.alpha[..., None] * (colour * shade - inside)


def _describe(number: int, item: Placed, owner: Int[np.ndarray, "h w"]) -> SceneObject:
    mask = owner == number
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    x, y = int(columns[0]), int(rows[0])
    box = (float(x), float(y), float(columns[-1] + 1 - x), float(rows[-1] + 1 - y))
    area = int(np.count_nonzero(mask))
    whole = np.count_nonzero(item.alpha > 0.5)
    spec = item.spec
    return SceneObject(spec.name, spec.colour, box, area, area / whole, encode_mask(mask))
