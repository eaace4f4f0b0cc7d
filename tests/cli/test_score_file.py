"""``vqax score --questions --annotations --results``: anybody's predictions, official files."""

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from tests.cli.commands import assert_refused, vqax
from vqax.text.normalise import normalise_answer

ANSWERS = {10: ["yes"] * 10, 20: ["Yes"] * 10, 30: ["two"] * 4 + ["3"] * 6, 40: ["cat"] * 9 + ["a"]}


class Files:
    """Official files of four questions, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.questions, self.annotations = folder / "q.json", folder / "a.json"
        self.results = folder / "r.json"
        asked = [{"question_id": i, "image_id": i, "question": "What?"} for i in ANSWERS]
        self.questions.write_text(json.dumps({"questions": asked}))
        self.annotate(ANSWERS)
        self.predict({10: "yes", 20: "yes", 30: "2", 40: "Cat."})

    def annotate(self, answers: dict[int, list[str]]) -> None:
        entries = [
            {
                "question_id": question_id,
                "image_id": question_id,
                "question_type": "what",
                "answer_type": "other",
                "multiple_choice_answer": texts[0],
                "answers": [
                    {"answer": text, "answer_confidence": "yes", "answer_id": k}
                    for k, text in enumerate(texts, start=1)
                ],
            }
            for question_id, texts in answers.items()
        ]
        self.annotations.write_text(json.dumps({"annotations": entries}))

    def predict(self, answers: dict[int, str]) -> None:
        entries = [{"question_id": i, "answer": answer} for i, answer in answers.items()]
        self.results.write_text(json.dumps(entries))

    def score(self, *options: str):
        return vqax(
            "score", "--questions", self.questions, "--annotations", self.annotations,
            "--results", self.results, *options,
        )  # fmt: skip


@pytest.fixture
def official(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.mark.parametrize(
    ("mode", "accuracies"),
    [
        ("official", [100, 0, 100, 100]),  # a unanimous "Yes" wants exactly "Yes"
        ("always", [100, 100, 100, 100]),
        ("simple", [100, 100, 100, 100]),
        ("exact", [100, 100, 100, 100]),
    ],
)
def test_modes(official: Files, mode: str, accuracies: list[int]) -> None:
    summary = json.loads(official.score("--mode", mode, "--json").stdout)
    assert (summary["mode"], summary["questions"]) == (mode, 4)
    assert summary["overall"] == sum(accuracies) / 4
    assert summary["by answer type"] == {"other": sum(accuracies) / 4}


def test_one_right_annotator_of_ten(official: Files) -> None:
    official.annotate({**ANSWERS, 40: ["cat"] * 9 + ["dog"]})
    official.predict({10: "no", 20: "no", 30: "4", 40: "dog"})
    assert json.loads(official.score("--json").stdout)["overall"] == 30 / 4
    simple = official.score("--json", "--mode", "simple").stdout
    assert json.loads(simple)["overall"] == round(100 / 3 / 4, 2)


def test_an_unknown_question_id_in_the_predictions(official: Files) -> None:
    official.predict({10: "yes", 20: "yes", 30: "2", 40: "cat", 50: "dog"})
    assert_refused(
        official.score(), 3, str(official.results), "50", "not among the 4 questions", "delete"
    )


def test_a_question_without_prediction(official: Files) -> None:
    official.predict({10: "yes", 20: "yes", 40: "cat"})
    assert_refused(official.score(), 3, str(official.results), "1 of 4", "question_id 30")


def test_a_question_predicted_twice(official: Files) -> None:
    entries = json.loads(official.results.read_text())
    official.results.write_text(json.dumps([*entries, entries[0]]))
    assert_refused(official.score(), 3, str(official.results), "10", "occurs twice", "keep one")


def test_predictions_cut_in_the_middle_or_absent(official: Files) -> None:
    official.results.write_text(official.results.read_text()[:40])
    assert_refused(official.score(), 3, str(official.results), "not a whole JSON", "again")
    official.results.unlink()
    assert_refused(official.score(), 4, str(official.results), "no such file")


def test_an_answer_that_is_no_text(official: Files) -> None:
    official.results.write_text('[{"question_id": 10, "answer": 3}]')
    assert_refused(official.score(), 3, str(official.results), "10", "answer")


def test_nine_answers_an_annotation_without_question_and_the_reverse(official: Files) -> None:
    official.annotate({**ANSWERS, 30: ["2"] * 9})
    assert_refused(official.score(), 3, str(official.annotations), "30", "9 answers")
    official.annotate({**ANSWERS, 70: ["2"] * 10})
    assert_refused(official.score(), 3, str(official.annotations), "70", "question")
    official.annotate({i: ANSWERS[i] for i in (10, 20, 30)})
    assert_refused(official.score(), 3, str(official.questions), "40", "annotation")


def test_one_answer_a_question(official: Files) -> None:
    """An official score of one answer would be 0, whatever is said; the remedy is the rule."""
    official.annotate({one: texts[:1] for one, texts in ANSWERS.items()})
    assert_refused(official.score(), 3, "has 1 answer, not 10", "`exact`", "--mode")
    for mode in ("exact", "simple"):
        assert json.loads(official.score("--mode", mode, "--json").stdout)["overall"] == 100


def test_nothing_to_score(official: Files) -> None:
    """Not ``"overall": NaN``, and not a 0 for a check that checked nothing."""
    for path, key in ((official.questions, "questions"), (official.annotations, "annotations")):
        path.write_text(json.dumps({key: []}))
    official.results.write_text("[]")
    assert_refused(official.score(), 3, str(official.questions), "nothing to score")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('[{"question_id": "10", "answer": "cat"}]', ["write 10 without quotation marks"]),
        ('[{"question_id": 10, "answer": 2}]', ['write "2" with quotation marks']),
        ('{"question_id": 10, "answer": "a"}\n{"question_id": 20, "answer": "a"}', ["JSON Lines"]),
        ('{"10": "yes", "20": "no"}', ["has no 'results' but 10, 20", "write a list of entries"]),
        ('[{"question_id": 10, "answer": "caf\u00e9"}]', ["not UTF-8", "save it as UTF-8"]),
    ],
)
def test_predictions_of_another_shape(official: Files, content: str, words: list[str]) -> None:
    official.results.write_bytes(content.encode("latin-1"))
    result = official.score()
    assert_refused(result, 3, str(official.results), *words)
    assert "official file" not in result.stderr


def test_an_error_is_an_object_too(official: Files) -> None:
    official.results.write_text("[")
    result = official.score("--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["exit_code"], told["kind"]) == (3, 3, "BadData")
    assert result.stderr == f"error: {told['error']}\n"


def joined(data: Path, name: str, key: str, target: Path) -> list[dict]:
    """The three parts of the real annotations (or questions) as one official file."""
    entries = []
    for part in ("train", "valid", "test"):
        with gzip.open(data / f"vqa_{name}_{part}.json.gz", "rt", encoding="utf-8") as file:
            entries += json.load(file)[key]
    target.write_text(json.dumps({key: entries}))
    return entries


@pytest.mark.slow
def test_sixty_thousand_real_annotations(shared: Path, official: Files) -> None:
    """The most frequent raw answer of each question, judged here by the printed rule."""
    data = shared / "data" / "vqa_v2_60k"
    joined(data, "questions", "questions", official.questions)
    annotations = joined(data, "annotatons", "annotations", official.annotations)
    predictions, expected = {}, []
    for annotation in annotations:
        texts = [answer["answer"].replace("\n", " ").strip() for answer in annotation["answers"]]
        prediction = Counter(texts).most_common(1)[0][0]
        predictions[annotation["question_id"]] = prediction
        if len(set(texts)) > 1:
            texts = [normalise_answer(text) for text in texts]
            prediction = normalise_answer(prediction)
        right = [text == prediction for text in texts]
        expected.append(sum(min(1, (sum(right) - own) / 3) for own in right) / 10)
    official.predict(predictions)
    summary = json.loads(official.score("--json").stdout)
    assert summary["questions"] == len(predictions) == 60_000
    assert summary["overall"] == pytest.approx(100 * sum(expected) / len(expected), abs=0.005)
    assert set(summary["by answer type"]) == {"yes/no", "number", "other"}
    assert 80 < summary["overall"] < 100
