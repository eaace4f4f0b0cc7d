"""Why an answer is right, as three people put it: sentences in the manner of VQA-X.

Park et al., Multimodal Explanations (2018). Every sentence is true of the image and is about the
objects that the question needs; the people differ in their wording, and in whether they begin with
a capital and end with a full stop, as those of VQA-X do.
"""

from collections.abc import Callable

import numpy as np

from vqax.data.scenes.glyphs import NAMED
from vqax.data.scenes.questions import SceneQuestion
from vqax.data.scenes.scene import Scene
from vqax.data.scenes.template import Slots, Truth, with_article
from vqax.data.scenes.wording import (
    SIDES,
    colours,
    counted,
    listed,
    painted,
    placed,
    shown,
    there,
    where,
)

CAPITAL_SHARE = 0.27
STOP_SHARE = 0.73
"""Both as in val_exp_anno.json of VQA-X."""
OPPOSITE = {
    "to the left of": "to the right of",
    "to the right of": "to the left of",
    "above": "below",
    "below": "above",
}

Wordings = tuple[str, str, str]


def explain(scene_questions: SceneQuestion, rng: np.random.Generator) -> tuple[str, ...]:
    """Three sentences, each in another wording, in random order."""
    wordings = WORDINGS[scene_questions.template](
        scene_questions.scene, scene_questions.slots, scene_questions.truth
    )
    return tuple(_written(wordings[k], rng) for k in rng.permutation(len(wordings)))


def _written(sentence: str, rng: np.random.Generator) -> str:
    capital, stop = rng.random(2) < (CAPITAL_SHARE, STOP_SHARE)
    first = sentence[0].upper() if capital else sentence[0]
    return f"{first}{sentence[1:]}{'.' if stop else ''}"


def _present(scene: Scene, slots: Slots, truth: Truth) -> Wordings:
    relevant = truth.relevant
    if not relevant:
        return _absent(scene, with_article(slots.thing))
    return (
        f"{there(scene, relevant)} in the picture",
        f"you can see {shown(scene, relevant)}",
        placed(scene, relevant),
    )


def _absent(scene: Scene, missing: str) -> Wordings:
    everything, things = range(len(scene.objects)), scene.by_name
    return (
        f"none of the objects is {missing}",
        f"all that can be seen is {shown(scene, everything)}",
        f"the picture shows only {listed(counted(len(k), name) for name, k in things.items())}",
    )


def _present_coloured(scene: Scene, slots: Slots, truth: Truth) -> Wordings:
    if truth.answer == "yes" or not truth.relevant:
        return _present(scene, slots, truth)
    others = colours(scene, truth.relevant)
    return (
        f"no {slots.thing} there is {slots.colour}",
        f"{there(scene, truth.relevant)}, nothing {slots.colour} of this shape",
        f"the color of what looks like {with_article(slots.thing)} is {others}",
    )


def _counting(scene: Scene, slots: Slots, truth: Truth) -> Wordings:
    if not truth.relevant:
        missing = slots.thing or f"{slots.colour} object"
        return _absent(scene, with_article(missing))
    return (
        f"I can count {shown(scene, truth.relevant)}",
        f"{there(scene, truth.relevant)}, that makes {truth.answer}",
        placed(scene, truth.relevant),
    )


def _more(scene: Scene, slots: Slots, _truth: Truth) -> Wordings:
    first, second = (len(scene.by_name[name]) for name in (slots.thing, slots.other))
    many, few = (slots.thing, slots.other) if first > second else (slots.other, slots.thing)
    one, two = counted(first, slots.thing), counted(second, slots.other)
    return (
        f"there {'is' if first == 1 else 'are'} {one} and {two}",
        f"I count {one} but {two}",
        f"the {NAMED[many].many} outnumber the {NAMED[few].many}",
    )


def _colour(scene: Scene, slots: Slots, truth: Truth) -> Wordings:
    one = len(truth.relevant) == 1
    name = slots.thing if one else NAMED[slots.thing].many
    return (
        f"the {name} {'is' if one else 'are'} filled with {colours(scene, truth.relevant)}",
        f"you can see {shown(scene, truth.relevant)}",
        placed(scene, truth.relevant),
    )


def _check(scene: Scene, slots: Slots, truth: Truth) -> Wordings:
    if truth.answer == "yes":
        return _colour(scene, slots, truth)
    one, colour = len(truth.relevant) == 1, colours(scene, truth.relevant)
    name = slots.thing if one else NAMED[slots.thing].many
    return (
        f"{'it is' if one else 'they are'} {colour}, not {slots.colour}",
        f"nothing but {colour} can be seen on the {name}",
        placed(scene, truth.relevant),
    )


def _same_colour(scene: Scene, slots: Slots, truth: Truth) -> Wordings:
    first, second = (scene.objects[i].colour for i in truth.relevant)
    both = f"both are {first}" if truth.answer == "yes" else f"one is {first}, the other {second}"
    return (
        both,
        f"the {slots.thing} is {first} and the {slots.other} is {second}",
        there(scene, truth.relevant),
    )


def _named(scene: Scene, slots: Slots, truth: Truth) -> Wordings:
    first = truth.relevant[0]
    colour = scene.objects[first].colour
    place = SIDES.get(slots.place, f"at the {slots.place}") if slots.place else where(scene, first)
    return (
        f"it has the shape of {with_article(truth.answer)}",
        f"the {colour} object {place} is {with_article(truth.answer)}",
        f"you can see {painted(scene, first)}",
    )


def _bigger(_scene: Scene, slots: Slots, truth: Truth) -> Wordings:
    smaller = slots.other if truth.answer == slots.thing else slots.thing
    return (
        f"the {truth.answer} takes up more of the picture than the {smaller}",
        f"the {smaller} is much smaller",
        f"the outline of the {truth.answer} is larger than that of the {smaller}",
    )


def _relation(scene: Scene, slots: Slots, truth: Truth) -> Wordings:
    place = slots.place if truth.answer == "yes" else OPPOSITE[slots.place]
    return (
        f"the {slots.thing} is {place} the {slots.other}",
        f"the {slots.other} is {OPPOSITE[place]} the {slots.thing}",
        placed(scene, truth.relevant),
    )


def _neighbour(scene: Scene, slots: Slots, truth: Truth) -> Wordings:
    return (
        f"{painted(scene, truth.relevant[0])} is {slots.place} the {slots.thing}",
        f"the {slots.thing} is {OPPOSITE[slots.place]} the {truth.answer}",
        placed(scene, truth.relevant),
    )


def _where(scene: Scene, slots: Slots, truth: Truth) -> Wordings:
    return (
        f"the {slots.thing} is {SIDES[truth.answer]}",
        f"{painted(scene, truth.relevant[0])} can be seen {SIDES[truth.answer]} of the picture",
        f"the {slots.thing} lies {SIDES[truth.answer]} of the picture",
    )


WORDINGS: dict[str, Callable[[Scene, Slots, Truth], Wordings]] = {
    **dict.fromkeys(("exists", "exists_any", "can_see", "do_see", "shows"), _present),
    "exists_coloured": _present_coloured,
    **dict.fromkeys(("count", "count_colour", "count_kind", "count_all"), _counting),
    "more": _more,
    **dict.fromkeys(("colour", "colour_of", "colour_several"), _colour),
    **dict.fromkeys(("check", "check_several"), _check),
    "same_colour": _same_colour,
    **dict.fromkeys(("animal", "vehicle", "food", "coloured", "side", "corner"), _named),
    "bigger": _bigger,
    "relation": _relation,
    "neighbour": _neighbour,
    "where": _where,
}
"""How each template of ``vqax.data.scenes.questions`` is justified."""
