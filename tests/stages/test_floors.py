"""Floors of a data set: what answers, or points, without looking at the image."""

from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from project.dataset import load_prepared
from project.floors import MAPS, PRIORS, floor_cells, share_cell
from project.params import Params
from project.resolve import data_plan
from project.workspace import Workspace
from stages import agreement, check_floors, prepare, scenes
from tests.stages import tiny
from tests.stages.test_study import STUDY, measured, rewrite, settings
from vqax.errors import UsageError
from vqax.files import write_parquet
from vqax.metrics.accuracy import accuracies
from vqax.text.answers import soft_scores


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Params, Workspace]:
    folder = tmp_path_factory.mktemp("floors")
    params = tiny.write_settings(folder, tiny.settings())
    where = tiny.workspace(folder)
    scenes.run(params, where, tiny.DATASET)
    prepare.run(params, where, tiny.DATASET)
    agreement.run(params, where, tiny.DATASET)
    return params, where


def rows(where: Workspace) -> pd.DataFrame:
    return pd.read_parquet(where.agreement(tiny.DATASET) / "questions.parquet")


def test_the_prior_answers_what_train_answers_most_to_the_type(
    made: tuple[Params, Workspace],
) -> None:
    params, where = made
    prepared = load_prepared(data_plan(params, where, tiny.DATASET))
    scores: dict[str, Counter[str]] = defaultdict(Counter)
    for example in prepared.train:
        for answer, score in soft_scores(example.answers).items():
            if answer in prepared.answers.index:
                scores[example.question_type][answer] += score
    given = {
        e.question_id: max(
            prepared.answers.answers, key=lambda answer, e=e: scores[e.question_type][answer]
        )
        for e in prepared.test
        if scores[e.question_type]
    }
    given |= {e.question_id: "" for e in prepared.test if e.question_id not in given}
    expected = accuracies(given, prepared.test, mode=prepared.accuracy)
    found = rows(where).query("row == 'question_type_prior'")
    assert found["accuracy_official"].to_numpy() == pytest.approx(np.asarray(expected))
    assert found["accuracy_official"].mean() > 0


def test_every_floor_has_its_metrics(made: tuple[Params, Workspace]) -> None:
    _, where = made
    table = rows(where)
    assert set(table["row"]) == {"human", *MAPS, *PRIORS}
    counts = table.groupby("row")
    assert (counts["attention_rank_correlation"].count()[list(MAPS)] > 0).all()
    assert (counts["accuracy_official"].count()[list(PRIORS)] == tiny.TEST_QUESTIONS).all()
    metrics = pd.read_parquet(where.agreement(tiny.DATASET) / "metrics.parquet")
    values = metrics.set_index(["run", "metric"])["value"]
    means = counts["attention_rank_correlation"].mean()
    for row in ("human", *MAPS):
        name = f"{tiny.DATASET}/{row}"
        assert values[name, "attention_rank_correlation"] == pytest.approx(means[row])
    assert means["human"] > means["uniform_noise"]


ACCURACY = {"accuracy_all": "accuracy_all", "rank_correlation": "attention_rank_correlation"}


def test_a_table_has_the_floors_of_its_metrics_and_the_share_of_the_way(tmp_path: Path) -> None:
    study = measured(tmp_path, settings({"mcb": [20], "mcb_ve": [20]}))
    levels = {"human": 0.6, "centred_gaussian": 0.2, "uniform_noise": 0.0}
    table = pd.DataFrame(
        [
            (f"scenes_v1/{row}", "attention_rank_correlation", value, value, value, 9, "", "higher")
            for row, value in levels.items()
        ]
        + [
            (
                "scenes_v1/question_type_prior",
                "accuracy_all",
                0.4,
                0.3,
                0.5,
                9,
                "fraction",
                "higher",
            )
        ],
        columns=["run", "metric", "value", "ci_low", "ci_high", "n", "unit", "direction"],
    )
    write_parquet(study.workspace.agreement("scenes_v1") / "metrics.parquet", table)
    source = type("Source", (), {"run": "mcb_ve"})()
    cells = floor_cells(study, "ucam/IV", {"MCB": source}, ACCURACY)
    found = {(cell["row"], cell["metric"]): cell["value"] for cell in cells}
    assert found == {
        ("question-type prior", "accuracy_all"): 0.4,
        ("centred Gaussian", "rank_correlation"): 0.2,
        ("uniform noise", "rank_correlation"): 0.0,
    }
    own = {"metric": "rank_correlation", "value": 0.3, "ci_low": 0.1, "ci_high": 0.4}
    (share,) = share_cell(study, "mcb_ve", ACCURACY, [own])
    assert share["metric"] == "share_of_ceiling"
    assert [share[key] for key in ("value", "ci_low", "ci_high")] == pytest.approx(
        [0.25, -0.25, 0.5]
    )


def test_runs_are_compared_with_their_floors(tmp_path: Path) -> None:
    seeds = [20, 21, 22, 23]
    study = measured(tmp_path, settings({"mcb": seeds, "mcb_ve": seeds}))
    for run, level in (("mcb", 0.9), ("mcb_ve", 0.1)):
        for name in study.seeds(run):
            rewrite(study, name, accuracy_official=level, image_id=range(9))
    asked = pd.read_parquet(study.workspace.scores("mcb") / "questions.parquet")
    floor = asked[["question_id", "image_id", "answer_type"]].assign(accuracy_official=0.5)
    path = study.workspace.agreement("scenes_v1") / "questions.parquet"
    write_parquet(path, floor.assign(row="question_type_prior"))
    summary = check_floors.run(study.params, study.workspace, STUDY)
    table = pd.read_parquet(study.workspace.study(STUDY) / "floors.parquet")
    whole = table[table["metric"] == "accuracy_official"].set_index("run")
    assert whole["beats"].to_dict() == {"mcb": True, "mcb_ve": False}
    assert whole["difference"].to_dict() == pytest.approx({"mcb": 0.4, "mcb_ve": -0.4})
    assert "mcb_ve accuracy_official: question-type prior" in summary["does not"]


def test_a_study_without_floors(tmp_path: Path) -> None:
    study = measured(tmp_path, settings({"mcb": [20], "mcb_ve": [20]}))
    with pytest.raises(UsageError, match="no run of it can be compared with a floor"):
        check_floors.run(study.params, study.workspace, STUDY)
