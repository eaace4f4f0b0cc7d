"""Templates that ask what a thing is: by kind, by colour, by size."""

import numpy as np

from vqax.data.scenes.scene import Scene, SceneObject
from vqax.data.scenes.template import Choose, Slots, Template, Truth, name_of, pick, seen

BIGGER = 1.5
"""How many times the box and the silhouette must be larger for all to agree."""


def choose_kind(kind: str) -> Choose:
    """Asks about one kind of thing."""

    def choose(scene: Scene, _rng: np.random.Generator) -> Slots | None:
        return Slots(kind=kind) if kind in scene.by_kind else None

    return choose


def judge_kind(scene: Scene, slots: Slots) -> Truth | None:
    """Which animal, vehicle or food is it? Unasked where there are two different ones."""
    relevant = scene.by_kind.get(slots.kind, ())
    if len({scene.objects[i].name for i in relevant}) != 1:
        return None
    return name_of(scene, relevant, 0.20)


def choose_coloured(scene: Scene, rng: np.random.Generator) -> Slots | None:
    """A colour that exactly one object has."""
    colours = [name for name, indices in scene.by_colour.items() if len(indices) == 1]
    colour = pick(colours, rng)
    return Slots(colour=colour) if colour else None


def judge_coloured(scene: Scene, slots: Slots) -> Truth | None:
    """What is the only object of this colour?"""
    relevant = scene.by_colour.get(slots.colour, ())
    return name_of(scene, relevant, 0.22) if len(relevant) == 1 else None


def choose_two(scene: Scene, rng: np.random.Generator) -> Slots | None:
    """Two things there is one of each, in any order."""
    if len(scene.singles) < 2:
        return None
    first, second = rng.choice(len(scene.singles), size=2, replace=False)
    return Slots(scene.singles[first], scene.singles[second])


def judge_bigger(scene: Scene, slots: Slots) -> Truth | None:
    """Which of two is bigger? Unasked where the difference is not plain."""
    first, second = scene.one(slots.thing), scene.one(slots.other)
    if first is None or second is None:
        return None
    for one, two in ((first, second), (second, first)):
        if _bigger(one, two):
            relevant = scene.by_name[slots.thing] + scene.by_name[slots.other]
            return Truth(one.name, relevant, seen([one, two], 0.15), ((two.name, 1.0),))
    return None


def _bigger(one: SceneObject, two: SceneObject) -> bool:
    box_one, box_two = (item.box_px[2] * item.box_px[3] for item in (one, two))
    return box_one > BIGGER * box_two and one.area_px > BIGGER * two.area_px


CATEGORY_QUESTIONS = (
    Template(
        "animal",
        "What animal is in the picture?",
        "other",
        6.0,
        choose_kind("animal"),
        judge_kind,
    ),
    Template(
        "vehicle", "What kind of vehicle is this?", "other", 6.0, choose_kind("vehicle"), judge_kind
    ),
    Template("food", "What type of food is shown?", "other", 5.0, choose_kind("food"), judge_kind),
    Template(
        "coloured", "What is the {colour} object?", "other", 6.0, choose_coloured, judge_coloured
    ),
    Template(
        "bigger",
        "Which is bigger, the {thing} or the {other}?",
        "other",
        4.0,
        choose_two,
        judge_bigger,
    ),
)
