"""Templates about colours: which one, is it this one, are they the same."""

import numpy as np

from vqax.data.scenes.scene import Scene
from vqax.data.scenes.template import NEAR_COLOURS, Slots, Template, Truth, pick, seen, yes_no

YES_SHARE = 0.60


def colour_of(scene: Scene, relevant: tuple[int, ...]) -> Truth:
    """The colour the relevant objects share; mistaken for a near one."""
    items = [scene.objects[i] for i in relevant]
    near = NEAR_COLOURS[items[0].colour]
    wrong = tuple((name, float(len(near) - place)) for place, name in enumerate(near))
    return Truth(items[0].colour, relevant, seen(items, 0.24), wrong)


def choose_single(scene: Scene, rng: np.random.Generator) -> Slots | None:
    """A thing there is exactly one of."""
    name = pick(scene.singles, rng)
    return Slots(thing=name) if name else None


def judge_single(scene: Scene, slots: Slots) -> Truth | None:
    """What colour is it?"""
    return None if scene.one(slots.thing) is None else colour_of(scene, scene.by_name[slots.thing])


def choose_several(scene: Scene, rng: np.random.Generator) -> Slots | None:
    """A thing there are several of, all in one colour."""
    names = [name for name in scene.by_name if _shared_colour(scene, name)]
    name = pick(names, rng)
    return Slots(thing=name) if name else None


def judge_several(scene: Scene, slots: Slots) -> Truth | None:
    """What colour are they?"""
    if not _shared_colour(scene, slots.thing):
        return None
    return colour_of(scene, scene.by_name[slots.thing])


def choose_check(scene: Scene, rng: np.random.Generator) -> Slots | None:
    """A single thing with its colour, or with another colour that is usual for it."""
    slots = choose_single(scene, rng)
    return _with_colour(scene, rng, slots)


def choose_check_several(scene: Scene, rng: np.random.Generator) -> Slots | None:
    """The same for several things of one colour."""
    return _with_colour(scene, rng, choose_several(scene, rng))


def judge_check(scene: Scene, slots: Slots) -> Truth | None:
    """Is it this colour?"""
    return _check(scene, slots) if scene.one(slots.thing) else None


def judge_check_several(scene: Scene, slots: Slots) -> Truth | None:
    """Are they this colour?"""
    return _check(scene, slots) if _shared_colour(scene, slots.thing) else None


def choose_two(scene: Scene, rng: np.random.Generator) -> Slots | None:
    """Two single things, of one colour where there are such (every second time)."""
    names = scene.singles
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    alike = [pair for pair in pairs if _same(scene, *pair)]
    options = alike if alike and rng.random() < 0.8 else pairs
    return Slots(*options[int(rng.integers(len(options)))]) if options else None


def judge_same(scene: Scene, slots: Slots) -> Truth | None:
    """Have both the same colour?"""
    first, second = scene.one(slots.thing), scene.one(slots.other)
    if first is None or second is None:
        return None
    relevant = scene.by_name[slots.thing] + scene.by_name[slots.other]
    near = first.colour in NEAR_COLOURS[second.colour]
    same = first.colour == second.colour
    return yes_no(same, relevant, seen([first, second], 0.20 if near else 0.08))


def _same(scene: Scene, name: str, other: str) -> bool:
    colours = {scene.objects[i].colour for i in scene.by_name[name] + scene.by_name[other]}
    return len(colours) == 1


def _shared_colour(scene: Scene, name: str) -> bool:
    indices = scene.by_name.get(name, ())
    return len(indices) > 1 and len({scene.objects[i].colour for i in indices}) == 1


def _with_colour(scene: Scene, rng: np.random.Generator, slots: Slots | None) -> Slots | None:
    if slots is None:
        return None
    own = scene.objects[scene.by_name[slots.thing][0]].colour
    if rng.random() < YES_SHARE:
        return Slots(thing=slots.thing, colour=own)
    colour = scene.world.draw_colour(slots.thing, rng, but=own)
    return Slots(thing=slots.thing, colour=colour)


def _check(scene: Scene, slots: Slots) -> Truth:
    relevant = scene.by_name[slots.thing]
    items = [scene.objects[i] for i in relevant]
    holds = items[0].colour == slots.colour
    near = slots.colour in NEAR_COLOURS[items[0].colour]
    return yes_no(holds, relevant, seen(items, 0.30 if near else 0.06))


COLOUR_QUESTIONS = (
    Template("colour", "What color is the {thing}?", "other", 12.0, choose_single, judge_single),
    Template(
        "colour_of",
        "What is the color of the {thing}?",
        "other",
        4.0,
        choose_single,
        judge_single,
    ),
    Template(
        "colour_several",
        "What color are the {things}?",
        "other",
        7.0,
        choose_several,
        judge_several,
    ),
    Template("check", "Is the {thing} {colour}?", "yes/no", 5.0, choose_check, judge_check),
    Template(
        "check_several",
        "Are the {things} {colour}?",
        "yes/no",
        2.0,
        choose_check_several,
        judge_check_several,
    ),
    Template(
        "same_colour",
        "Are the {thing} and the {other} the same color?",
        "yes/no",
        2.0,
        choose_two,
        judge_same,
    ),
)
