"""Which things and colours there are and how unevenly they occur: the language priors."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from vqax.data.scenes.colours import COLOURS, Colour
from vqax.data.scenes.glyphs import THINGS, Thing
from vqax.data.scenes.randomness import generator
from vqax.data.scenes.settings import SceneSettings

COLOUR_DECAY = 0.60
"""Each next colour of a category is this much rarer: the favourite has about .41 of it."""
FIRST_THING_WEIGHT = 12.0
GROUP_SIZES = (1, 2, 3, 4)
GROUP_SHARES = (0.63, 0.22, 0.11, 0.04)
SAME_COLOUR_SHARE = 0.60


@dataclass(frozen=True)
class World:
    """The things and colours in play; row i of ``colour_prior`` is the colours of thing i."""

    things: tuple[Thing, ...]
    colours: tuple[Colour, ...]
    thing_prior: Float64[np.ndarray, "n"]
    colour_prior: Float64[np.ndarray, "n m"]

    def colours_of(self, name: str) -> Float64[np.ndarray, "m"]:
        """How often a category has each colour; sums to 1."""
        return self.colour_prior[[thing.name for thing in self.things].index(name)]

    def draw_colour(self, name: str, rng: np.random.Generator, *, but: str = "") -> str:
        """A colour as usual for a category, other than ``but``."""
        shares = self.colours_of(name) * [colour.name != but for colour in self.colours]
        return self.colours[int(rng.choice(len(shares), p=shares / shares.sum()))].name

    def of_kind(self, kind: str) -> tuple[str, ...]:
        """The names of all things of a kind."""
        return tuple(thing.name for thing in self.things if thing.kind == kind)


@dataclass(frozen=True, slots=True)
class ObjectSpec:
    """What shall stand in an image, before it has a place."""

    name: str
    colour: str


def build_world(settings: SceneSettings) -> World:
    """Early things are commoner (Zipf with an offset), each has its own order of colours."""
    things, colours = THINGS[: settings.things], COLOURS[: settings.colours]
    weights = 1.0 / (FIRST_THING_WEIGHT + np.arange(len(things)))
    falling = COLOUR_DECAY ** np.arange(len(colours))
    rows = [
        falling[generator(settings.seed, "palette", row).permutation(len(colours))]
        for row in range(len(things))
    ]
    return World(things, colours, weights / weights.sum(), np.stack(rows) / falling.sum())


def sample_objects(world: World, count: int, rng: np.random.Generator) -> list[ObjectSpec]:
    """``count`` roles: some categories occur several times, often in one colour."""
    order = rng.choice(len(world.things), size=count, replace=False, p=world.thing_prior)
    specs: list[ObjectSpec] = []
    for row in order:
        group = int(rng.choice(GROUP_SIZES, p=GROUP_SHARES))
        picked = rng.choice(len(world.colours), size=group, p=world.colour_prior[row])
        if rng.random() < SAME_COLOUR_SHARE:
            picked[:] = picked[0]
        specs += [ObjectSpec(world.things[row].name, world.colours[k].name) for k in picked]
    kept = specs[:count]
    return [kept[k] for k in rng.permutation(count)]
