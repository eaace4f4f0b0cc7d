"""Runs on regions, from training to the objects that a question needs."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
import torch

from project.dataset import load_prepared
from project.feature_files import open_feature_file
from project.merged_rows import mean_of_two
from project.params import Params
from project.questions import hints_of, questions_of
from project.resolve import data_plan, feature_plan, run_plan
from project.study import Measured
from project.trained import load_trained
from project.workspace import Workspace
from stages import analyses, compare, key_objects, prepare, scenes
from stages.analyses import own_options
from studies.attreg import key_attention
from tests.stages import tiny
from tests.stages.test_key_objects import DETECTOR, REGIONS, write_regions
from vqax.errors import BadData, MissingArtefact, UsageError
from vqax.files import read_parquet
from vqax.stats.bootstrap import bootstrap_mean_of_means

FEATURE_FILE, GROUP, STUDY = "regions_v1", "attreg", "attreg"
ON_REGIONS = {"group": GROUP, "dataset": tiny.DATASET, "features": FEATURE_FILE}
BCE = {"name": "answer", "loss": "bce"}
RUNS = {
    "updn": {**ON_REGIONS, "model": "updn", "objective": BCE},
    "counter": {**ON_REGIONS, "model": "counter", "objective": {"name": "answer"}},
    "lmh": {**ON_REGIONS, "model": "lmh", "objective": {"name": "answer", "loss": "lmh"}},
}
TUNED = {
    "updn_attreg": {
        **ON_REGIONS,
        **{"model": "updn", "backbone": f"{GROUP}/updn", "key_objects": "plain"},
        "objective": {"name": "attreg", "loss": "bce", "keep_top": 2},
    }
}
ANALYSES = {
    "key_attention": {
        **{"dataset": tiny.DATASET, "features": FEATURE_FILE, "study": STUDY},
        **{"runs": ["updn", "updn_attreg"]},
        **{"key_objects": "plain", "keep_top": 2, "sets": ["plain"]},
    },
    "domains": {
        **{"dataset": tiny.DATASET, "features": FEATURE_FILE, "study": STUDY},
        **{"runs": ["updn"], "masked": "updn"},
    },
}
ROWS = {
    "attreg/6": {
        "UpDn-AttReg | sigma=0.6": {"run": "updn_attreg", "more": "key_attention/plain"},
    },
    "attreg/7": {
        "UpDn | Baseline | vqa_cp_v2 test": "updn",
        "UpDn | w/o VAtt | vqa_cp_v2 test": {"run": "updn_attreg", "gap_to": "updn"},
    },
    "attreg/4": {
        "UpDn | vqa_cp_v2 val + vqa_cp_v2 test": {
            **{"run": "domains/updn_in", "average_with": "updn"},
            "metrics": {"accuracy_other_mean": "accuracy_other"},
        }
    },
}


def settings() -> dict[str, Any]:
    value = tiny.settings()
    value.update(runs={**RUNS, **TUNED}, region_analyses=ANALYSES)
    value["detectors"], value["regions"] = {"scenes": DETECTOR}, {FEATURE_FILE: REGIONS}
    plain = {"dataset": tiny.DATASET, "regions": FEATURE_FILE, "sigma": 0.6, "top": 3}
    value["key_objects"] = {"plain": plain}
    value["studies"] = {
        STUDY: {
            **{"groups": [GROUP], "significance": None, "tables": ROWS},
            "report": {
                "title": "AttReg",
                "research_question": "?",
                "gallery": 0,
                "comparisons": {},
            },
        }
    }
    return value


def mined(folder: Path) -> tuple[Params, Workspace]:
    """Everything that the runs start from."""
    params = tiny.write_settings(folder, settings())
    where = tiny.workspace(folder)
    scenes.run(params, where, tiny.DATASET)
    prepare.run(params, where, tiny.DATASET)
    write_regions(where.features(FEATURE_FILE), folder / REGIONS["root"])
    with h5py.File(where.features(FEATURE_FILE), "r+") as file:  # regions that can be told apart
        shape = file["features"].shape
        file["features"][:] = np.random.default_rng(0).normal(size=shape).astype(np.float16)
    key_objects.run(params, where, "plain")
    return params, where


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Params, Workspace]:
    params, where = mined(tmp_path_factory.mktemp("regions"))
    for name in params.runs:
        tiny.make_run(params, where, name)
    for name in ANALYSES:
        analyses.run(params, where, name)
    compare.run(params, where, STUDY)
    return params, where


def metrics(where: Workspace, name: str) -> pd.Series:
    return read_parquet(where.scores(name) / "metrics.parquet").set_index("metric")["value"]


@pytest.mark.parametrize("name", [*RUNS, *TUNED])
def test_maps_are_the_weights_of_regions_spread_over_their_boxes(
    made: tuple[Params, Workspace], name: str
) -> None:
    _, where = made
    folder = where.explanation(name)
    with h5py.File(folder / "regions.h5") as file, h5py.File(folder / "attention.h5") as maps:
        weights, boxes, found = (one[:] for one in (file["attention"], file["boxes"], maps["maps"]))
    assert found.shape[1:] == (14, 14)
    np.testing.assert_allclose(found.sum((1, 2)), weights.sum(1), rtol=1e-4)
    cell = 224 / 14
    edges = np.arange(14) * cell
    literal = np.zeros((14, 14))
    for weight, (x1, y1, x2, y2) in zip(weights[0], boxes[0], strict=True):
        rows = np.clip(np.minimum(y2, edges + cell) - np.maximum(y1, edges), 0, None)
        columns = np.clip(np.minimum(x2, edges + cell) - np.maximum(x1, edges), 0, None)
        covered = np.outer(rows, columns)
        literal += weight * covered / covered.sum()
    np.testing.assert_allclose(found[0], literal, atol=1e-5)


def test_what_falls_on_relevant_objects_is_scored(made: tuple[Params, Workspace]) -> None:
    _, where = made
    for name in (*RUNS, *TUNED):
        found = metrics(where, name)
        assert 0 < found["attention_relevance_mass"] < 1
        assert 0 <= found["attention_pointing_game"] <= 1
        assert np.isfinite(found["attention_rank_correlation"])


def test_the_objective_saw_the_key_objects(made: tuple[Params, Workspace]) -> None:
    params, where = made
    history = read_parquet(where.run("updn_attreg") / "history.parquet")
    seen = history[history["split"] == "train"].groupby("metric")["value"].mean()
    assert seen["key_objects"] > 0
    assert 0 < seen["curated_share"] <= 1
    prepared = load_prepared(data_plan(params, where, tiny.DATASET))
    feature_file = open_feature_file(feature_plan(params, where, FEATURE_FILE))
    asked = questions_of(
        run_plan(params, where, "updn_attreg"),
        prepared.train,
        prepared,
        feature_file,
        to_train=True,
    )
    batch = asked.batch(np.arange(len(asked)))
    mined = read_parquet(where.key_objects("plain"))
    for row, question_id in enumerate(batch.question_ids.tolist()):
        own = mined[mined["question_id"] == question_id]
        best = own.groupby("box")["similarity"].max()
        expected = best.reindex(range(6), fill_value=0).to_numpy()
        np.testing.assert_allclose(batch.hints[row], expected, rtol=1e-6)


def test_a_loss_with_priors_gets_those_of_train(made: tuple[Params, Workspace]) -> None:
    params, where = made
    prepared = load_prepared(data_plan(params, where, tiny.DATASET))
    feature_file = open_feature_file(feature_plan(params, where, FEATURE_FILE))
    asked = questions_of(
        run_plan(params, where, "lmh"), prepared.train, prepared, feature_file, to_train=True
    )
    assert asked.batch(np.arange(3)).bias is not None
    assert asked.batch(np.arange(3)).hints is None
    plain = questions_of(
        run_plan(params, where, "updn"), prepared.train, prepared, feature_file, to_train=True
    )
    assert plain.batch(np.arange(3)).bias is None


def test_models_that_read_boxes_get_them(made: tuple[Params, Workspace]) -> None:
    params, where = made
    loaded = load_trained(run_plan(params, where, "counter"))
    batch = loaded.questions.batch(np.arange(2))
    boxes = batch.visual[..., -4:]
    assert batch.visual.shape[-1] == loaded.feature_file.width + 4
    assert bool((boxes[..., 2:] > boxes[..., :2]).all())
    assert float(boxes.max()) <= 1
    few = loaded.restricted_to(loaded.examples[1::-1])
    assert torch.equal(few.questions.batch(np.arange(2)).visual, batch.visual.flip(0))
    assert torch.equal(few.questions.batch(np.arange(2)).tokens, batch.tokens.flip(0))


def test_attention_on_key_objects_is_what_it_says(made: tuple[Params, Workspace]) -> None:
    params, where = made
    table = read_parquet(where.analysis("key_attention") / "questions.parquet")
    table = table[table["row"] == "updn"].set_index("question_id")
    loaded = load_trained(run_plan(params, where, "updn"))
    hints = hints_of(where.key_objects("plain"), 6)
    batch = loaded.questions.batch(np.arange(len(loaded.questions)))
    with torch.no_grad():
        attention = loaded.model(batch.visual, batch.tokens).attention
    for row, question_id in enumerate(batch.question_ids.tolist()):
        weights, key = attention[row].tolist(), hints.get(question_id, np.zeros(6)) > 0
        found = table.loc[question_id]
        if not key.any():
            assert np.isnan(found["key_share"])
            continue
        assert found["key_share"] == pytest.approx(sum(np.array(weights)[key]), abs=1e-5)
        kept = sorted(range(6), key=lambda one: -weights[one])[:2]
        last = weights[kept[-1]]
        ignored = [one for one in range(6) if key[one] and weights[one] <= last - 1e-5]
        assert found["ignored_key_objects"] == len(ignored)


def test_key_objects_that_were_not_mined_are_missing(made: tuple[Params, Workspace]) -> None:
    params, where = made
    options = own_options({**ANALYSES["key_attention"], "sets": ["never_mined"]})
    with pytest.raises(MissingArtefact, match=r"never_mined\.parquet: no such file"):
        key_attention.run(params, where, **options)


def cell(where: Workspace, table: str, row: str, metric: str) -> pd.Series:
    found = read_parquet(where.tables(STUDY) / f"{table.replace('/', '_')}.parquet")
    return found[(found["row"] == row) & (found["metric"] == metric)].iloc[0]


def test_a_row_takes_what_its_run_lacks_from_another_source(
    made: tuple[Params, Workspace],
) -> None:
    _, where = made
    row = "UpDn-AttReg | sigma=0.6"
    ratio = cell(where, "attreg/6", row, "key_object_sample_ratio")
    mined = read_parquet(where.key_objects("plain"))["question_id"]
    train = read_parquet(where.dataset(tiny.DATASET) / "train.parquet")["question_id"]
    assert ratio["value"] == pytest.approx(100 * train.isin(mined).mean())
    own = cell(where, "attreg/6", row, "accuracy_all")["value"]
    assert own == pytest.approx(100 * metrics(where, "updn_attreg")["accuracy_all"])


def test_a_gap_is_the_difference_to_the_run_above(made: tuple[Params, Workspace]) -> None:
    _, where = made
    gap = cell(where, "attreg/7", "UpDn | w/o VAtt | vqa_cp_v2 test", "accuracy_all_gap")
    above, below = (metrics(where, name)["accuracy_all"] for name in ("updn", "updn_attreg"))
    assert gap["value"] == pytest.approx(100 * (above - below), abs=1e-6)
    assert gap["ci_low"] <= gap["value"] <= gap["ci_high"]


def test_a_row_may_average_two_data_sets(made: tuple[Params, Workspace]) -> None:
    params, where = made
    row = "UpDn | vqa_cp_v2 val + vqa_cp_v2 test"
    found = cell(where, "attreg/4", row, "accuracy_other_mean")
    inside = read_parquet(where.analysis("domains") / "metrics.parquet")
    inside = inside[inside["run"] == "domains/updn_in"].set_index("metric")
    outside = read_parquet(where.scores("updn") / "metrics.parquet").set_index("metric")
    a, b = (table.loc["accuracy_other"] for table in (inside, outside))
    assert found["value"] == pytest.approx(50 * (a["value"] + b["value"]))
    assert found["n"] == a["n"] + b["n"]
    asked = read_parquet(where.analysis("domains") / "questions.parquet")
    both = (
        asked[asked["row"] == "updn_in"],
        read_parquet(where.scores("updn") / "questions.parquet"),
    )
    others = [table[table["answer_type"] == "other"] for table in both]
    interval = bootstrap_mean_of_means(
        *((one["accuracy_official"].to_numpy(), one["image_id"].to_numpy()) for one in others),
        samples=params.score.resamples,
        seed=params.seed,
    )
    assert [found["ci_low"], found["ci_high"]] == pytest.approx(100 * np.array(interval[1:3]))
    label = params.datasets[tiny.DATASET].label
    assert found["dataset"] == f"{label.removesuffix(' test')}, held out of train + {label}"


def test_only_accuracies_are_averaged(made: tuple[Params, Workspace]) -> None:
    measured = Measured(*made, STUDY)
    with pytest.raises(UsageError, match=r"margin of updn and updn_attreg: only accuracy_all, "):
        mean_of_two(measured, "updn", "updn_attreg", ("margin",))


def test_key_objects_have_to_be_mined_first(made: tuple[Params, Workspace], tmp_path: Path) -> None:
    _, where = made
    with pytest.raises(MissingArtefact, match=r"none\.parquet"):
        hints_of(where.key_objects("none"), 6)
    with pytest.raises(BadData, match=r"names region \d, but images have 2"):
        hints_of(where.key_objects("plain"), 2)
