import numpy as np
import pandas as pd
import pytest

from vqax.errors import BadData, UsageError
from vqax.metrics.calibration import misclassification_auroc
from vqax.stats.compare_methods import Measure, compare_methods
from vqax.stats.difference import method_difference
from vqax.stats.image_variance import mean_side
from vqax.stats.seed_variance import pooled_seed_variance
from vqax.stats.words import Hypothesis

QUESTIONS = 24
IMAGE = np.arange(QUESTIONS) // 3


def trainings(seeds=4, shift=0.0, seed=0, **columns):
    """A row per question and seed, the rows of each training in an order of their own."""
    rng = np.random.default_rng(seed)
    parts = [
        pd.DataFrame(
            {
                "question_id": 100 + np.arange(QUESTIONS),
                "image_id": IMAGE,
                "seed": number,
                "value": shift + rng.normal() / 9 + rng.normal(size=QUESTIONS),
                **columns,
            }
        ).sample(frac=1, random_state=number)
        for number in range(seeds)
    ]
    return pd.concat(parts, ignore_index=True)


def values(table):
    wide = table.pivot(index="seed", columns="question_id", values="value")
    return wide.sort_index(axis=1).to_numpy()


def test_two_tables_give_what_the_arrays_give():
    a, b, c = trainings(shift=1), trainings(seed=1), trainings(3, seed=2)
    found = compare_methods(a, b, family=[c])
    sides = [mean_side(values(table), IMAGE) for table in (a, b, c)]
    seeds = pooled_seed_variance([side.values for side in sides])
    expected = method_difference(*sides[:2], seeds, images=8)
    assert found.seed_df == 3 + 3 + 2
    for name, value in vars(expected).items():
        assert getattr(found, name) == pytest.approx(value), name
    assert (found.questions, found.left_out, found.seeds_a, found.images) == (24, 0, 4, 8)
    assert found.word == "supported"
    assert found.sentence.startswith("A is better than B on value: supported")


def test_a_margin_and_names_reach_the_verdict():
    hypothesis = Hypothesis("new", "old", margin=3.0)
    found = compare_methods(trainings(), trainings(seed=1), hypothesis=hypothesis)
    assert found.null == -3
    assert found.word == "supported"
    assert "new is worse than old by less than 3" in found.sentence


def test_a_question_without_a_value_in_one_training_is_left_out_of_all():
    a, b = trainings(), trainings(seed=1)
    a.loc[(a["question_id"] == 105) & (a["seed"] == 2), "value"] = np.nan
    found = compare_methods(a, b)
    without = [table[table["question_id"] != 105] for table in (a, b)]
    assert (found.questions, found.left_out) == (23, 1)
    assert found.estimate == pytest.approx(compare_methods(*without).estimate)
    assert found.p == pytest.approx(compare_methods(*without).p)


def test_a_gap_in_a_further_configuration_leaves_nothing_out():
    c = trainings(seed=2)
    c.loc[0, "value"] = np.nan
    found = compare_methods(trainings(), trainings(seed=1), family=[c])
    assert (found.left_out, found.seed_df) == (0, 9)
    assert np.isfinite(found.p)


def test_a_statistic_is_taken_of_each_training_then_averaged():
    def auroc(uncertainty, accuracy):
        return misclassification_auroc(uncertainty, accuracy >= 0.5)

    right = (np.arange(QUESTIONS) % 5 < 3).astype(float)
    a = trainings(right=right)
    a["value"] -= a["right"]
    b = trainings(seed=1, right=right)
    measure = Measure(("value", "right"), auroc, samples=60, seed=3)
    found = compare_methods(a, b, measure=measure)
    means = [
        np.mean([auroc(*part[["value", "right"]].to_numpy().T) for _, part in t.groupby("seed")])
        for t in (a, b)
    ]
    assert found.estimate == pytest.approx(means[0] - means[1])
    assert found.low < found.estimate < found.high
    assert found == compare_methods(a, b, measure=measure)


def test_a_method_that_is_not_trained():
    found = compare_methods(trainings(7, shift=1), trainings(1, seed=1), trained_b=False)
    assert (found.seeds_a, found.seeds_b, found.seed_df) == (7, 0, 6)
    assert found.word == "supported"
    with pytest.raises(UsageError, match="b, seed 0: is one of 2 tables of a method that is not"):
        compare_methods(trainings(), trainings(2), trained_b=False)


def test_integers_booleans_and_missing_numbers_are_values():
    a, b = trainings(), trainings(seed=1)
    a["value"], b["value"] = a["value"] > 0, (b["value"] > 0).astype("Int64")
    b.loc[0, "value"] = pd.NA
    found = compare_methods(a, b)
    kept = b["question_id"] != b["question_id"][0]
    expected = a["value"][a["question_id"] != b["question_id"][0]].mean() - b["value"][kept].mean()
    assert (found.estimate, found.left_out) == (pytest.approx(expected), 1)


def refused(change, words, *, on="a"):
    tables = {"a": trainings(), "b": trainings(seed=1)}
    tables[on] = change(tables[on])
    with pytest.raises(BadData) as error:
        compare_methods(tables["a"], tables["b"])
    for word in words:
        assert word in str(error.value)


def test_unequal_questions_are_named():
    def without(table):
        return table[(table["question_id"] != 107) | (table["seed"] != 3)]

    refused(without, ["a, seed 3: lacks 1 of the 24 questions", "question_id 107"])
    refused(without, ["b, seed 3: lacks 1 of the 24 questions of a, seed 0", "107"], on="b")

    def one_more(table):
        more = table.iloc[[0]].assign(question_id=999, seed=1)
        return pd.concat([table, more], ignore_index=True)

    refused(one_more, ["b, seed 1", "a, seed 0: lacks 1 of the 25", "999"], on="b")


def test_a_question_that_occurs_twice_is_named():
    refused(
        lambda table: pd.concat([table, table.iloc[[0]]]), ["seed 0: question_id", "occurs twice"]
    )


def test_another_image_of_a_question_is_named():
    def moved(table):
        return table.assign(image_id=table["image_id"].mask(table["question_id"] == 103, 77))

    refused(moved, ["b, seed 0: question_id 103 is about image 77, in a, seed 0 about 1"], on="b")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop(columns="value"), ["no column value", "only question_id, image_id"]),
        (lambda t: t.drop(columns="image_id"), ["no column image_id"]),
        (lambda t: t.drop(columns="seed"), ["b: has no seed"]),
        (lambda t: t.assign(seed=t["seed"].where(t["seed"] > 0)), ["b: has no seed"]),
        (lambda t: t.iloc[:0], ["b: has no row"]),
        (lambda t: t.assign(value="high"), ["seed 0: column value holds 'high'", "no number"]),
        (lambda t: t.assign(value=np.inf), ["column value is infinite for question_id"]),
        (lambda t: t.assign(value=np.nan), ["0 of 24 questions have a value in every training"]),
        (
            lambda t: t.assign(question_id=t["question_id"].where(t["question_id"] > 100)),
            ["without question_id or image_id"],
        ),
    ],
)
def test_a_table_out_of_its_format(change, words):
    refused(change, words, on="b")


def test_one_image_tells_nothing_about_others():
    a, b = (trainings(seed=seed).assign(image_id=1) for seed in (0, 1))
    with pytest.raises(BadData, match=r"about 1 image\(s\); give values for questions about more"):
        compare_methods(a, b)


def test_a_training_without_value_of_a_statistic_is_named():
    all_right = trainings(right=1.0)
    measure = Measure(("value", "right"), lambda u, r: misclassification_auroc(u, r > 0.5))
    with pytest.raises(BadData, match="a, seed 0: the metric has no value on the 24 questions"):
        compare_methods(all_right, all_right, measure=measure)
    c = trainings(2, seed=2).assign(value=np.nan)
    with pytest.raises(BadData, match=r"family 1, seed 0: .* \(0 with numbers\)"):
        compare_methods(trainings(), trainings(seed=1), family=[c])
