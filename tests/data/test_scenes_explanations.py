"""Why an answer is right: sentences that are true of the image."""

import re
from collections import Counter

import pytest

from tests.data.conftest import SMALL
from tests.data.test_scenes_questions import PLURALS, scene
from vqax.data.coco import Instance, read_instances
from vqax.data.folder import VqaFolder
from vqax.data.scenes import SceneSettings
from vqax.data.scenes.colours import COLOURS
from vqax.data.scenes.explanations import OPPOSITE, WORDINGS, explain
from vqax.data.scenes.questions import TEMPLATES, ask
from vqax.data.scenes.randomness import generator
from vqax.data.scenes.rendering import render
from vqax.data.scenes.spatial_questions import RELATIONS
from vqax.data.scenes.template import Slots, Truth
from vqax.data.scenes.world import build_world
from vqax.data.vqa_x import read_explanations

IMAGE = scene(
    ("cat", "red", 30, 30),
    ("cat", "red", 40, 110),
    ("dog", "blue", 170, 100),
    ("bus", "red", 100, 180),
)
COLOUR = "|".join(colour.name for colour in COLOURS)
SEEN = re.compile(rf"\b(an?|\d+) ({COLOUR}) ({'|'.join(PLURALS)})\b")
PLACE = r"(?:on the|at the|in the) ((?:top|bottom|middle|left|right)(?: left| right)?)"
PUT = re.compile(rf"{SEEN.pattern} (?:is|are|can be seen) {PLACE}")


def said(template: str, **slots: str) -> set[str]:
    filled = Slots(**slots)
    truth = TEMPLATES[template].judge(IMAGE, filled)
    assert truth is not None
    return set(WORDINGS[template](IMAGE, filled, truth))


def test_every_template_is_justified() -> None:
    assert WORDINGS.keys() == TEMPLATES.keys()
    assert OPPOSITE.keys() == RELATIONS.keys()


@pytest.mark.parametrize(
    ("template", "slots", "expected"),
    [
        (
            "exists",
            {"thing": "cat"},
            {
                "there are 2 red cats in the picture",
                "you can see 2 red cats",
                "a red cat is at the top left and a red cat is on the left",
            },
        ),
        (
            "shows",
            {"thing": "apple"},
            {
                "none of the objects is an apple",
                "all that can be seen is 2 red cats, a blue dog and a red bus",
                "the picture shows only 2 cats, a dog and a bus",
            },
        ),
        (
            "exists_coloured",
            {"thing": "dog", "colour": "green"},
            {
                "no dog there is green",
                "there is a blue dog, nothing green of this shape",
                "the color of what looks like a dog is blue",
            },
        ),
        (
            "count_colour",
            {"colour": "red"},
            {
                "I can count 2 red cats and a red bus",
                "there are 2 red cats and a red bus, that makes 3",
                "a red cat is at the top left, a red cat is on the left "
                "and a red bus is at the bottom",
            },
        ),
        (
            "more",
            {"thing": "dog", "other": "cat"},
            {
                "there is a dog and 2 cats",
                "I count a dog but 2 cats",
                "the cats outnumber the dogs",
            },
        ),
        (
            "colour_several",
            {"thing": "cat"},
            {
                "the cats are filled with red",
                "you can see 2 red cats",
                "a red cat is at the top left and a red cat is on the left",
            },
        ),
        (
            "check",
            {"thing": "dog", "colour": "red"},
            {
                "it is blue, not red",
                "nothing but blue can be seen on the dog",
                "a blue dog is on the right",
            },
        ),
        (
            "same_colour",
            {"thing": "dog", "other": "bus"},
            {
                "one is blue, the other red",
                "the dog is blue and the bus is red",
                "there is a blue dog and a red bus",
            },
        ),
        (
            "coloured",
            {"colour": "blue"},
            {
                "it has the shape of a dog",
                "the blue object on the right is a dog",
                "you can see a blue dog",
            },
        ),
        (
            "relation",
            {"thing": "dog", "other": "bus", "place": "below"},
            {
                "the dog is above the bus",
                "the bus is below the dog",
                "a blue dog is on the right and a red bus is at the bottom",
            },
        ),
        (
            "where",
            {"thing": "dog"},
            {
                "the dog is on the right",
                "a blue dog can be seen on the right of the picture",
                "the dog lies on the right of the picture",
            },
        ),
    ],
)
def test_what_people_say(template: str, slots: dict[str, str], expected: set[str]) -> None:
    assert said(template, **slots) == expected


def test_the_smaller_of_two() -> None:
    truth = Truth("bus", (2, 3), 0.0, ())
    for slots in (Slots("dog", "bus"), Slots("bus", "dog")):
        assert set(WORDINGS["bigger"](IMAGE, slots, truth)) == {
            "the bus takes up more of the picture than the dog",
            "the dog is much smaller",
            "the outline of the bus is larger than that of the dog",
        }


@pytest.mark.parametrize(
    ("template", "place", "expected"),
    [
        ("side", "top", "the red object at the top is a cat"),
        ("corner", "bottom right", "the blue object at the bottom right is a dog"),
    ],
)
def test_a_place_is_called_as_the_question_calls_it(
    template: str, place: str, expected: str
) -> None:
    image = scene(("cat", "red", 30, 80), ("dog", "blue", 120, 130))
    slots = Slots(place=place)
    truth = TEMPLATES[template].judge(image, slots)
    assert truth is not None
    assert expected in WORDINGS[template](image, slots, truth)


def test_people_differ_in_words_and_style() -> None:
    settings = SceneSettings(**SMALL)
    world = build_world(settings)
    scenes = [render(settings, world, "val2014", index).scene for index in range(9)]
    sentences = []
    for one in ask(settings, "val2014", scenes):
        three = explain(one, generator(0, "explanation", one.question_id))
        assert len({sentence.lower().rstrip(".") for sentence in three}) == 3
        assert three == explain(one, generator(0, "explanation", one.question_id))
        sentences += three
    assert 0.17 < sum(s[0].isupper() and s[0] != "I" for s in sentences) / len(sentences) < 0.37
    assert 0.63 < sum(s.endswith(".") for s in sentences) / len(sentences) < 0.83
    assert not any("  " in s or "{" in s for s in sentences)


@pytest.mark.parametrize("flavour", ["v1", "v2"])
def test_what_they_say_is_in_the_instances_file(
    flavour: str, request: pytest.FixtureRequest
) -> None:
    root = request.getfixturevalue(f"scenes_{flavour}")
    folder = VqaFolder(root, "val2014")
    assert folder.instances_path is not None
    instances = read_instances(folder.instances_path)
    image_of = {e.question_id: e.image_id for e in folder.read(strict=True).examples}
    (path,) = folder.explanation_paths
    claims = 0
    for question_id, sentences in read_explanations(path, image_of).items():
        here = [one for one in instances if one.image_id == image_of[question_id]]
        for sentence in sentences:
            claims += _check_claims(sentence.lower(), here)
    assert claims > 120


def _check_claims(sentence: str, here: list[Instance]) -> int:
    """Each ``2 red cats`` and each ``a red cat is on the left`` against boxes and colours."""
    there = Counter((one.category, one.attributes[0]) for one in here)
    found = 0
    for number, colour, name in SEEN.findall(sentence):
        at_least = int(number) if number.isdecimal() else 1
        assert there[PLURALS[name], colour] >= at_least, sentence
        found += 1
    for number, colour, name, place in PUT.findall(sentence):
        if "of the picture" in sentence:
            continue  # this is the answer to "Where is ...?", about halves and not thirds
        kind = (PLURALS[name], colour)
        fitting = [one for one in here if (one.category, one.attributes[0]) == kind]
        at_least = int(number) if number.isdecimal() else 1
        assert sum(_third(one) == place for one in fitting) >= at_least, sentence
        found += 1
    return found


def _third(one: Instance, side: float = SMALL["image_size_px"]) -> str:
    x, y, width, height = one.box_px
    across, down = 3 * (x + width / 2), 3 * (y + height / 2)
    column = "left" if across < side else "right" if across > 2 * side else ""
    row = "top" if down < side else "bottom" if down > 2 * side else ""
    return " ".join(filter(None, (row, column))) or "middle"
