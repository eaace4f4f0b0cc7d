"""The study of Interp on a data set of twenty images: analyses, claims, figures, report."""

import shutil
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import torch

from project.dataset import load_prepared
from project.human_maps import read_human_maps
from project.params import Params, load
from project.resolve import data_plan, run_plan
from project.trained import load_trained
from project.workspace import Workspace
from stages import analyses, claims, compare, report
from studies.interp import images as interp_images
from studies.interp import words as interp_words
from studies.interp.failures import PREDICTORS, predicted_failures
from studies.interp.images import METHODS
from studies.interp.words import FIRST, OTHER, by_question, slug
from tests.stages import tiny
from vqax.errors import BadData
from vqax.metrics.accuracy import official_accuracy
from vqax.metrics.inter_annotator_agreement import human_alignment
from vqax.metrics.rank_correlation import rank_correlation
from vqax.text.pos import pos_tags
from vqax.text.tokens import tokenise

STUDY, RUN, N_IMAGES = "interp", "deeper_lstm", 7
IMAGES, WORDS = interp_images.NAME, interp_words.NAME


@pytest.fixture(scope="module")
def where(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace after every stage of the study, for reading only."""
    folder = shutil.copytree(finished, tmp_path_factory.mktemp("interp") / "folder")
    value = tiny.group_settings(STUDY)
    value["analyses"] = {name: value["analyses"][name] for name in (IMAGES, WORDS)}
    value["runs"] = {RUN: value["runs"][RUN]}
    value["analyses"][IMAGES].update(images=N_IMAGES, patches=4, large_patches=2)
    for options in value["studies"][STUDY]["report"]["figures"].values():
        options.update({"questions": 2} if "questions" in options else {})
    params = tiny.write_settings(folder, value)
    where = tiny.workspace(folder)
    tiny.make_run(params, where, RUN)
    for name in (IMAGES, WORDS):
        analyses.run(params, where, name)
    compare.run(params, where, STUDY)
    claims.run(params, where, STUDY)
    report.run(params, where, STUDY)
    return where


@pytest.fixture(scope="module")
def params(where: Workspace) -> Params:
    return load(where.root / "params.yaml")


def table(where: Workspace, analysis: str, file: str) -> pd.DataFrame:
    return pd.read_parquet(where.analysis(analysis) / f"{file}.parquet")


@pytest.fixture(scope="module")
def scores(where: Workspace) -> pd.DataFrame:
    questions = table(where, IMAGES, "questions")
    return questions[questions["row"].isin(METHODS)]


@pytest.fixture(scope="module")
def maps(where: Workspace) -> dict[str, np.ndarray]:
    with h5py.File(where.analysis(IMAGES) / "maps.h5") as file:
        return {name: values[:] for name, values in file.items()}


# table 1


def test_the_questions_are_those_about_the_first_pictures(where, params, scores):
    prepared = load_prepared(data_plan(params, where, tiny.DATASET))
    human_maps = read_human_maps(where.dataset(tiny.DATASET) / "human_maps.h5")
    asked = [example for example in prepared.test if example.question_id in human_maps]
    first = sorted({example.image_id for example in asked})[:N_IMAGES]
    expected = {example.question_id for example in asked if example.image_id in first}
    assert set(scores["row"]) == set(METHODS)
    for _, found in scores.groupby("row"):
        assert set(found["question_id"]) == expected
        assert not found["question_id"].duplicated().any()


def test_scores_are_those_of_the_maps_that_are_kept(where, scores, maps):
    human_maps = read_human_maps(where.dataset(tiny.DATASET) / "human_maps.h5")
    ids = maps["question_ids"].tolist()
    for method in METHODS:
        if method == "human":
            continue
        own = scores[scores["row"] == method].set_index("question_id").loc[ids]
        drawn = [human_maps[one] for one in ids]
        expected = human_alignment(rank_correlation, maps[method], drawn)
        np.testing.assert_allclose(own["rank_correlation"], expected)


def test_importance_is_a_magnitude(maps):
    for method in ("occlusion", "occlusion_large", "guided_backprop", "input_gradient"):
        assert maps[method].min() >= 0
        assert maps[method].shape[1:] == (14, 14)
    assert not np.allclose(maps["occlusion"], maps["occlusion_large"])


def test_the_map_for_another_question_is_one_about_the_same_picture(maps, scores):
    ids = maps["question_ids"].tolist()
    image_of = scores.drop_duplicates("question_id").set_index("question_id")["image_id"]
    for row, own in enumerate(ids):
        about = [k for k, one in enumerate(ids) if image_of[one] == image_of[own] and one != own]
        shown = maps["occlusion_of_another_question"][row]
        if about:
            assert any(np.array_equal(shown, maps["occlusion"][k]) for k in about)
        else:
            assert np.isnan(shown).all()


def test_the_mean_human_map_leaves_out_the_own_picture(where, maps, scores):
    human_maps = read_human_maps(where.dataset(tiny.DATASET) / "human_maps.h5")
    ids = maps["question_ids"].tolist()
    image_of = scores.drop_duplicates("question_id").set_index("question_id")["image_id"]
    for row, own in enumerate(ids):
        others = [
            np.mean([person / person.sum() for person in human_maps[one]], axis=0)
            for one in ids
            if image_of[one] != image_of[own]
        ]
        np.testing.assert_allclose(maps["mean_human_map"][row], np.mean(others, axis=0), rtol=1e-4)


def test_means_and_standard_errors(where, scores):
    metrics = table(where, IMAGES, "metrics").set_index(["run", "metric"])["value"]
    for method, found in scores.groupby("row"):
        values = found["rank_correlation"].dropna()
        assert metrics[f"{IMAGES}/{method}", "rank_correlation"] == pytest.approx(values.mean())
        error = values.std(ddof=1) / np.sqrt(len(values))
        assert metrics[f"{IMAGES}/{method}", "standard_error"] == pytest.approx(error)


def test_a_data_set_without_human_maps(params, where, tmp_path):
    folder = shutil.copytree(where.root, tmp_path / "copy")
    with h5py.File(folder / "data/datasets" / tiny.DATASET / "human_maps.h5", "w") as file:
        file["maps"], file["question_ids"] = np.zeros((0, 14, 14)), np.zeros(0, dtype=int)
    with pytest.raises(BadData, match=r"no human attention maps, .*interp_images asks for"):
        analyses.run(params, Workspace(folder, where.groups), IMAGES)


# answers that change


def test_shares_of_changed_answers(where, params):
    changes = table(where, IMAGES, "changes")
    prepared = load_prepared(data_plan(params, where, tiny.DATASET))
    of = {example.question_id: example for example in prepared.test}
    patches = changes["patches"] * 16
    np.testing.assert_allclose(patches, patches.round())
    words = changes["words"] * [len(tokenise(of[one].question)) for one in changes["question_id"]]
    np.testing.assert_allclose(words, words.round(), atol=1e-5)
    for row in changes.itertuples():
        expected = official_accuracy(row.answer, of[row.question_id].answers)
        assert row.accuracy_official == expected


def test_answers_and_confidence_are_those_of_the_run(where):
    own = pd.read_parquet(where.explanation(RUN) / "predictions.parquet").set_index("question_id")
    changes = table(where, IMAGES, "changes")
    assert (own.loc[changes["question_id"], "answer"].to_numpy() == changes["answer"]).all()
    assert changes["confidence"].between(0, 1).all()


@pytest.fixture(scope="module")
def many() -> pd.DataFrame:
    """Changes that tell right from wrong, and a confidence that says nothing."""
    rng = np.random.default_rng(1)
    words = rng.random(240)
    return pd.DataFrame(
        {
            "question_id": np.arange(240),
            "image_id": np.repeat(np.arange(60), 4),
            "accuracy_official": np.where(words + 0.1 * rng.normal(size=240) < 0.4, 0.9, 0.3),
            "patches": rng.random(240),
            "large_patches": rng.random(240),
            "words": words,
            "confidence": rng.random(240),
        }
    )


def test_predictors_use_what_they_are_named_for(many):
    found = predicted_failures(many, seed=0)
    hits = found.groupby("row")["hit"].mean()
    assert set(hits.index) == {*PREDICTORS, "majority", "chance"}
    assert hits["word_changes"] > 0.85
    assert hits["changes"] > 0.85
    assert hits["confidence"] < 0.75
    assert hits["majority"] == pytest.approx((many["accuracy_official"] < 0.5).mean())
    assert hits["majority"] > 0.5
    assert hits["chance"] == 0.5


def test_a_question_without_words_is_left_out(many):
    found = predicted_failures(many.assign(words=many["words"].where(many.index != 5)), seed=0)
    assert set(found["question_id"]) == set(many["question_id"]) - {5}


# words


def test_every_word_has_the_tag_of_its_question(where, params):
    words = table(where, WORDS, "words")
    prepared = load_prepared(data_plan(params, where, tiny.DATASET))
    of = {example.question_id: example.question for example in prepared.test}
    assert words["question_id"].nunique() == tiny.TEST_QUESTIONS
    for question_id, found in words.groupby("question_id"):
        (pairs,) = pos_tags([of[question_id]])
        assert list(zip(found["word"], found["tag"], strict=True)) == pairs
        assert found["place"].tolist() == list(range(len(pairs)))


def test_importance_is_what_the_answer_loses_without_the_word(where, params):
    """The first word of the first question dropped by hand."""
    words = table(where, WORDS, "words")
    loaded = load_trained(run_plan(params, where, RUN))
    _, batch = next(loaded.batches(64))
    first = words[words["question_id"] == int(batch.question_ids[0])]
    visual, tokens = batch.visual[:1], batch.tokens[:1]
    shorter = tokens.clone()
    shorter[0, -len(first)] = 0
    with torch.no_grad():
        before = loaded.model(visual, tokens).logits.softmax(1)[0]
        after = loaded.model(visual, shorter).logits.softmax(1)[0]
    drop = float(before.max() - after[before.argmax()])
    assert first["drop"].iloc[0] == pytest.approx(drop, abs=1e-6)


def test_one_word_of_each_question_is_the_most_important(where):
    words = table(where, WORDS, "words")
    sums = words.groupby("question_id")[["occlusion", "gradient", "chance"]].sum()
    np.testing.assert_allclose(sums, 1)
    largest = words.loc[words.groupby("question_id")["slope"].idxmax()]
    assert (largest["gradient"] > 0).all()


def test_rates_by_kind(where):
    words = table(where, WORDS, "words")
    metrics = table(where, WORDS, "metrics").set_index(["run", "metric"])["value"]
    for kind in FIRST:
        mean = words.loc[words["kind"] == kind, "occlusion"].mean()
        assert metrics[f"{WORDS}/{slug(kind)}", "most_important_occlusion"] == pytest.approx(mean)
    questions = table(where, WORDS, "questions")
    of = questions[questions["row"] == "gradient"]
    rate = of[f"hits_{slug(OTHER)}"].sum() / of[f"words_{slug(OTHER)}"].sum()
    assert metrics[f"{WORDS}/{slug(OTHER)}", "most_important_gradient"] == pytest.approx(rate)


def test_words_without_a_kind_are_not_counted():
    words = pd.DataFrame(
        {
            "question_id": 1, "image_id": 2, "kind": ["nouns", "", "verbs", "nouns"],
            "occlusion": [0.5, 0.0, 0.0, 0.5], "gradient": [0.0, 1.0, 0.0, 0.0],
        }
    )  # fmt: skip
    found = by_question(words).set_index("row")
    assert found.loc["occlusion", "hits_nouns"] == 1
    assert found.loc["occlusion", "words_nouns"] == 2
    assert found.loc["gradient", f"words_{slug(OTHER)}"] == 1
    assert found.loc["gradient", [column for column in found if "hits" in column]].sum() == 0


# the study


def test_rows_of_table_1_stand_beside_the_printed_ones(where):
    tidy = pd.read_parquet(where.tables(STUDY) / "interp_1.parquet")
    reported = tidy[tidy["reported"].notna()].pivot(index="row", columns="metric")
    assert reported["reported"].T.to_dict("list") == {
        "Random": [0.0, 0.001],
        "Occlusion": [0.173, 0.004],
        "Guided backpropagation": [0.292, 0.004],
        "Human": [0.623, 0.003],
    }
    assert reported["value"].notna().all(axis=None)
    assert len(tidy) == 2 * len(METHODS)


def test_every_claim_is_measured(where):
    claims = pd.read_parquet(where.claims_of(STUDY)).set_index("claim_id")
    assert list(claims.index) == [f"I0{number}" for number in range(1, 7)]
    assert set(claims["verdict"]) <= {"undecided", "supported", "contradicted", "inconclusive"}
    comparisons = pd.read_parquet(where.claims_of(STUDY).with_name("interp_comparisons.parquet"))
    words = comparisons.loc[comparisons["claim_id"] == "I04", "comparison"].tolist()
    assert words[0] == "P(most important) by occlusion: a wh-word > an adjective"
    assert comparisons.loc[comparisons["claim_id"] == "I04", "counted"].sum() == 4


def test_the_report_shows_its_figures(where):
    page = where.report(STUDY).read_text(encoding="utf-8")
    folder = where.report(STUDY).parent / "figures"
    for name in (
        *("importance_maps", "importance_agreement", "word_importance", "word_heat"),
        *("answer_changes", "failure_prediction"),
    ):
        assert (folder / f"{name}.png").stat().st_size > 5000
        assert len(pd.read_parquet(folder / f"{name}.parquet"))
    assert "Which words matter most?" in page
    assert "Interp Table 1" in page
