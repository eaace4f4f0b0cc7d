"""A user's own data in the stages: the rule of its accuracy, ids, and what prepare counts."""

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from project.dataset import load_prepared
from project.resolve import data_plan
from stages import features, prepare
from stages.explain import _predictions
from stages.prepare import SHARED, UNMATCHABLE
from stages.report import _describe_dataset
from tests.stages import tiny
from tests.stages.own_data import SPLITS, own_data
from vqax.accuracy_rules import RULES
from vqax.data.vqa import read_annotations
from vqax.errors import BadData, UsageError
from vqax.metrics.accuracy import ACCURACIES, accuracies

NAME = tiny.DATASET


def workspace(folder: Path, root: Path, **changes: Any):
    """The settings of a data set at ``root``, and the folder they stand in."""
    value = tiny.settings(grid={"root": str(root)})
    value["scenes"] = {}
    value["datasets"][NAME].update(root=str(root), validation_share=0.25, **changes)
    value["text"]["min_answer_count"] = 1
    return tiny.write_settings(folder, value), tiny.workspace(folder)


def prepared(folder: Path, root: Path, **changes: Any):
    params, where = workspace(folder, root, **changes)
    card = prepare.run(params, where, NAME)
    return card, load_prepared(data_plan(params, where, NAME))


@pytest.mark.parametrize("rule", ["exact", "simple"])
@pytest.mark.parametrize("number", [1, 2, 12])
def test_any_number_of_answers_is_prepared_and_scored(tmp_path: Path, rule: str, number: int):
    root = own_data(tmp_path / "data", answers=("No",) * number)
    card, data = prepared(tmp_path, root, accuracy=rule)
    assert card["questions"] == {"train": 3, "validation": 1, "test": 4}
    assert card["accuracy"] == data.accuracy == rule
    assert UNMATCHABLE not in card
    rows = pd.DataFrame({"answer": ["no"] * 4})
    table = _predictions(data.test, rows, data.accuracy)
    assert table["accuracy_official"].tolist() == [1.0] * 4


def test_one_answer_under_the_official_rule_names_the_setting(tmp_path: Path) -> None:
    root = own_data(tmp_path / "data", answers=("no",))
    params, where = workspace(tmp_path, root)
    with pytest.raises(
        BadData, match=r"has 1 answer, not 10; .*`exact` .*datasets\.NAME\.accuracy"
    ):
        prepare.run(params, where, NAME)


def test_prepare_counts_the_answers_that_nothing_can_match(tmp_path: Path) -> None:
    """Ten copies of "No": the evaluator compares letter by letter, a model says "no"."""
    texts = {101: "No", 102: "no", 103: "No"}
    root = own_data(tmp_path / "data", answers=lambda one: (texts.get(one, "cat"),) * 10)
    card, data = prepared(tmp_path, root)
    assert card[UNMATCHABLE] == {"train": 0, "validation": 0, "test": 2}
    assert "question_id 101: all people say 'No', a model says 'no'" in card["the first of them"]
    assert "accuracy: always" in card["the first of them"]
    for rule in ("always", "simple", "exact"):
        assert UNMATCHABLE not in prepared(tmp_path, root, accuracy=rule)[0]
    answers = {one.question_id: "no" for one in data.test}
    assert accuracies(answers, data.test, "official").tolist() == [0, 1, 0, 0]
    assert accuracies(answers, data.test, "always").tolist() == [1, 1, 1, 0]


def test_the_report_names_rule_lost_questions_and_shared_images(tmp_path: Path) -> None:
    root = own_data(tmp_path / "data", answers=("No",) * 10, same_ids=True)
    shutil.copytree(root / "images" / "train2014", root / "images" / "copies")
    for path in (root / "images" / "copies").iterdir():
        path.replace(root / "images" / "val2014" / path.name.replace("train2014", "val2014"))
    params, where = workspace(tmp_path, root)
    card = prepare.run(params, where, NAME)
    assert card[SHARED] == 4
    text = _describe_dataset(params, where, NAME)
    assert "4 images, 4 of them also images of the training questions" in text
    assert "No answer can match the people's on 4 of the test questions" in text
    params, where = workspace(tmp_path, root, accuracy="exact")
    prepare.run(params, where, NAME)
    text = _describe_dataset(params, where, NAME)
    assert f"by the rule `exact`, not the official one: {RULES['exact']}" in text
    assert "No answer can match" not in text


@pytest.mark.parametrize("stage", ["prepare", "features"])
def test_image_ids_that_start_anew_are_refused(tmp_path: Path, stage: str) -> None:
    root = own_data(tmp_path / "data", same_ids=True)
    params, where = workspace(tmp_path, root)
    run = {"prepare": prepare.run, "features": features.run}[stage]
    with pytest.raises(BadData) as caught:
        run(params, where, NAME)
    for split in SPLITS:
        assert f"COCO_{split}_000000000001.png" in str(caught.value)


def test_regions_refuse_them_too(tmp_path: Path) -> None:
    from project.schema import Regions
    from stages.regions import images_of

    root = own_data(tmp_path / "data", same_ids=True)
    _, where = workspace(tmp_path, root)
    with pytest.raises(BadData, match="two different images"):
        images_of(Regions(root=root, splits=SPLITS, detector="any"), where)


def test_features_need_no_annotations(tmp_path: Path) -> None:
    from project.schema import Regions
    from stages.regions import images_of

    root = own_data(tmp_path / "data", splits=("test2015",), answers=("no",))
    (root / "mscoco_test2015_annotations.json").unlink()
    _, where = workspace(tmp_path, root)
    found = images_of(Regions(root=root, splits=("test2015",), detector="any"), where)
    assert list(found) == [1, 2, 3, 4]


def test_images_in_another_folder_than_the_questions(tmp_path: Path) -> None:
    root = own_data(tmp_path / "data")
    (root / "images").rename(tmp_path / "photographs")
    params, where = workspace(tmp_path, root)
    with pytest.raises(BadData, match="0 train and 0 test questions are left"):
        prepare.run(params, where, NAME)
    (tmp_path / "coco").mkdir()
    (tmp_path / "photographs").rename(tmp_path / "coco" / "images")
    params, where = workspace(tmp_path, root, images=str(tmp_path / "coco"))
    assert prepare.run(params, where, NAME)["questions"]["test"] == 4


def test_images_of_features_in_another_folder(tmp_path: Path) -> None:
    from project.schema import Regions
    from stages.regions import images_of

    root = own_data(tmp_path / "data")
    (tmp_path / "coco").mkdir()
    (root / "images").rename(tmp_path / "coco" / "images")
    _, where = workspace(tmp_path, root)
    regions = Regions(root=root, images=tmp_path / "coco", splits=SPLITS, detector="any")
    assert len(images_of(regions, where)) == 8


def test_a_rule_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"accuracy: Input should be 'official'"):
        workspace(tmp_path, tmp_path / "data", accuracy="exactly")


def test_real_questions_with_one_answer_each(shared: Path, tmp_path: Path) -> None:
    """The commonest answers of 244 real questions, all given right: all score."""
    source = shared / "data" / "coco_vqa_v2_mini" / "v2_mscoco_train2014_annotations.json"
    texts = [one.multiple_choice_answer.capitalize() for one in read_annotations(source)]
    answers = dict(enumerate(texts, start=1))
    root = own_data(
        tmp_path / "data",
        splits=("train2014",),
        questions=len(texts),
        answers=lambda one: (answers[one],),
    )
    card, data = prepared(tmp_path, root, accuracy="exact", test=None, test_share=0.5)
    said = {one.question_id: one.answers[0].lower() for one in data.test}
    assert card["questions"]["test"] > 80
    assert accuracies(said, data.test, "exact").mean() == 1.0
    ten = Counter(
        ACCURACIES["official"](said[one.question_id], one.answers * 10) for one in data.test
    )
    assert ten[0.0] > len(data.test) / 2  # what ten copies of the answer used to score
    own = json.loads((tmp_path / "data" / "mscoco_train2014_annotations.json").read_text())
    assert len(own["annotations"]) == len(texts)
    assert np.isfinite(accuracies(said, data.test, "simple")).all()
