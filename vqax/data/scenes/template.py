"""What a question template is: words with gaps, how to fill them, what is then true."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from vqax.data.scenes.colours import COLOURS
from vqax.data.scenes.glyphs import NAMED
from vqax.data.scenes.scene import Scene, SceneObject

NEAR_COLOURS = {colour.name: colour.near for colour in COLOURS}
HIDDEN_COST = 0.8
SMALL_PX = 900
SMALL_COST = 0.05


@dataclass(frozen=True, slots=True)
class Slots:
    """What fills the gaps of a template; unused ones are empty."""

    thing: str = ""
    other: str = ""
    colour: str = ""
    kind: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Truth:
    """The right answer, the objects needed to find it, and how people get it wrong.

    ``relevant`` is empty when the answer is that nothing is there. ``difficulty`` (0..1) is the
    share of annotators who hesitate; ``alternatives`` are wrong answers with weights.
    """

    answer: str
    relevant: tuple[int, ...]
    difficulty: float
    alternatives: tuple[tuple[str, float], ...]


Choose = Callable[[Scene, np.random.Generator], Slots | None]
Judge = Callable[[Scene, Slots], Truth | None]


class Template(NamedTuple):
    """A kind of question.

    ``choose`` fills the gaps for an image and ``judge`` answers; both return None where the
    question cannot be asked sensibly. ``judge`` is a function of scene and slots only, so the same
    question can be put to another image. ``weight`` is how often it is tried.
    """

    name: str
    text: str
    answer_type: str
    weight: float
    choose: Choose
    judge: Judge

    def words(self, slots: Slots) -> str:
        """The question as people read it."""
        thing, other = NAMED.get(slots.thing), NAMED.get(slots.other)
        return self.text.format(
            thing=slots.thing,
            things=thing.many if thing else "",
            a_thing=with_article(slots.thing),
            other=slots.other,
            others=other.many if other else "",
            colour=slots.colour,
            a_colour=with_article(slots.colour),
            kind=slots.kind,
            place=slots.place,
        )


def with_article(word: str) -> str:
    """``a cat``, ``an apple``."""
    return f"an {word}" if word[:1] in "aeiou" else f"a {word}"


def pick(options: Sequence[str], rng: np.random.Generator) -> str | None:
    """One of the options, or None when there are none."""
    return options[int(rng.integers(len(options)))] if options else None


def yes_no(holds: bool, relevant: tuple[int, ...], difficulty: float) -> Truth:
    """The truth of a statement."""
    answer, wrong = ("yes", "no") if holds else ("no", "yes")
    return Truth(answer, relevant, difficulty, ((wrong, 1.0),))


def seen(items: Sequence[SceneObject], base: float) -> float:
    """Difficulty of seeing all of ``items``: grows with what is hidden and with smallness."""
    hidden = max((1 - item.visible for item in items), default=0.0)
    small = any(item.area_px < SMALL_PX for item in items)
    return base + HIDDEN_COST * hidden + SMALL_COST * small


def name_of(scene: Scene, relevant: tuple[int, ...], base: float) -> Truth:
    """The category of the relevant objects (all the same), mistaken for others of its kind."""
    items = [scene.objects[i] for i in relevant]
    thing = items[0].thing
    wrong = tuple((name, 1.0) for name in scene.world.of_kind(thing.kind) if name != thing.name)
    return Truth(thing.name, relevant, seen(items, base), wrong)
