"""Templates about where things are, in the image and to each other."""

import numpy as np

from vqax.data.scenes.category_questions import choose_two
from vqax.data.scenes.scene import Scene, SceneObject
from vqax.data.scenes.template import Slots, Template, Truth, name_of, pick, seen, yes_no

CLEAR_REL = 0.08
"""Centres nearer than this share of the image's side count as level: nobody is asked."""
CLEAR_HALF = 0.12
"""The same from the middle line of the image, in halves of its side."""
MIDDLE_REL = 0.14
RELATIONS = {
    "to the left of": (0, -1),
    "to the right of": (0, 1),
    "above": (1, -1),
    "below": (1, 1),
}
SIDES = {"left": (0, -1), "right": (0, 1), "top": (1, -1), "bottom": (1, 1)}
CORNERS = {
    f"{row} {column}": (SIDES[row], SIDES[column])
    for row in ("top", "bottom")
    for column in ("left", "right")
}
YES_SHARE = 0.58


def choose_relation(scene: Scene, rng: np.random.Generator) -> Slots | None:
    """Two single things and a relation, mostly (yes-bias) one that holds."""
    two = choose_two(scene, rng)
    place = pick(tuple(RELATIONS), rng)
    if two is None or place is None:
        return None
    slots = Slots(two.thing, two.other, place=place)
    truth = judge_relation(scene, slots)
    wanted = "yes" if rng.random() < YES_SHARE else "no"
    swapped = truth is not None and truth.answer != wanted
    return Slots(two.other, two.thing, place=place) if swapped else slots


def judge_relation(scene: Scene, slots: Slots) -> Truth | None:
    """Is the one beside, above or below the other? Unasked where they are about level."""
    first, second = scene.one(slots.thing), scene.one(slots.other)
    if first is None or second is None:
        return None
    gap = _gap(scene, first, second, slots.place)
    if abs(gap) < CLEAR_REL:
        return None
    relevant = scene.by_name[slots.thing] + scene.by_name[slots.other]
    unclear = 0.25 * float(np.exp(-(abs(gap) - CLEAR_REL) / 0.1))
    return yes_no(gap > 0, relevant, seen([first, second], 0.05 + unclear))


def choose_neighbour(scene: Scene, rng: np.random.Generator) -> Slots | None:
    """A single thing and a direction in which there is exactly one other."""
    options = [
        Slots(thing=name, place=place)
        for name in scene.singles
        for place in RELATIONS
        if _neighbour(scene, name, place) is not None
    ]
    return options[int(rng.integers(len(options)))] if options else None


def judge_neighbour(scene: Scene, slots: Slots) -> Truth | None:
    """What is on that side of it?"""
    found = _neighbour(scene, slots.thing, slots.place)
    if found is None:
        return None
    truth = name_of(scene, (found,), 0.24)
    return Truth(
        truth.answer, truth.relevant + scene.by_name[slots.thing], truth.difficulty,
        truth.alternatives,
    )  # fmt: skip


def choose_side(scene: Scene, rng: np.random.Generator) -> Slots | None:
    """A side of the image with one object."""
    place = pick([side for side in SIDES if _alone(scene, (SIDES[side],)) is not None], rng)
    return Slots(place=place) if place else None


def judge_side(scene: Scene, slots: Slots) -> Truth | None:
    """What is the only object in that half?"""
    found = _alone(scene, (SIDES[slots.place],))
    return None if found is None else name_of(scene, (found,), 0.24)


def choose_corner(scene: Scene, rng: np.random.Generator) -> Slots | None:
    """A corner with one object."""
    place = pick([name for name in CORNERS if _alone(scene, CORNERS[name]) is not None], rng)
    return Slots(place=place) if place else None


def judge_corner(scene: Scene, slots: Slots) -> Truth | None:
    """What is the only object in that quarter?"""
    found = _alone(scene, CORNERS[slots.place])
    return None if found is None else name_of(scene, (found,), 0.26)


def choose_where(scene: Scene, rng: np.random.Generator) -> Slots | None:
    """A thing there is exactly one of."""
    name = pick(scene.singles, rng)
    return Slots(thing=name) if name else None


def judge_where(scene: Scene, slots: Slots) -> Truth | None:
    """Left, right, top, bottom or center? Unasked on the diagonals between them."""
    item = scene.one(slots.thing)
    if item is None:
        return None
    x, y = (2 * centre / scene.size_px - 1 for centre in item.centre_px)
    column, row = ("left" if x < 0 else "right"), ("top" if y < 0 else "bottom")
    far, near = max(abs(x), abs(y)), min(abs(x), abs(y))
    wrong: tuple[tuple[str, float], ...]
    if far < MIDDLE_REL:
        answer, wrong = "center", ((column, 1.0), (row, 1.0))
    elif far < 2 * MIDDLE_REL or far < 1.35 * near:
        return None
    else:
        answer = column if abs(x) > abs(y) else row
        other = row if answer == column else column
        wrong = ((f"{row} {column}", 2.0), (other, 0.3), ("center", 0.3))
    return Truth(answer, scene.by_name[slots.thing], seen([item], 0.18 + 0.2 * near), wrong)


def _gap(scene: Scene, first: SceneObject, second: SceneObject, place: str) -> float:
    """How far ``first`` lies in that direction from ``second``, in image sides."""
    axis, sign = RELATIONS[place]
    return sign * (first.centre_px[axis] - second.centre_px[axis]) / scene.size_px


def _neighbour(scene: Scene, name: str, place: str) -> int | None:
    """The only object in a direction; None where another is about level."""
    anchor = scene.one(name)
    if anchor is None:
        return None
    gaps = {
        i: _gap(scene, item, anchor, place)
        for i, item in enumerate(scene.objects)
        if item is not anchor
    }
    beyond = [i for i, gap in gaps.items() if gap >= CLEAR_REL]
    unclear = any(abs(gap) < CLEAR_REL for gap in gaps.values())
    return beyond[0] if len(beyond) == 1 and not unclear else None


def _alone(scene: Scene, sides: tuple[tuple[int, int], ...]) -> int | None:
    """The only object on all these sides; None where another is near the dividing line."""
    depths = [
        min(sign * (2 * item.centre_px[axis] / scene.size_px - 1) for axis, sign in sides)
        for item in scene.objects
    ]
    inside = [i for i, depth in enumerate(depths) if depth >= CLEAR_HALF]
    unclear = any(abs(depth) < CLEAR_HALF for depth in depths)
    return inside[0] if len(inside) == 1 and not unclear else None


SPATIAL_QUESTIONS = (
    Template(
        "relation",
        "Is the {thing} {place} the {other}?",
        "yes/no",
        4.0,
        choose_relation,
        judge_relation,
    ),
    Template(
        "neighbour", "What is {place} the {thing}?", "other", 4.0, choose_neighbour, judge_neighbour
    ),
    Template(
        "side",
        "What is on the {place} side of the picture?",
        "other",
        4.0,
        choose_side,
        judge_side,
    ),
    Template("corner", "What is in the {place} corner?", "other", 2.0, choose_corner, judge_corner),
    Template("where", "Where is the {thing}?", "other", 6.0, choose_where, judge_where),
)
