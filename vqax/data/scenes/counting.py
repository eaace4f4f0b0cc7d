"""Templates that ask how many, and which of two there are more of."""

import numpy as np

from vqax.data.scenes.scene import Scene
from vqax.data.scenes.template import Slots, Template, Truth, pick, seen, yes_no

NONE_SHARE = 0.10
KINDS = ("animal", "vehicle")


def count(scene: Scene, relevant: tuple[int, ...]) -> Truth:
    """A number; the chance of being off by one grows with it."""
    number = len(relevant)
    near = ((str(number - 1), 3.0), (str(number + 1), 2.0)) if number else (("1", 1.0),)
    base = 0.08 + 0.09 * max(0, number - 1)
    return Truth(str(number), relevant, seen([scene.objects[i] for i in relevant], base), near)


def choose_things(scene: Scene, rng: np.random.Generator) -> Slots | None:
    """Mostly a thing that is there, likelier the more there are; small counts prevail."""
    if rng.random() < NONE_SHARE:
        name = pick(scene.absent, rng)
    else:
        name = pick([item.name for item in scene.objects], rng)
    return Slots(thing=name) if name else None


def judge_things(scene: Scene, slots: Slots) -> Truth:
    """How many of a category?"""
    return count(scene, scene.by_name.get(slots.thing, ()))


def choose_colour(scene: Scene, rng: np.random.Generator) -> Slots | None:
    """Mostly a colour that is there."""
    options = [item.colour for item in scene.objects]
    if rng.random() < NONE_SHARE:
        options = [colour.name for colour in scene.world.colours if colour.name not in options]
    name = pick(options, rng)
    return Slots(colour=name) if name else None


def judge_colour(scene: Scene, slots: Slots) -> Truth:
    """How many of a colour?"""
    return count(scene, scene.by_colour.get(slots.colour, ()))


def choose_kind(scene: Scene, rng: np.random.Generator) -> Slots | None:
    """A kind that is there."""
    kind = pick([kind for kind in KINDS if kind in scene.by_kind], rng)
    return Slots(kind=kind) if kind else None


def judge_kind(scene: Scene, slots: Slots) -> Truth:
    """How many of a kind?"""
    return count(scene, scene.by_kind.get(slots.kind, ()))


def choose_all(_scene: Scene, _rng: np.random.Generator) -> Slots:
    """There is nothing to choose."""
    return Slots()


def judge_all(scene: Scene, _slots: Slots) -> Truth:
    """How many objects in all?"""
    return count(scene, tuple(range(len(scene.objects))))


def choose_two(scene: Scene, rng: np.random.Generator) -> Slots | None:
    """Two categories with different counts, mostly (yes-bias) the more numerous first."""
    names = list(scene.by_name)
    pairs = [(a, b) for a in names for b in names if len(scene.by_name[a]) > len(scene.by_name[b])]
    if not pairs:
        return None
    more, fewer = pairs[int(rng.integers(len(pairs)))]
    return Slots(more, fewer) if rng.random() < 0.6 else Slots(fewer, more)


def judge_more(scene: Scene, slots: Slots) -> Truth | None:
    """Are there more of the first? Unasked where one is missing or they are equally many."""
    first, second = scene.by_name.get(slots.thing, ()), scene.by_name.get(slots.other, ())
    if not first or not second or len(first) == len(second):
        return None
    relevant = first + second
    difficulty = seen([scene.objects[i] for i in relevant], 0.06 + 0.02 * len(relevant))
    return yes_no(len(first) > len(second), relevant, difficulty)


COUNTING = (
    Template("count", "How many {things} are there?", "number", 6.0, choose_things, judge_things),
    Template(
        "count_colour",
        "How many {colour} objects are there?",
        "number",
        2.0,
        choose_colour,
        judge_colour,
    ),
    Template(
        "count_kind",
        "How many {kind}s are in the picture?",
        "number",
        2.0,
        choose_kind,
        judge_kind,
    ),
    Template(
        "count_all", "How many objects are in the picture?", "number", 1.5, choose_all, judge_all
    ),
    Template(
        "more", "Are there more {things} than {others}?", "yes/no", 3.0, choose_two, judge_more
    ),
)
