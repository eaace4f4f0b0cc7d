"""``vqax data make-cp`` and ``vqax data priors`` on a folder of one's own."""

import json
from pathlib import Path

import pytest

from tests.cli.commands import assert_refused, vqax
from tests.data.small import examples
from vqax.data.folder import annotations_name, questions_name
from vqax.data.records import Annotation, Answer, Question
from vqax.data.vqa import write_annotations, write_questions


@pytest.fixture
def real(tmp_path: Path) -> Path:
    """Sixty questions under the official names of v2, without images."""
    found = examples(is_it={"yes": 15, "no": 15}, what={"dog": 10, "cat": 10, "no": 10})
    questions = [Question(e.question_id, e.image_id, e.question) for e in found]
    annotations = [
        Annotation(
            e.question_id, e.image_id, e.question_type, e.answer_type, e.multiple_choice_answer,
            tuple(Answer(text, "yes", k) for k, text in enumerate(e.answers, start=1)),
        )
        for e in found
    ]  # fmt: skip
    root = tmp_path / "real"
    split = "train2014"
    write_questions(root / questions_name(split, "v2_"), questions, data_subtype=split)
    write_annotations(root / annotations_name(split, "v2_"), annotations, data_subtype=split)
    return root


def test_a_folder_of_ones_own(real: Path, tmp_path: Path) -> None:
    out = tmp_path / "cp"
    arguments = ("data", "make-cp", real, out, "--split", "train2014", "--test-share", "0.5")
    made = vqax(*arguments, "--seed", "1", "--json")
    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout)["total variation"]["measured"] == 1
    assert (out / "vqacp_v2_test_questions.json").is_file()
    shown = vqax("data", "priors", out)
    assert "is it: train 15 (" in shown.stdout
    of_type = json.loads(vqax("data", "priors", out, "--json").stdout)["question types"]["is it"]
    assert of_type["train"] == {"questions": 15, "answer": of_type["train"]["answer"], "share": 1.0}
    assert {of_type[part]["answer"] for part in ("train", "test")} == {"yes", "no"}
    assert of_type["total variation"] == 1.0
    assert_refused(vqax(*arguments), 3, str(out), "already holds files")


def test_splits_that_are_not_there(real: Path, tmp_path: Path) -> None:
    assert_refused(vqax("data", "make-cp", real, tmp_path / "cp"), 4, "split 'val2014'", str(real))
    assert_refused(vqax("data", "priors", real), 4, "split 'val2014'", str(real))


def test_options_of_an_entry_stand_in_the_settings() -> None:
    refused = vqax("data", "make-cp", "cp_v2", "--seed", "1", "--test-share", "0.5")
    assert_refused(refused, 2, "--seed, --test-share: goes with a folder", "cp_v2", "params.yaml")
