"""Every stage in order on a tiny data set: what each one leaves, and what must be true of it."""

import re
import shutil
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from project.dataset import load_prepared
from project.feature_files import open_feature_file
from project.params import Params, load
from project.resolve import data_plan, feature_plan
from project.tables import read_tables
from project.workspace import Workspace
from stages import check, report, table
from tests.stages import tiny
from vqax.errors import OutOfTolerance, UsageError
from vqax.files import read_json
from vqax.report.tables import COLUMNS
from vqax.text.tokens import QuestionVocabulary, tokenise

METRIC_COLUMNS = ["run", "metric", "value", "ci_low", "ci_high", "n", "unit", "direction"]
PREDICTION_COLUMNS = [
    *["question_id", "image_id", "question", "question_type", "answer_type", "truth"],
    *["answer", "top5_answers", "top5_probabilities"],
    *["aleatoric", "epistemic", "entropy", "predictive", "nll_of_error", "margin"],
    *["accuracy_official", "accuracy_simple"],
]
RUNS = ["lstm_qi", "san", "san_p_gca", "mcb", "mcb_a_gca", "mcb_p_gca"]


@pytest.fixture(scope="module")
def params(finished: Path) -> Params:
    return load(finished / "params.yaml")


@pytest.fixture(scope="module")
def where(finished: Path) -> Workspace:
    return tiny.workspace(finished)


def test_the_runs_are_those_of_the_headline(params: Params) -> None:
    assert list(params.runs) == RUNS


def test_prepare_divides_pictures_not_questions(where: Workspace) -> None:
    parts = pd.concat(
        pd.read_parquet(where.dataset(tiny.DATASET) / f"{part}.parquet").assign(part=part)
        for part in ("train", "validation", "test")
    )
    assert len(parts) == tiny.TRAIN_QUESTIONS + tiny.TEST_QUESTIONS
    assert parts["question_id"].is_unique
    assert parts.groupby("image_id")["part"].nunique().eq(1).all()
    assert parts["part"].value_counts()["test"] == tiny.TEST_QUESTIONS
    card = read_json(where.dataset(tiny.DATASET) / "card.json")
    assert card["questions"] == parts["part"].value_counts().to_dict()
    assert (
        card["skipped"]
        == 0
        == len(pd.read_parquet(where.dataset(tiny.DATASET) / "skipped.parquet"))
    )


def test_vocabularies_know_train_only(where: Workspace, params: Params) -> None:
    folder = where.dataset(tiny.DATASET)
    asked = pd.read_parquet(where.explanation("san") / "predictions.parquet")
    questions = QuestionVocabulary.from_json(folder / "question_vocabulary.json")
    prepared = load_prepared(data_plan(params, where, tiny.DATASET))
    of_train = {word for example in prepared.train for word in tokenise(example.question)}
    assert set(questions.words[2:]) == of_train
    assert set(asked["answer"]) <= set(prepared.answers.answers)


def test_three_people_looked_at_every_test_question(where: Workspace) -> None:
    with h5py.File(where.dataset(tiny.DATASET) / "human_maps.h5") as file:
        assert file["maps"].shape == (3 * tiny.TEST_QUESTIONS, 14, 14)
        assert np.ptp(file["maps"][:], axis=(1, 2)).min() > 0


def test_every_picture_has_features(where: Workspace, params: Params) -> None:
    feature_file = open_feature_file(feature_plan(params, where, tiny.DATASET))
    assert (len(feature_file.image_ids), feature_file.grid, feature_file.width) == (
        20,
        (14, 14),
        112,
    )
    skipped = pd.read_parquet(where.data / "features" / f"{tiny.DATASET}_skipped.parquet")
    assert (len(skipped), list(skipped)) == (0, ["file", "entry", "reason"])


@pytest.mark.parametrize("name", RUNS)
def test_training_leaves_weights_and_a_finite_history(where: Workspace, name: str) -> None:
    assert (where.run(name) / "model.safetensors").stat().st_size > 1000
    assert read_json(where.run(name) / "model.json")["run"] == name
    history = pd.read_parquet(where.run(name) / "history.parquet")
    assert sorted(history) == ["epoch", "metric", "run", "split", "value"]
    assert set(history["run"]) == {name}
    assert sorted(history["epoch"].unique()) == [1, 2]
    assert set(history["split"]) == {"train", "val"}
    assert np.isfinite(history["value"]).all()
    loss = history[(history["split"] == "train") & (history["metric"] == "loss")]
    assert len(loss) == 2


def test_finished_trainings_keep_no_checkpoint(where: Workspace) -> None:
    assert not any((where.data / "checkpoints").iterdir())


@pytest.mark.parametrize("name", RUNS)
def test_predictions(where: Workspace, name: str) -> None:
    table = pd.read_parquet(where.explanation(name) / "predictions.parquet")
    assert set(PREDICTION_COLUMNS) <= set(table)
    assert len(table) == tiny.TEST_QUESTIONS
    assert table["question_id"].is_unique
    top = np.stack(table["top5_probabilities"].to_list())
    assert (np.diff(top, axis=1) <= 0).all()
    assert (top > 0).all()
    assert (top.sum(axis=1) <= 1 + 1e-6).all()
    assert (table["top5_answers"].str[0] == table["answer"]).all()
    np.testing.assert_allclose(table["margin"], top[:, 0] - top[:, 1], atol=1e-6)
    assert table["accuracy_official"].between(0, 1).all()
    assert table["accuracy_simple"].between(0, 1).all()


@pytest.mark.parametrize("name", RUNS)
def test_uncertainties(where: Workspace, params: Params, name: str) -> None:
    table = pd.read_parquet(where.explanation(name) / "predictions.parquet")
    assert (table["epistemic"] >= -1e-9).all()
    assert (table["entropy"] >= table["epistemic"] - 1e-9).all()
    if params.run(name).objective.name == "answer":
        assert table["aleatoric"].isna().all()
        np.testing.assert_allclose(table["predictive"], table["entropy"])
    else:
        assert (table["aleatoric"] > 0).all()
        np.testing.assert_allclose(table["predictive"], table["entropy"] + table["aleatoric"])


@pytest.mark.parametrize("name", RUNS)
def test_every_row_of_the_index_points_to_its_map(where: Workspace, name: str) -> None:
    folder = where.explanation(name)
    index = pd.read_parquet(folder / "index.parquet")
    predictions = pd.read_parquet(folder / "predictions.parquet").set_index("question_id")
    assert list(index) == ["question_id", "method", "row", "answer", "file"]
    assert sorted(index["method"].unique()) == tiny.METHODS.get(name, ["attention", "grad_cam"])
    assert (predictions.loc[index["question_id"], "answer"].to_numpy() == index["answer"]).all()
    for file, rows in index.groupby("file"):
        with h5py.File(folder / str(file)) as found:
            maps, ids = found["maps"][:], found["question_ids"][:]
        assert maps.shape == (tiny.TEST_QUESTIONS, 14, 14)
        assert maps.dtype == np.float32
        assert np.isfinite(maps).all()
        assert (ids[rows["row"]] == rows["question_id"]).all()
        assert len(rows) == tiny.TEST_QUESTIONS


@pytest.mark.parametrize("name", RUNS[1:])
def test_attention_is_a_distribution(where: Workspace, name: str) -> None:
    with h5py.File(where.explanation(name) / "attention.h5") as file:
        np.testing.assert_allclose(file["maps"][:].sum(axis=(1, 2)), 1, atol=1e-3)


@pytest.mark.parametrize("name", RUNS)
def test_scores(where: Workspace, name: str) -> None:
    metrics = pd.read_parquet(where.scores(name) / "metrics.parquet")
    questions = pd.read_parquet(where.scores(name) / "questions.parquet")
    assert list(metrics) == METRIC_COLUMNS
    assert metrics["metric"].is_unique
    assert set(metrics["direction"]) == {"higher", "lower", ""}
    # a resample repeats questions, which alone makes a small calibration error larger
    inside = metrics[metrics["metric"] != "ece"].dropna(subset=["value", "ci_low"])
    assert (inside["ci_low"] <= inside["value"] + 1e-9).all()
    assert (inside["value"] <= inside["ci_high"] + 1e-9).all()
    values = metrics.set_index("metric")
    assert values.loc["accuracy_all", "value"] == pytest.approx(
        questions["accuracy_official"].mean()
    )
    by_type = values.loc[["accuracy_yes_no", "accuracy_number", "accuracy_other"]]
    assert by_type["n"].sum() == tiny.TEST_QUESTIONS
    weighted = (by_type["value"] * by_type["n"]).sum() / by_type["n"].sum()
    assert weighted == pytest.approx(values.loc["accuracy_all", "value"])


@pytest.mark.parametrize("name", RUNS)
def test_maps_are_scored_against_people(where: Workspace, params: Params, name: str) -> None:
    questions = pd.read_parquet(where.scores(name) / "questions.parquet")
    metrics = pd.read_parquet(where.scores(name) / "metrics.parquet").set_index("metric")
    for method in tiny.METHODS.get(name, ["attention", "grad_cam"]):
        rank = questions[f"{method}_rank_correlation"].dropna()
        assert rank.between(-1, 1).all()
        assert questions[f"{method}_emd"].dropna().between(0, 1).all()
        assert metrics.loc[f"{method}_emd", "n"] <= params.score.emd_questions
        assert metrics.loc[f"{method}_emd", "unit"] == "fraction of the grid diagonal"
        assert metrics.loc[f"{method}_histogram_emd", "unit"] == "fraction of the value range"
    assert ("attention_rank_correlation" in questions) == (name != "lstm_qi")


def test_the_headline_has_the_columns_of_the_design(where: Workspace) -> None:
    headline = read_tables(where, tiny.STUDY)
    expected = [
        *["table", "row", "dataset", "metric", "value", "ci_low", "ci_high", "n", "seeds"],
        *["reported", "reported_dataset", "direction", "note"],
    ]
    assert list(headline) == expected == COLUMNS
    assert not headline.duplicated(["table", "row", "metric"]).any()


@pytest.mark.parametrize("number", ["I", "II", "IV"])
def test_every_printed_number_is_kept_and_unchanged(where: Workspace, number: str) -> None:
    reported = pd.read_csv(Workspace().published("ucam") / f"table_{number}.csv")
    headline = read_tables(where, tiny.STUDY)
    ours = headline[(headline["table"] == f"ucam/{number}") & headline["reported"].notna()]
    both = reported.merge(ours, on=["table", "row", "metric"], suffixes=("_reported", "_ours"))
    assert len(both) == len(reported) == len(ours)
    assert (both["value_reported"] == both["reported"]).all()
    assert (both["dataset_reported"] == both["reported_dataset"]).all()
    assert (both["direction_reported"] == both["direction_ours"]).all()


def test_measured_numbers_are_those_of_the_runs(where: Workspace, params: Params) -> None:
    headline = read_tables(where, tiny.STUDY).set_index(["table", "row", "metric"])
    for row, run in params.study(tiny.STUDY).tables["ucam/II"].items():
        metrics = pd.read_parquet(where.scores(run) / "metrics.parquet").set_index("metric")
        measured = headline.loc[("ucam/II", row, "accuracy_all"), "value"]
        assert measured == pytest.approx(100 * metrics.loc["accuracy_all", "value"])
    unmeasured = headline.loc[("ucam/II", "VE", "accuracy_all")]
    assert np.isnan(unmeasured["value"])
    human_maps = headline.loc[("ucam/IV", "Human [34]", "rank_correlation")]
    assert 0.2 < human_maps["value"] < 0.95
    assert human_maps["n"] == tiny.TEST_QUESTIONS


def test_ranks_and_pairs(where: Workspace) -> None:
    ranks = pd.read_parquet(where.significance(tiny.STUDY) / "ranks.parquet")
    for _, rows in ranks.groupby("measure"):
        k = len(rows)
        assert rows["k"].eq(k).all()
        assert rows["mean_rank"].sum() == pytest.approx(k * (k + 1) / 2)
        assert rows["cd"].nunique() == rows["n_blocks"].nunique() == 1
    pairs = pd.read_parquet(where.significance(tiny.STUDY) / "pairs.parquet")
    accuracy = pairs[pairs["metric"] == "accuracy_official"]
    assert len(accuracy) == len(RUNS) * (len(RUNS) - 1) / 2
    means = {
        name: pd.read_parquet(where.scores(name) / "questions.parquet")["accuracy_official"].mean()
        for name in RUNS
    }
    for pair in accuracy.itertuples():
        assert pair.difference == pytest.approx(means[pair.run_a] - means[pair.run_b])
    assert set(pairs.loc[pairs["metric"] == "attention_emd", "run_a"]) == set(RUNS[2:])


def test_metrics_and_curves_for_dvc(where: Workspace) -> None:
    metrics = read_json(where.study(tiny.STUDY) / "metrics.json")
    assert list(metrics)[: len(RUNS)] == list(RUNS)
    references = list(metrics)[len(RUNS) :]
    assert {"scenes_v1/human", "scenes_v1/random"} <= set(references)
    assert all(name.startswith("scenes_v1/") for name in references)
    assert "aleatoric" not in metrics["mcb"]
    assert "aleatoric" in metrics["mcb_a_gca"]
    curves = pd.read_csv(where.study(tiny.STUDY) / "curves.csv")
    assert set(curves) == {"epoch", *RUNS}
    assert curves["epoch"].tolist() == [1, 2]


@pytest.mark.parametrize("form", list(table.FORMATS))
def test_tables_are_rendered(where: Workspace, params: Params, form: str) -> None:
    assert table.text_of(table.chosen(params, where, None, tiny.STUDY), form).split() == [
        "ucam/I",
        "ucam/II",
        "ucam/IV",
    ]
    text = table.text_of(table.chosen(params, where, "ucam/II", tiny.STUDY), form)
    assert "63.8" in text
    assert "P-GCA (ours)" in text


def test_the_report_is_one_file_that_asks_for_nothing(where: Workspace, params: Params) -> None:
    page = where.report(tiny.STUDY).read_text(encoding="utf-8")
    links = re.findall(r"""\s(?:src|href|srcset|action|data)\s*=\s*["']?([^"'\s>]*)""", page)
    assert links
    pages = ("data:", "#", f"browse/{tiny.DATASET}.html")
    assert all(link.startswith(pages) for link in links)
    assert not re.search(r"url\(\s*[\"']?(?!data:|#)", page)
    assert not re.search(
        r"@import|fetch\(|XMLHttpRequest|WebSocket|<(?:script|iframe)[^>]+src", page
    )
    assert all(params.label(name) in page for name in RUNS)
    assert page.count('<article class="card"') == params.study(tiny.STUDY).report.gallery


def test_a_second_report_is_the_same_bytes(
    where: Workspace, params: Params, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(where.root, copy)
    again = Workspace(copy, where.groups)
    report.run(params, again, tiny.STUDY)
    assert again.report(tiny.STUDY).read_bytes() == where.report(tiny.STUDY).read_bytes()


def test_check_accepts_what_was_measured_and_refuses_another_number(
    where: Workspace, tmp_path: Path
) -> None:
    value = read_json(where.study(tiny.STUDY) / "metrics.json")["mcb"]["accuracy_all"]
    path = tmp_path / "tolerances.yaml"
    path.write_text("metrics: [accuracy_all]")
    assert check.write(where.study(tiny.STUDY), path)["metrics"] == len(RUNS)
    with pytest.raises(UsageError, match="every configuration was trained once"):
        check.run(where.study(tiny.STUDY), path)
    text = "metrics: [accuracy_all]\nexpected: {{mcb: {{accuracy_all: {}}}}}"
    path.write_text(text.format([value, value + 0.01, value - 0.01]))
    assert check.run(where.study(tiny.STUDY), path) == {"within tolerance": 1}
    path.write_text(text.format([value + 0.5, value + 0.501, value + 0.499]))
    with pytest.raises(OutOfTolerance, match=r"mcb\.accuracy_all is"):
        check.run(where.study(tiny.STUDY), path)


@pytest.mark.parametrize("name", ["lstm_qi", "mcb_p_gca"])
def test_the_same_seed_gives_the_same_metrics(
    where: Workspace, params: Params, tmp_path: Path, name: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(where.data, copy / "data", ignore=shutil.ignore_patterns("runs", "scores"))
    again = Workspace(copy, where.groups)
    tiny.make_run(params, again, name)
    for file in ("metrics.parquet", "questions.parquet"):
        first, second = (pd.read_parquet(w.scores(name) / file) for w in (where, again))
        pd.testing.assert_frame_equal(first, second, check_exact=True)
    weights = [(w.run(name) / "model.safetensors").read_bytes() for w in (where, again)]
    assert weights[0] == weights[1]


def test_another_seed_gives_other_weights(where: Workspace, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(where.data, copy / "data")
    params = tiny.write_settings(copy, {**tiny.settings(), "seed": 21})
    before = (where.run("mcb") / "model.safetensors").read_bytes()
    tiny.make_run(params, Workspace(copy, where.groups), "mcb")
    assert (Workspace(copy, where.groups).run("mcb") / "model.safetensors").read_bytes() != before
