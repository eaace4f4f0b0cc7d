"""What is asked of trained runs beyond maps and scores."""

import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
from PIL import Image

import studies
from project.dataset import load_prepared
from project.human_maps import read_human_maps
from project.maps import write_hdf5
from project.params import Params, load
from project.resolve import data_plan
from project.workspace import Workspace
from stages import analyses
from stages.components import check_whole, unknown_members
from tests.stages import tiny
from vqax.errors import BadData, UsageError
from vqax.files import read_json, write_json
from vqax.metrics import MAP_METRICS

GRID = (14, 14)


@pytest.fixture(scope="module")
def params(whole: Path) -> Params:
    return load(whole / "params.yaml")


@pytest.fixture(scope="module")
def where(whole: Path) -> Workspace:
    return tiny.workspace(whole)


@pytest.fixture
def copied(where: Workspace, tmp_path: Path) -> Workspace:
    shutil.copytree(where.root, tmp_path / "copy")
    return Workspace(tmp_path / "copy", where.groups)


def table(where: Workspace, analysis: str, file: str) -> pd.DataFrame:
    return pd.read_parquet(where.analysis(analysis) / f"{file}.parquet")


def maps(where: Workspace, analysis: str) -> dict[str, np.ndarray]:
    with h5py.File(where.analysis(analysis) / "maps.h5") as file:
        return {name: values[:] for name, values in file.items()}


def with_options(params: Params, analysis: str, **options: Any) -> Params:
    changed = {**params.analyses, analysis: {**params.analyses[analysis], **options}}
    return params.model_copy(update={"analyses": changed})


def test_the_settings_have_every_analysis() -> None:
    assert set(load(tiny.ROOT / "params.yaml").all_analyses) == set(studies.analyses())


def test_an_unknown_analysis_names_the_known_ones(params: Params, where: Workspace) -> None:
    with pytest.raises(UsageError, match=r"dreams: no such analysis; .*explanation_masks, noise"):
        analyses.run(params, where, "dreams")


# every training of a run


def test_an_analysis_looks_into_every_training_of_its_runs(
    params: Params, copied: Workspace
) -> None:
    """A second training of the same weights: the same answers under the name of the first."""
    runs, again = dict(params.runs), "mcb_p_gca_seed33"
    runs[again] = runs["mcb_p_gca"].model_copy(update={"replicate_of": "mcb_p_gca", "seed": 33})
    more = params.model_copy(update={"runs": runs})
    groups = {**copied.groups, again: runs[again].group}
    where = Workspace(copied.root, groups)
    shutil.copytree(where.run("mcb_p_gca"), where.run(again))
    about = where.run(again) / "model.json"
    write_json(about, read_json(about) | {"run": again, "seed": 33})
    name = "attention_samples"
    assert analyses.repetitions(more, more.analyses[name], "headline") == {33: {"mcb_p_gca": again}}
    analyses.run(more, where, name)
    both, first = (table(where, name, file) for file in ("samples_by_training", "samples"))
    assert dict(both["seed"].value_counts()) == {params.seed: len(first), 33: len(first)}
    for seed in (params.seed, 33):
        one = both[both["seed"] == seed].drop(columns="seed").reset_index(drop=True)
        pd.testing.assert_frame_equal(one, first)


def test_runs_without_a_common_further_seed_are_looked_into_once(params: Params) -> None:
    name = "noise"
    assert analyses.repetitions(params, params.analyses[name], "headline") == {}


# explanation_masks


def test_every_row_scores_every_question_with_an_outline_once(
    params: Params, where: Workspace
) -> None:
    rows = params.analyses["explanation_masks"]["rows"]
    scores = table(where, "explanation_masks", "questions")
    human_maps = read_human_maps(where.dataset(tiny.DATASET) / "explanation_maps.h5")
    assert list(scores["row"].unique()) == list(rows)
    assert not scores.duplicated(["row", "question_id"]).any()
    for row, found in scores.groupby("row"):
        assert set(found["question_id"]) == set(human_maps)
        assert found["run"].eq(rows[row]["run"]).all()
    assert len(human_maps) == tiny.EXPLAINED_QUESTIONS
    assert scores["rank_correlation"].dropna().between(-1, 1).all()
    assert scores["emd"].between(0, 1).all()
    assert scores["histogram_emd"].between(0, 1).all()


def test_the_metrics_of_the_masks_are_means_over_the_questions(where: Workspace) -> None:
    scores = table(where, "explanation_masks", "questions")
    metrics = table(where, "explanation_masks", "metrics").set_index(["run", "metric"])
    assert len(metrics) == scores["row"].nunique() * len(MAP_METRICS)
    for row, found in scores.groupby("row"):
        for name in MAP_METRICS:
            mean = metrics.loc[(f"explanation_masks/{row}", name)]
            assert mean["value"] == pytest.approx(found[name].mean())
            assert mean["ci_low"] <= mean["value"] + 1e-9 <= mean["ci_high"] + 2e-9
            assert mean["n"] == found[name].notna().sum()
            assert mean["direction"] == MAP_METRICS[name].direction


def test_masks_are_kept_as_they_were_compared(params: Params, where: Workspace) -> None:
    found = maps(where, "explanation_masks")
    ids = found.pop("question_ids")
    assert set(found) == set(params.analyses["explanation_masks"]["rows"])
    human_maps = read_human_maps(where.dataset(tiny.DATASET) / "explanation_maps.h5")
    scores = table(where, "explanation_masks", "questions").set_index(["row", "question_id"])
    for row, values in found.items():
        assert values.shape == (len(ids), *GRID)
        assert values.min() >= 0
        assert np.isfinite(values).all()
        for mask, question_id in zip(values, ids.tolist(), strict=True):
            drawn = human_maps[question_id]
            emd = MAP_METRICS["emd"].compute(np.repeat(mask[None], len(drawn), axis=0), drawn)
            assert scores.loc[(row, question_id), "emd"] == pytest.approx(np.nanmean(emd))


def test_methods_give_different_masks(where: Workspace) -> None:
    found = maps(where, "explanation_masks")
    found.pop("question_ids")
    assert len({values.tobytes() for values in found.values()}) == len(found)


def test_masks_of_pixels_use_the_picture(params: Params, copied: Workspace) -> None:
    """A black image leaves the stored features alone, so only these masks change."""
    rows = params.analyses["explanation_masks"]["rows"]
    chosen = {name: rows[name] for name in ("grad_cam", "deconvolution", "guided_grad_cam")}
    before = maps(copied, "explanation_masks")
    prepared = load_prepared(data_plan(params, copied, tiny.DATASET))
    image_of = {example.question_id: example.image_id for example in prepared.test}
    black = image_of[int(before["question_ids"][0])]
    path = prepared.image_path(black)
    with Image.open(path) as image:
        size = image.size
    Image.new("RGB", size).save(path)
    analyses.run(
        with_options(params, "explanation_masks", rows=chosen), copied, "explanation_masks"
    )
    after = maps(copied, "explanation_masks")
    about = np.array([image_of[int(one)] == black for one in before["question_ids"]])
    assert 0 < about.sum() < len(about)
    np.testing.assert_array_equal(after["grad_cam"], before["grad_cam"])
    for name in ("deconvolution", "guided_grad_cam"):
        np.testing.assert_allclose(after[name][~about], before[name][~about], atol=1e-5)
        same = [np.allclose(a, b) for a, b in zip(after[name], before[name], strict=True)]
        assert not any(np.array(same)[about])


def test_a_data_set_without_outlines(params: Params, where: Workspace) -> None:
    asked = with_options(params, "explanation_masks", dataset=tiny.SECOND_DATASET)
    with pytest.raises(BadData, match=r"datasets/scenes_v2: no VQA-X maps.*take it out of params"):
        analyses.run(asked, where, "explanation_masks")


# noise


def test_noise_asks_every_question_once_per_kind_and_strength(
    params: Params, where: Workspace
) -> None:
    options = params.analyses["noise"]
    asked = table(where, "noise", "questions")
    key = ["run", "noise", "strength"]
    assert not asked.duplicated([*key, "question_id"]).any()
    assert set(asked.groupby(key).size().index) == {
        (run, noise, strength)
        for run in options["runs"]
        for noise, strength in [*(("image", s) for s in options["strengths"]), ("question", 1.0)]
    }
    assert asked.groupby(key).size().eq(tiny.TEST_QUESTIONS).all()
    assert asked.groupby("question_id")["image_id"].nunique().eq(1).all()


def test_flips_are_shares_of_the_samples(params: Params, where: Workspace) -> None:
    asked = table(where, "noise", "questions")
    times = asked["flipped"] * params.analyses["noise"]["samples"]
    assert np.allclose(times, times.round())
    assert asked["flipped"].between(0, 1).all()
    assert asked["flipped"].max() > 0
    assert asked["probability_change"].between(-1, 1).all()
    assert asked["probability_change"].abs().gt(1e-6).groupby(asked["noise"]).mean().gt(0.9).all()


def test_stronger_noise_in_the_picture_moves_the_probabilities_further(where: Workspace) -> None:
    asked = table(where, "noise", "questions")
    image = asked[asked["noise"] == "image"]
    moved = image["probability_change"].abs().groupby([image["run"], image["strength"]]).mean()
    for run in image["run"].unique():
        assert moved[run, 0.5] < moved[run, 1.0]


def test_the_first_questions_are_shown_with_their_answers(params: Params, where: Workspace) -> None:
    top = table(where, "noise", "top5")
    options = params.analyses["noise"]
    first = table(where, "noise", "questions")["question_id"].unique()[: options["examples"]]
    assert set(top["question_id"]) == set(first)
    assert set(top["noise"]) == {"none", "image", "question"}
    shown = top.groupby(["question_id", "run", "noise"])
    assert len(shown) == options["examples"] * len(options["runs"]) * 3
    assert shown.size().eq(5).all()
    assert shown["probability"].apply(lambda p: p.is_monotonic_decreasing).all()
    assert set(top.loc[top["noise"] == "image", "strength"]) == {min(options["strengths"])}
    words = shown["disturbed_question"].first().unstack()
    assert (words["none"] == words["image"]).all()
    changed = [
        sum(a != b for a, b in zip(before.split(), after.split(), strict=True))
        for before, after in zip(words["none"], words["question"], strict=True)
    ]
    assert set(changed) == {1}


def test_undisturbed_answers_are_those_of_the_run(where: Workspace) -> None:
    top = table(where, "noise", "top5")
    first = top[top["noise"] == "none"].groupby(["run", "question_id"])["answer"].first()
    for run, answers in first.groupby("run"):
        own = pd.read_parquet(where.explanation(run) / "predictions.parquet")
        own = own.set_index("question_id")["answer"]
        assert (answers.droplevel("run") == own.loc[answers.droplevel("run").index]).all()


# attention_samples


def test_samples_of_the_first_questions_with_human_maps(params: Params, where: Workspace) -> None:
    options = params.analyses["attention_samples"]
    drawn = table(where, "attention_samples", "samples")
    human_maps = read_human_maps(where.dataset(tiny.DATASET) / "human_maps.h5")
    assert set(drawn["question_id"]) == set(sorted(human_maps)[: options["questions"]])
    assert not drawn.duplicated(["question_id", "sample"]).any()
    assert set(drawn["sample"]) == set(range(options["samples"]))
    assert len(drawn) == options["questions"] * options["samples"]
    assert drawn["probability"].between(0, 1).all()
    assert (drawn["entropy"] > 0).all()
    assert (drawn["aleatoric"] > 0).all()
    assert drawn["rank_correlation"].between(-1, 1).all()


def test_a_right_sample_gives_the_answer_of_most_people(params: Params, where: Workspace) -> None:
    drawn = table(where, "attention_samples", "samples")
    prepared = load_prepared(data_plan(params, where, tiny.DATASET))
    truth = {example.question_id: example.multiple_choice_answer for example in prepared.test}
    assert (drawn["correct"] == (drawn["answer"] == drawn["question_id"].map(truth))).all()
    assert 0 < drawn["correct"].mean() < 1


def test_every_sample_looks_elsewhere(params: Params, where: Workspace) -> None:
    options = params.analyses["attention_samples"]
    found = maps(where, "attention_samples")
    shape = (options["samples"], options["questions"], *GRID)
    assert found["maps"].shape == shape
    np.testing.assert_allclose(found["maps"].sum(axis=(2, 3)), 1, atol=1e-3)
    assert np.ptp(found["maps"], axis=0).max(axis=(1, 2)).min() > 1e-6


def test_the_maps_are_in_the_order_of_the_samples(where: Workspace) -> None:
    drawn = table(where, "attention_samples", "samples").set_index(["sample", "question_id"])
    human_maps = read_human_maps(where.dataset(tiny.DATASET) / "human_maps.h5")
    found = maps(where, "attention_samples")
    correlate = MAP_METRICS["rank_correlation"].compute
    for sample, of_sample in enumerate(found["maps"]):
        for question_id, values in zip(found["question_ids"].tolist(), of_sample, strict=True):
            seen = human_maps[question_id]
            expected = np.nanmean(correlate(np.repeat(values[None], len(seen), axis=0), seen))
            own = drawn.loc[(sample, question_id), "rank_correlation"]
            assert own == pytest.approx(expected, abs=1e-3)


def test_a_data_set_without_people(params: Params, copied: Workspace) -> None:
    path = copied.dataset(tiny.DATASET) / "human_maps.h5"
    write_hdf5(path, question_ids=np.zeros(0, np.int64), maps=np.zeros((0, *GRID), np.float32))
    with pytest.raises(BadData, match=r"datasets/scenes_v1: no human attention maps.*take it out"):
        analyses.run(params, copied, "attention_samples")


@pytest.mark.parametrize("name", ["explanation_masks", "noise", "attention_samples"])
def test_an_analysis_made_again_is_the_same_bytes(
    params: Params, copied: Workspace, name: str
) -> None:
    before = {path.name: path.read_bytes() for path in copied.analysis(name).iterdir()}
    shutil.rmtree(copied.analysis(name))
    analyses.run(params, copied, name)
    assert {path.name: path.read_bytes() for path in copied.analysis(name).iterdir()} == before


@pytest.mark.parametrize(
    ("analysis", "options", "words"),
    [
        ("noise", {"strengths": [0.0, 0.5]}, ["analyses.noise.strengths.0", "greater than 0"]),
        ("noise", {"strengths": []}, ["analyses.noise.strengths", "at least 1"]),
        ("noise", {"strengths": "much"}, ["analyses.noise.strengths", "'much'"]),
        ("noise", {"samples": 0}, ["analyses.noise.samples"]),
        ("noise", {"stength": 1}, ["analyses.noise.stength"]),
        ("attention_samples", {"questions": "all"}, ["analyses.attention_samples.questions"]),
        ("attention_samples", {"samples": -1}, ["analyses.attention_samples.samples"]),
        ("explanation_masks", {"rows": {}}, ["analyses.explanation_masks.rows", "at least 1"]),
        (
            "explanation_masks",
            {"rows": {"a": {"run": "mcb"}}},
            ["analyses.explanation_masks.rows.a", "at least 2"],
        ),
        (
            "explanation_masks",
            {"rows": {"a": {"run": "mcb", "method": "lime"}}},
            ["analyses.explanation_masks.rows.a.method: 'lime'", "deconvolution", "grad_cam"],
        ),
        (
            "explanation_masks",
            {"rows": {"a": {"run": "mcb", "method": "grad_cam", "gain": "1"}}},
            ["analyses.explanation_masks.rows.a.gain"],
        ),
    ],
)
def test_options_that_make_no_sense_are_listed(
    analysis: str, options: dict[str, Any], words: list[str]
) -> None:
    settings = tiny.study_settings()
    settings["analyses"][analysis].update(options)
    (line,) = unknown_members(settings)
    assert all(word in line for word in words), line


def test_all_mistakes_of_the_analyses_are_listed_at_once() -> None:
    settings = tiny.study_settings()
    settings["analyses"]["noise"]["strengths"] = [0]
    settings["analyses"]["noise"]["runs"].append("bert")
    settings["analyses"]["attention_samples"].pop("name")
    with pytest.raises(UsageError, match=r"3 mistake") as caught:
        check_whole(settings, "params.yaml")
    for word in ("noise.strengths.0", "noise.runs: 'bert'", "attention_samples.name"):
        assert word in str(caught.value)
