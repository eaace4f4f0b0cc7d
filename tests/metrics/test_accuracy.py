"""VQA accuracy against the evaluator's outputs and a literal twin of its loop."""

import json
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqax.accuracy_rules import OF_TEN, RULES, Mode
from vqax.errors import BadData
from vqax.metrics.accuracy import (
    ACCURACIES,
    accuracies,
    always_accuracy,
    cannot_be_matched,
    exact_accuracy,
    official_accuracy,
    simple_accuracy,
)
from vqax.text.normalise import normalise_answer

TEXTS = st.sampled_from(["yes", "Yes", "yes.", " yes\n", "two", "2", "the cat", "cat", "a"])


class Judged(NamedTuple):
    question_id: int
    answers: tuple[str, ...]


def with_ids(answers: list[str]) -> list[dict[str, Any]]:
    return [{"answer": text, "answer_id": k} for k, text in enumerate(answers, start=1)]


def twin(prediction: str, annotators: list[dict[str, Any]]) -> float:
    """The evaluator's loop: the others of an annotator are the dicts that differ from its own."""
    prediction = prediction.replace("\n", " ").replace("\t", " ").strip()
    annotators = [
        one | {"answer": one["answer"].replace("\n", " ").replace("\t", " ").strip()}
        for one in annotators
    ]
    if len({one["answer"] for one in annotators}) > 1:
        prediction = normalise_answer(prediction)
        annotators = [one | {"answer": normalise_answer(one["answer"])} for one in annotators]
    scores = []
    for one in annotators:
        others = [other for other in annotators if other != one]
        matching = [other for other in others if other["answer"] == prediction]
        scores.append(min(1, float(len(matching)) / 3))
    return float(sum(scores)) / len(scores)


@given(prediction=TEXTS, answers=st.lists(TEXTS, min_size=2, max_size=12))
def test_the_twin_agrees(prediction: str, answers: list[str]) -> None:
    expected = twin(prediction, with_ids(answers))
    assert official_accuracy(prediction, answers) == pytest.approx(expected, abs=1e-12)
    assert round(100 * official_accuracy(prediction, answers), 2) == round(100 * expected, 2)


def test_k_of_ten(shared: Path) -> None:
    golden = json.loads((shared / "golden" / "vqa_accuracy.json").read_text())["k_of_10"]
    assert len(golden) == 11
    for name, percent in golden.items():
        k = int(name.removesuffix("of10"))
        answers = ["cat"] * k + [f"dog {place}" for place in range(10 - k)]
        assert official_accuracy("cat", answers) == percent / 100
        assert simple_accuracy("cat", answers) == min(k / 3, 1)


def test_edge_cases(shared: Path) -> None:
    golden = json.loads((shared / "golden" / "vqa_accuracy.json").read_text())["edge"]
    found = {
        "unanimous Yes vs yes": official_accuracy("yes", ["Yes"] * 10),
        '9 yes 1 no vs "Yes."': official_accuracy("Yes.", ["yes"] * 9 + ["no"]),
        'unanimous "two" vs "2"': official_accuracy("2", ["two"] * 10),
        '9 "the cat"+1 "dog" vs "cat"': official_accuracy("cat", ["the cat"] * 9 + ["dog"]),
        "no ids: 10 yes": twin("yes", [{"answer": "yes"}] * 10),
        "trailing newline unanimous": official_accuracy("yes\n", ["yes"] * 10),
    }
    assert {name: 100 * value for name, value in found.items()} == golden


def test_without_ids_three_of_ten_would_score_70() -> None:
    without_ids = [{"answer": text} for text in ["cat"] * 3 + list("dogbird")]
    assert twin("cat", without_ids) == pytest.approx(0.7)


def test_modes_differ_where_they_should() -> None:
    assert official_accuracy("yes", ["Yes"] * 10) == 0
    assert always_accuracy("yes", ["Yes"] * 10) == 1
    three = ["cat"] * 3 + list("dogbird")
    assert (official_accuracy("cat", three), simple_accuracy("The cat", three)) == (0.9, 1.0)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("official", [0.0, 0.6]),
        ("always", [1.0, 0.6]),
        ("simple", [1.0, 2 / 3]),
        ("exact", [1.0, 1.0]),
    ],
)
def test_one_value_per_example_in_order(mode: Any, expected: list[float]) -> None:
    examples = [Judged(2, ("Yes",) * 10), Judged(1, ("cat", "cat", *"dogbirds"))]
    found = accuracies({1: "cat", 2: "yes", 3: "unused"}, examples, mode)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.float64


def test_no_examples() -> None:
    assert accuracies({}, []).shape == (0,)


def test_a_question_without_answer() -> None:
    with pytest.raises(BadData) as caught:
        accuracies({1: "cat"}, [Judged(2, ("cat",) * 10)])
    assert str(caught.value) == (
        "predictions: question_id 2 has no answer; answer every question of the split"
    )


def test_every_rule_has_a_name_and_words() -> None:
    assert list(ACCURACIES) == list(RULES) == list(get_args(Mode))


@pytest.mark.parametrize("rule", ["simple", "exact"])
def test_one_answer_is_met_or_not(rule: str) -> None:
    assert ACCURACIES[rule]("no.", ["No"]) == 1.0
    assert ACCURACIES[rule]("yes", ["No"]) == 0.0


@given(prediction=TEXTS, answers=st.lists(TEXTS, min_size=1, max_size=12))
def test_rules_for_any_number_of_answers(prediction: str, answers: list[str]) -> None:
    """Counted literally, with as many as there are where three are too many."""
    right = [normalise_answer(one) == normalise_answer(prediction) for one in answers]
    enough = len(answers) if len(answers) < 3 else 3
    assert simple_accuracy(prediction, answers) == min(1, sum(right) / enough)
    assert exact_accuracy(prediction, answers) == (1 if any(right) else 0)


@pytest.mark.parametrize("rule", OF_TEN)
@pytest.mark.parametrize("number", [1, 3, 11])
def test_rules_of_ten_refuse_another_number(rule: Mode, number: int) -> None:
    """One answer has no others to agree with: every right answer would score 0."""
    with pytest.raises(BadData, match=rf"question_id 7: has {number} answers.*'exact' or 'simple'"):
        accuracies({7: "cat"}, [Judged(7, ("cat",) * number)], rule)


@pytest.mark.parametrize(
    ("answers", "lost"),
    [
        (["Yes"] * 10, True),
        (["one way"] * 10, True),
        (["yes"] * 10, False),
        ([" yes\n"] * 10, False),
        (["Yes"] * 9 + ["no"], False),
        (["a"] * 10, True),
        ([*"abcdefghij"], False),
    ],
)
def test_answers_that_no_normalised_text_matches(answers: list[str], lost: bool) -> None:
    assert cannot_be_matched(answers, "official") == lost
    assert not any(cannot_be_matched(answers, rule) for rule in ("always", "simple", "exact"))
