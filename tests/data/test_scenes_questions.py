"""What is asked, whether the answers are right, and how ten people answer."""

import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from tests.data.conftest import SMALL
from vqax.data.coco import Instance, read_instances
from vqax.data.folder import VqaFolder
from vqax.data.scenes import SceneSettings
from vqax.data.scenes.annotators import annotate, most_common
from vqax.data.scenes.glyphs import THINGS
from vqax.data.scenes.question_types import QUESTION_TYPES, question_type
from vqax.data.scenes.questions import TEMPLATES, ask
from vqax.data.scenes.randomness import generator
from vqax.data.scenes.rendering import render
from vqax.data.scenes.scene import Scene, SceneObject
from vqax.data.scenes.template import Slots, Truth, with_article
from vqax.data.scenes.world import build_world
from vqax.errors import UsageError

SETTINGS = SceneSettings(**SMALL)
PLURALS = {thing.many: thing.name for thing in THINGS} | {
    thing.name: thing.name for thing in THINGS
}


def scene(*objects: tuple[str, str, float, float], side: float = 40.0) -> Scene:
    """Objects as (name, colour, x, y of the centre) in a 200 px image."""
    return Scene(
        build_world(SceneSettings()),
        1,
        200,
        tuple(
            SceneObject(name, colour, (x - side / 2, y - side / 2, side, side), 1000, 1.0, {})
            for name, colour, x, y in objects
        ),
    )


def answer(template: str, scene: Scene, **slots: str) -> str | None:
    truth = TEMPLATES[template].judge(scene, Slots(**slots))
    return None if truth is None else truth.answer


def test_the_question_types_are_the_official_ones(shared: Path) -> None:
    official = (shared / "data/vqa_v2_60k/mscoco_question_types.txt").read_text().splitlines()
    assert set(QUESTION_TYPES) == {line.strip() for line in official if line.strip()}
    assert len(QUESTION_TYPES) == 65


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Is there a cat?", "is there a"),
        ("Is there an apple?", "is there"),
        ("Is this an apple?", "is this an"),
        ("What color are the cats?", "what color are the"),
        ("What is the color of the cat?", "what is the color of the"),
        ("What?", "what"),
        ("Whatever is this?", "none of the above"),
    ],
)
def test_the_longest_type_in_whole_words(question: str, expected: str) -> None:
    assert question_type(question) == expected


def test_enough_templates_each_with_a_proper_type() -> None:
    slots = Slots("cat", "dog", "red", "animal", "left")
    assert len(TEMPLATES) >= 14
    for template in TEMPLATES.values():
        words = template.words(slots)
        assert question_type(words) != "none of the above"
        assert "{" not in words
        assert template.answer_type in {"yes/no", "number", "other"}
    assert {template.answer_type for template in TEMPLATES.values()} == {
        "yes/no",
        "number",
        "other",
    }


def test_every_template_is_used() -> None:
    settings = SceneSettings(train_images=150, train_questions=1000)
    world = build_world(settings)
    scenes = [render(settings, world, "train2014", index).scene for index in range(150)]
    scene_questions = ask(settings, "train2014", scenes)
    assert {one.template for one in scene_questions} == set(TEMPLATES)
    assert max(Counter(one.scene.image_id for one in scene_questions).values()) <= 7


def test_articles() -> None:
    assert with_article("umbrella") == "an umbrella"
    assert with_article("bus") == "a bus"


def _found(instances: list[Instance], name: str, colour: str | None = None) -> list[Instance]:
    return [i for i in instances if i.category == name and colour in (None, i.attributes[0])]


def _oracle(question: str, instances: list[Instance]) -> str | None:
    """Read the question and look into the instances file; None where it is not covered here."""
    if match := re.fullmatch(r"How many (\w+) are there\?", question):
        return str(len(_found(instances, PLURALS[match[1]])))
    if match := re.fullmatch(r"How many (\w+) objects are there\?", question):
        return str(sum(i.attributes == (match[1],) for i in instances))
    if match := re.fullmatch(r"What (?:color is|is the color of) the (\w+)\?", question):
        (one,) = _found(instances, match[1])
        return one.attributes[0]
    if match := re.fullmatch(r"Is the (\w+) (\w+)\?", question):
        (one,) = _found(instances, match[1])
        return "yes" if one.attributes == (match[2],) else "no"
    if match := re.fullmatch(
        r"(?:Is there an?|Can you see an?|Does this picture show an?|Are there any|Do you see any)"
        r" (\w+)(?: in the picture)?\?",
        question,
    ):
        return "yes" if _found(instances, PLURALS[match[1]]) else "no"
    if match := re.fullmatch(r"Is there an? (\w+) (\w+)\?", question):
        return "yes" if _found(instances, match[2], match[1]) else "no"
    if match := re.fullmatch(r"What is the (\w+) object\?", question):
        (one,) = [i for i in instances if i.attributes == (match[1],)]
        return one.category
    return None


@pytest.mark.parametrize("flavour", ["v1", "v2"])
def test_answers_follow_from_the_instances_file(
    flavour: str, request: pytest.FixtureRequest
) -> None:
    root = request.getfixturevalue(f"scenes_{flavour}")
    facts = pd.read_parquet(root / "scene_facts.parquet").set_index("question_id")
    checked = 0
    for split in ("train2014", "val2014"):
        folder = VqaFolder(root, split)
        assert folder.instances_path is not None
        instances = read_instances(folder.instances_path)
        for example in folder.read(strict=True).examples:
            here = [one for one in instances if one.image_id == example.image_id]
            expected = _oracle(example.question, here)
            if expected is not None:
                checked += 1
                assert facts.loc[example.question_id, "truth"] == expected, example.question
    assert checked > 60


def test_where_things_are() -> None:
    image = scene(("cat", "red", 30, 100), ("dog", "blue", 150, 60), ("bus", "red", 160, 170))
    assert answer("relation", image, thing="cat", other="dog", place="to the left of") == "yes"
    assert answer("relation", image, thing="dog", other="cat", place="to the left of") == "no"
    assert answer("relation", image, thing="dog", other="cat", place="above") == "yes"
    assert answer("relation", image, thing="dog", other="bus", place="to the left of") is None
    assert answer("side", image, place="left") == "cat"
    assert answer("side", image, place="right") is None
    assert answer("corner", image, place="bottom right") == "bus"
    assert answer("where", image, thing="cat") == "left"
    assert answer("where", image, thing="bus") is None
    assert answer("where", scene(("cat", "red", 102, 98)), thing="cat") == "center"


def test_the_neighbour_in_a_direction() -> None:
    image = scene(("cat", "red", 30, 100), ("dog", "blue", 150, 60))
    assert answer("neighbour", image, thing="cat", place="to the right of") == "dog"
    assert answer("neighbour", image, thing="cat", place="below") is None
    level = scene(("cat", "red", 30, 100), ("dog", "blue", 150, 60), ("bus", "red", 34, 20))
    assert answer("neighbour", level, thing="cat", place="to the right of") is None


def test_comparisons() -> None:
    image = scene(("cat", "red", 30, 30), ("cat", "red", 90, 30), ("dog", "red", 150, 150))
    assert answer("more", image, thing="cat", other="dog") == "yes"
    assert answer("more", image, thing="dog", other="cat") == "no"
    assert answer("more", image, thing="dog", other="bus") is None
    assert answer("colour_several", image, thing="cat") == "red"
    assert answer("colour", image, thing="cat") is None
    assert answer("check_several", image, thing="cat", colour="blue") == "no"
    assert answer("animal", image, kind="animal") is None
    assert answer("count_kind", image, kind="animal") == "3"
    assert answer("count_all", image) == "3"
    two = scene(("car", "red", 30, 30), ("dog", "red", 150, 150))
    assert answer("same_colour", two, thing="car", other="dog") == "yes"
    assert answer("vehicle", two, kind="vehicle") == "car"
    assert answer("bigger", two, thing="car", other="dog") is None


def test_bigger_when_plainly_so() -> None:
    large, small = (
        scene(("car", "red", 60, 60), side=80.0),
        scene(("dog", "red", 160, 160), side=30.0),
    )
    objects = (
        SceneObject("car", "red", large.objects[0].box_px, 4000, 1.0, {}),
        small.objects[0],
    )
    image = Scene(large.world, 1, 200, objects)
    assert answer("bigger", image, thing="dog", other="car") == "car"


def test_relevant_objects_are_those_asked_about() -> None:
    image = scene(("cat", "red", 30, 30), ("cat", "blue", 90, 30), ("dog", "red", 150, 150))
    relevant = {
        name: TEMPLATES[name].judge(image, slots).relevant  # type: ignore[union-attr]
        for name, slots in {
            "count": Slots(thing="cat"),
            "exists": Slots(thing="bus"),
            "colour": Slots(thing="dog"),
            "exists_coloured": Slots(thing="cat", colour="blue"),
            "more": Slots(thing="cat", other="dog"),
        }.items()
    }
    assert relevant == {
        "count": (0, 1),
        "exists": (),
        "colour": (2,),
        "exists_coloured": (1,),
        "more": (0, 1, 2),
    }


def test_hidden_and_small_things_are_harder() -> None:
    plain = scene(("cat", "red", 30, 30))
    item = plain.objects[0]
    hidden = Scene(plain.world, 1, 200, (SceneObject("cat", "red", item.box_px, 1000, 0.85, {}),))
    small = Scene(plain.world, 1, 200, (SceneObject("cat", "red", item.box_px, 300, 1.0, {}),))
    difficulty = [
        TEMPLATES["exists"].judge(image, Slots(thing="cat")).difficulty  # type: ignore[union-attr]
        for image in (plain, small, hidden)
    ]
    assert difficulty[0] < difficulty[1] < difficulty[2]


def test_v1_leans_to_yes_and_to_few() -> None:
    settings = SceneSettings(train_images=120, train_questions=900)
    world = build_world(settings)
    scenes = [render(settings, world, "train2014", index).scene for index in range(120)]
    answers = {"yes/no": Counter[str](), "number": Counter[str](), "other": Counter[str]()}
    for one in ask(settings, "train2014", scenes):
        answers[TEMPLATES[one.template].answer_type][one.truth.answer] += 1
    yes_no = answers["yes/no"]
    assert 0.53 < yes_no["yes"] / yes_no.total() < 0.75
    assert answers["number"]["1"] + answers["number"]["2"] > 0.5 * answers["number"].total()


def test_too_many_questions_for_the_pictures() -> None:
    only = scene(("cat", "red", 60, 60), ("dog", "blue", 140, 140))
    with pytest.raises(UsageError, match=r"image 1: .* after 10; lower train_questions"):
        ask(SETTINGS, "train2014", [only])


def test_pairs_need_pictures_that_differ() -> None:
    same = render(SETTINGS, build_world(SETTINGS), "train2014", 0).scene
    with pytest.raises(UsageError, match=r"no complementary picture among 2"):
        ask(SceneSettings(**SMALL, flavour="v2"), "train2014", [same, same])


def _panel(truth: Truth, panels: int = 200) -> list[str]:
    return [
        said.answer
        for seed in range(panels)
        for said in annotate(truth, generator(seed, "answers", 1))
    ]


def test_ten_annotators_numbered_and_reproducible() -> None:
    truth = Truth("2", (0, 1), 0.4, (("1", 3.0), ("3", 2.0)))
    panel = annotate(truth, generator(7, "answers", 3))
    assert [said.answer_id for said in panel] == list(range(1, 11))
    assert panel == annotate(truth, generator(7, "answers", 3))
    assert {said.answer for said in panel} <= {"1", "2", "3", "two"}


def test_the_harder_the_more_they_err_and_hesitate() -> None:
    easy = Truth("red", (0,), 0.0, (("orange", 1.0),))
    hard = Truth("red", (0,), 0.5, (("orange", 1.0),))
    assert _panel(easy).count("orange") / 2000 == pytest.approx(0.015, abs=0.012)
    assert _panel(hard).count("orange") / 2000 == pytest.approx(0.5 * 0.6 + 0.5 * 0.015, abs=0.04)
    unsure = [
        sum(said.confidence != "yes" for said in annotate(truth, generator(1, "answers", 1)))
        for truth in (easy, hard)
    ]
    assert unsure[0] < unsure[1]


def test_larger_counts_are_missed_more_often() -> None:
    few, many = (
        TEMPLATES["count"].judge(
            scene(*[("cat", "red", 20 + 40 * i, 50) for i in range(number)]), Slots(thing="cat")
        )
        for number in (1, 4)
    )
    assert few is not None
    assert many is not None
    wrong = [1 - _panel(truth).count(truth.answer) / 2000 for truth in (few, many)]
    assert wrong[1] > 2 * wrong[0]
    assert set(_panel(many)) == {"3", "4", "5"}


def test_synonyms_are_said_as_often_as_stated() -> None:
    said = _panel(Truth("bicycle", (0,), 0.0, ()))
    assert said.count("bike") / 2000 == pytest.approx(0.30, abs=0.04)
    assert set(said) == {"bicycle", "bike"}


def test_most_common_answer_is_the_first_of_equals() -> None:
    truth = Truth("bicycle", (0,), 0.0, ())
    panel = annotate(truth, generator(0, "answers", 0))
    counts = Counter(said.answer for said in panel)
    assert counts[most_common(panel)] == max(counts.values())
    assert most_common(panel[:1]) == panel[0].answer
