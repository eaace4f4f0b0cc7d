"""An image as what is in it: the ground truth that questions are answered from."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from vqax.data.scenes.glyphs import NAMED, Thing
from vqax.data.scenes.world import World


@dataclass(frozen=True, slots=True)
class SceneObject:
    """One object; ``box_px`` (x, y, width, height) is the tight box of its visible pixels.

    ``visible`` is the share of its silhouette that no other object hides.
    """

    name: str
    colour: str
    box_px: tuple[float, float, float, float]
    area_px: int
    visible: float
    mask_rle: dict[str, Any]

    @property
    def thing(self) -> Thing:
        """Its category."""
        return NAMED[self.name]

    @property
    def centre_px(self) -> tuple[float, float]:
        """Middle of the box, x and y."""
        x, y, width, height = self.box_px
        return x + width / 2, y + height / 2


@dataclass(frozen=True)
class Scene:
    """The objects of one image, from the farthest to the nearest, and the world it is from."""

    world: World
    image_id: int
    size_px: int
    objects: tuple[SceneObject, ...]

    @cached_property
    def by_name(self) -> dict[str, tuple[int, ...]]:
        """Indices of the objects of each category that is present."""
        return self._indices([item.name for item in self.objects])

    @cached_property
    def by_colour(self) -> dict[str, tuple[int, ...]]:
        """Indices of the objects of each colour that is present."""
        return self._indices([item.colour for item in self.objects])

    @cached_property
    def by_kind(self) -> dict[str, tuple[int, ...]]:
        """Indices of the objects of each kind that is present."""
        return self._indices([item.thing.kind for item in self.objects])

    @cached_property
    def singles(self) -> tuple[str, ...]:
        """The categories of which there is exactly one object."""
        return tuple(name for name, indices in self.by_name.items() if len(indices) == 1)

    @cached_property
    def absent(self) -> tuple[str, ...]:
        """The categories of which there is none."""
        return tuple(t.name for t in self.world.things if t.name not in self.by_name)

    def one(self, name: str) -> SceneObject | None:
        """The only object of a category, or None when there is none or more than one."""
        indices = self.by_name.get(name, ())
        return self.objects[indices[0]] if len(indices) == 1 else None

    def _indices(self, keys: list[str]) -> dict[str, tuple[int, ...]]:
        return {
            key: tuple(i for i, other in enumerate(keys) if other == key)
            for key in dict.fromkeys(keys)
        }
