"""The numbers that describe a data set, against literal definitions."""

from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from vqax.data.folder import VqaFolder
from vqax.data.records import Example
from vqax.data.statistics import (
    agreement,
    human_accuracy,
    map_rank_correlation,
    statistics,
    unanimous,
)
from vqax.errors import MissingArtefact


def example(answers: list[str]) -> Example:
    return Example(1, 1, "What?", "what", "other", answers[0], tuple(answers))


def value(table: pd.DataFrame, metric: str, split: str, group: str = "all") -> float:
    chosen = (table.metric == metric) & (table.split == split) & (table.group == group)
    return float(table[chosen]["value"].item())


@given(st.lists(st.sampled_from(["red", "blue", "two", "2"]), min_size=10, max_size=10))
def test_human_accuracy_is_each_against_the_other_nine(answers: list[str]) -> None:
    plain = ["2" if answer == "two" else answer for answer in answers]
    expected = 0.0
    for i in range(10):
        others = [plain[j] for j in range(10) if j != i]
        expected += min(1.0, others.count(plain[i]) / 3) / 10
    assert human_accuracy(example(answers)) == pytest.approx(expected)


def test_agreement_counts_normalised_answers() -> None:
    assert agreement(example(["2"] * 5 + ["two"] * 3 + ["3"] * 2)) == pytest.approx(0.8)
    assert unanimous(example(["2"] * 5 + ["two"] * 5)) == 1
    assert unanimous(example(["2"] * 9 + ["3"])) == 0


def test_rank_correlation_of_maps_is_spearman_over_pairs() -> None:
    maps = np.random.default_rng(0).integers(0, 6, (3, 4, 5)).astype(np.float32)
    expected = np.mean([spearmanr(a.ravel(), b.ravel())[0] for a, b in combinations(maps, 2)])
    assert map_rank_correlation(maps) == pytest.approx(expected)


def test_table_counts_what_is_there(scenes_v1: Path) -> None:
    table = statistics(scenes_v1)
    assert list(table.columns) == ["metric", "split", "group", "value", "n"]
    assert not table.duplicated(["metric", "split", "group"]).any()
    assert value(table, "images", "train2014") == 14
    assert value(table, "questions", "val2014") == 44
    shares = table[(table.metric == "answer_share") & (table.split == "val2014")]
    assert shares.value.sum() == pytest.approx(1)
    assert shares.n.sum() == 44


@pytest.mark.parametrize(
    ("metric", "attribute"),
    [("prior_question_type", "question_type"), ("prior_question", "question")],
)
def test_prior_is_the_accuracy_of_the_most_common_training_answer(
    scenes_v1: Path, metric: str, attribute: str
) -> None:
    train, val = (VqaFolder(scenes_v1, split).read().examples for split in ("train2014", "val2014"))
    scores = []
    for scene_questions in val:
        pools = [
            [
                e.multiple_choice_answer
                for e in train
                if getattr(e, key) == getattr(scene_questions, key)
            ]
            for key in (attribute, "question_type")
        ]
        pool = next((pool for pool in pools if pool), ["yes"])
        guess = Counter(pool).most_common(1)[0][0]
        says = {"none": "0", "zero": "0", "one": "1", "two": "2", "three": "3"}
        given_answers = [says.get(answer, answer) for answer in scene_questions.answers]
        scores.append((0, 0.3, 0.6, 0.9, 1)[min(4, given_answers.count(guess))])
    assert value(statistics(scenes_v1), metric, "val2014") == pytest.approx(np.mean(scores))


def test_people_and_priors_are_within_reason(scenes_v2: Path) -> None:
    table = statistics(scenes_v2)
    accuracy = value(table, "human_accuracy", "val2014")
    assert 0.75 < accuracy < 1
    assert value(table, "prior_question_type", "val2014") < accuracy - 0.2
    assert value(table, "human_rank_correlation", "val2014") > 0.3


def test_no_maps_no_row(scenes_v1: Path) -> None:
    rows = statistics(scenes_v1)
    correlation = rows[rows.metric == "human_rank_correlation"]
    assert list(correlation.split) == ["val2014"], "train has one map per question, no pairs"


def test_split_that_is_not_there(scenes_v1: Path) -> None:
    with pytest.raises(MissingArtefact, match="test2015"):
        statistics(scenes_v1, splits=("train2014", "test2015"))
