"""Templates that ask whether something is there."""

import numpy as np

from vqax.data.scenes.scene import Scene
from vqax.data.scenes.template import Slots, Template, Truth, pick, seen, yes_no

YES_SHARE = 0.64
TELLING_SHARE = 0.5
"""Of the coloured questions answered no, how many name a thing that is there in another colour."""


def choose_thing(scene: Scene, rng: np.random.Generator) -> Slots | None:
    """A thing that is there (``YES_SHARE``) or one that is not."""
    name = pick(tuple(scene.by_name) if rng.random() < YES_SHARE else scene.absent, rng)
    return Slots(thing=name) if name else None


def judge_thing(scene: Scene, slots: Slots) -> Truth:
    """Is there one?"""
    found = scene.by_name.get(slots.thing, ())
    return yes_no(bool(found), found, seen([scene.objects[i] for i in found], 0.05))


def choose_coloured(scene: Scene, rng: np.random.Generator) -> Slots | None:
    """A thing in its own colour, or a thing there or not with one of its usual colours."""
    item = scene.objects[int(rng.integers(len(scene.objects)))]
    if rng.random() < YES_SHARE:
        return Slots(thing=item.name, colour=item.colour)
    name = item.name if rng.random() < TELLING_SHARE else pick(scene.absent, rng)
    if name is None:
        return None
    return Slots(thing=name, colour=scene.world.draw_colour(name, rng))


def judge_coloured(scene: Scene, slots: Slots) -> Truth:
    """Is there one of this colour?"""
    found = scene.by_name.get(slots.thing, ())
    fitting = tuple(i for i in found if scene.objects[i].colour == slots.colour)
    relevant = fitting or found
    return yes_no(bool(fitting), relevant, seen([scene.objects[i] for i in relevant], 0.08))


def _template(name: str, text: str, weight: float) -> Template:
    return Template(name, text, "yes/no", weight, choose_thing, judge_thing)


EXISTENCE = (
    _template("exists", "Is there {a_thing} in the picture?", 5.0),
    _template("exists_any", "Are there any {things}?", 2.0),
    _template("can_see", "Can you see {a_thing}?", 1.5),
    _template("do_see", "Do you see any {things}?", 1.0),
    _template("shows", "Does this picture show {a_thing}?", 1.5),
    Template(
        "exists_coloured",
        "Is there {a_colour} {thing}?",
        "yes/no",
        3.0,
        choose_coloured,
        judge_coloured,
    ),
)
