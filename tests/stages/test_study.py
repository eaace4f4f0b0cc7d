"""What a study makes of its runs, on made-up scores: seeds, blocks, sets and pairs."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy

from project.params import Params
from project.significance import pairs, ranks, ranks_differ
from project.study import Measured
from project.workspace import Workspace
from stages.components import check_whole
from tests.stages import tiny
from vqax.errors import BadData, MissingArtefact
from vqax.files import write_parquet
from vqax.stats.difference import method_difference
from vqax.stats.image_variance import mean_side
from vqax.stats.seed_variance import pooled_seed_variance

STUDY = "ucam"
RUNS = {"mcb": [20, 21], "mcb_p_gca": [20, 21], "mcb_v2": [20, 21], "mcb_p_gca_v2": [20, 21]}
TYPES = {"yes/no": 4, "number": 3, "other": 2}
METRICS = ["accuracy_all", "margin"]


def settings(runs: dict[str, list[int]], **significance: Any) -> Params:
    """The study of these runs alone; seeds after the first are replicates."""
    value = tiny.study_settings()
    made = {}
    for name, seeds in runs.items():
        made[name] = {**value["runs"][name], "seed": seeds[0]}
        again = {"replicate_of": name, "group": "ucam"}
        made |= {f"{name}_{seed}": {**made[name], **again, "seed": seed} for seed in seeds[1:]}
    value |= {"runs": made, "analyses": {}}
    study = {
        **value["studies"][STUDY],
        "tables": {},
        "extra_tables": {},
        "baseline_differences": {},
    }
    blocks = ["dataset", "answer_type", "seed"]
    study["significance"] = {
        **{**study["significance"], "blocks": blocks, "sets": {}},
        **significance,
    }
    study["report"] = {**study["report"], "comparisons": {}, "figures": {}, "gallery_runs": []}
    value["studies"] = {STUDY: study}
    return check_whole(value, "params.yaml")


def question_table(dataset: str, random: np.random.Generator) -> pd.DataFrame:
    kinds = [kind for kind, count in TYPES.items() for _ in range(count)]
    first = 100 if dataset == "scenes_v1" else 900
    ids = np.arange(len(kinds)) + first
    return pd.DataFrame(
        {
            "question_id": ids,
            "image_id": ids // 3,
            "question_type": "what",
            "answer_type": kinds,
            "answer": [f"answer {value}" for value in random.integers(0, 9, len(kinds))],
            "accuracy_official": random.random(len(kinds)),
            "margin": random.random(len(kinds)),
            "attention_rank_correlation": random.random(len(kinds)),
        }
    )


def measured(folder: Path, params: Params) -> Measured:
    """The study with scores drawn from a seed of each run."""
    where = Workspace(folder, params.groups)
    for number, (name, run) in enumerate(params.runs.items()):
        random = np.random.default_rng(number)
        write_parquet(where.scores(name) / "questions.parquet", question_table(run.dataset, random))
        values = pd.DataFrame({"metric": METRICS, "value": random.random(2), "n": 9})
        values = values.assign(ci_low=values["value"] - 0.1, ci_high=values["value"] + 0.3)
        values = values.assign(run=name, unit="fraction", direction="higher")
        write_parquet(where.scores(name) / "metrics.parquet", values)
    return Measured(params, where, STUDY)


def stored(study: Measured, name: str, file: str = "questions") -> pd.DataFrame:
    return pd.read_parquet(study.workspace.scores(name) / f"{file}.parquet")


def rewrite(study: Measured, name: str, **columns: Any) -> None:
    path = study.workspace.scores(name) / "questions.parquet"
    write_parquet(path, pd.read_parquet(path).assign(**columns))


def test_a_run_and_its_repetitions_are_one(tmp_path: Path) -> None:
    study = measured(tmp_path, settings({"mcb": [20, 21, 22], "mcb_p_gca": [20]}))
    assert study.runs == ["mcb", "mcb_p_gca"]
    assert study.seeds("mcb") == ["mcb", "mcb_21", "mcb_22"]
    assert study.seeds("mcb_p_gca") == ["mcb_p_gca"]
    assert [study.params.seed_of(name) for name in study.seeds("mcb")] == [20, 21, 22]


def test_a_repetition_in_another_group_belongs_to_another_study(tmp_path: Path) -> None:
    params = settings({"mcb": [20, 21], "mcb_p_gca": [20]})
    only = params.studies[STUDY].model_copy(update={"groups": ("headline",)})
    study = measured(tmp_path, params.model_copy(update={"studies": {STUDY: only}}))
    assert study.seeds("mcb") == ["mcb"]
    assert study.metrics["seeds"].eq(1).all()
    pd.testing.assert_frame_equal(study.questions["mcb"], stored(study, "mcb"))


def test_numbers_of_a_question_are_averaged_over_the_seeds(tmp_path: Path) -> None:
    study = measured(tmp_path, settings({"mcb": [20, 21, 22]}))
    each = [stored(study, name) for name in study.seeds("mcb")]
    found = study.questions["mcb"]
    assert list(found) == list(each[0])
    for column in ("accuracy_official", "margin"):
        expected = np.mean([table[column] for table in each], axis=0)
        np.testing.assert_allclose(found[column], expected)
    for column in ("question_id", "image_id", "answer_type", "answer"):
        assert found[column].tolist() == each[0][column].tolist()


def test_seeds_need_not_list_their_questions_alike(tmp_path: Path) -> None:
    study = measured(tmp_path, settings({"mcb": [20, 21]}))
    expected = study.questions["mcb"]
    second = stored(study, "mcb_21").sample(frac=1, random_state=3)
    write_parquet(study.workspace.scores("mcb_21") / "questions.parquet", second)
    again = Measured(study.params, study.workspace, STUDY)
    pd.testing.assert_frame_equal(again.questions["mcb"], expected)


def test_a_question_undefined_for_one_seed_has_the_mean_of_the_others(tmp_path: Path) -> None:
    study = measured(tmp_path, settings({"mcb": [20, 21, 22]}))
    rewrite(study, "mcb_21", margin=np.nan)
    expected = (stored(study, "mcb")["margin"] + stored(study, "mcb_22")["margin"]) / 2
    np.testing.assert_allclose(study.questions["mcb"]["margin"], expected)


def test_metrics_are_means_over_the_seeds_with_intervals_over_both(tmp_path: Path) -> None:
    study = measured(tmp_path, settings({"mcb": [20, 21], "mcb_p_gca": [20]}))
    found = study.metrics.set_index(["run", "metric"])
    each = [stored(study, name, "metrics").set_index("metric") for name in study.seeds("mcb")]
    values = np.array([table["value"] for table in each])
    for metric, (first, second) in zip(METRICS, values.T, strict=True):
        s2 = (first - second) ** 2 / 2  # the only two trainings of one configuration
        v = (0.4 / 2 / 1.96) ** 2
        for run, n, value in (("mcb", 2, (first + second) / 2), ("mcb_p_gca", 1, None)):
            row, total = found.loc[run, metric], s2 / n + v
            df = total**2 / ((s2 / n) ** 2 / 1)
            half = scipy.stats.t.ppf(0.975, df) * total**0.5
            assert row["value"] == pytest.approx(value) or value is None
            assert row["ci_high"] - row["value"] == pytest.approx(half)
            assert row["value"] - row["ci_low"] == pytest.approx(half)
    assert found["seeds"].to_dict() == {
        **{("mcb", metric): 2 for metric in METRICS},
        **{("mcb_p_gca", metric): 1 for metric in METRICS},
    }
    assert found["n"].eq(9).all()


def test_what_was_trained_once_has_intervals_over_images(tmp_path: Path) -> None:
    study = measured(tmp_path, settings({"mcb": [20], "mcb_ve": [20]}))
    row = study.metrics.set_index(["run", "metric"]).loc["mcb", "margin"]
    expected = stored(study, "mcb", "metrics").set_index("metric").loc["margin"]
    assert tuple(row[["ci_low", "ci_high"]]) == tuple(expected[["ci_low", "ci_high"]])


def test_a_seed_that_was_not_scored_is_missing_not_left_out(tmp_path: Path) -> None:
    study = measured(tmp_path, settings({"mcb": [20, 21]}))
    (study.workspace.scores("mcb_21") / "questions.parquet").unlink()
    with pytest.raises(MissingArtefact, match=r"mcb_21/questions\.parquet"):
        study.questions  # noqa: B018


def blocks_of(study: Measured, measure: str = "accuracy_official") -> int:
    table, _ = ranks(study)
    counts = table[table["measure"] == measure]["n_blocks"].unique().tolist()
    return counts[0] if counts else 0


@pytest.mark.parametrize(
    ("blocks", "count"),
    [
        (["dataset", "answer_type", "seed"], 2 * 3 * 2),
        (["answer_type", "seed"], 3 * 2),
        (["dataset", "answer_type"], 2 * 3),
        (["answer_type"], 3),
    ],
)
def test_blocks_are_all_combinations(tmp_path: Path, blocks: list[str], count: int) -> None:
    study = measured(tmp_path, settings(RUNS, blocks=blocks))
    assert blocks_of(study) == count
    table, _ = ranks(study)
    assert set(table["block"]) == {" × ".join(blocks)}
    assert set(table["run"]) == {"mcb", "mcb_p_gca"}


def test_a_block_counts_only_where_every_system_has_it(tmp_path: Path) -> None:
    only_one = {**RUNS, "mcb": [20], "mcb_v2": [20, 22]}
    assert blocks_of(measured(tmp_path, settings(only_one))) == 2 * 3


def test_the_rank_is_that_of_the_means_of_the_blocks(tmp_path: Path) -> None:
    study = measured(tmp_path, settings(RUNS))
    means = {}
    for name in ("mcb", "mcb_p_gca"):
        for run in (name, f"{name}_21", f"{name}_v2", f"{name}_v2_21"):
            table = stored(study, run).groupby("answer_type")["accuracy_official"].mean()
            where = run.removeprefix(name)
            means |= {(name, where, kind): value for kind, value in table.items()}
    better = [means["mcb", *key[1:]] > means[key] for key in means if key[0] == "mcb_p_gca"]
    table = ranks(study)[0].query("measure == 'accuracy_official'").set_index("run")
    assert len(better) == 12
    assert table.loc["mcb", "mean_rank"] == pytest.approx(2 - np.mean(better))


@pytest.mark.parametrize(("least", "kinds"), [(2, 3), (3, 2), (4, 1), (5, 0)])
@pytest.mark.parametrize("blocks", [["dataset", "answer_type"], ["dataset", "answer_type", "seed"]])
def test_more_seeds_make_a_block_no_larger(
    tmp_path: Path, blocks: list[str], least: int, kinds: int
) -> None:
    study = measured(tmp_path, settings(RUNS, blocks=blocks, min_block_questions=least))
    assert blocks_of(study) == kinds * 2 * (2 if "seed" in blocks else 1)


def test_two_data_sets_in_one_block_have_the_questions_of_both(tmp_path: Path) -> None:
    runs = {name: [20] for name in RUNS}
    study = measured(tmp_path, settings(runs, blocks=["answer_type"], min_block_questions=5))
    assert blocks_of(study) == 2  # 8 yes/no and 6 number questions; 4 others


def test_a_data_set_without_the_measure_has_no_blocks(tmp_path: Path) -> None:
    study = measured(tmp_path, settings(RUNS))
    for name in ("mcb_v2", "mcb_v2_21", "mcb_p_gca_v2", "mcb_p_gca_v2_21"):
        rewrite(study, name, attention_rank_correlation=np.nan)
    assert blocks_of(study, "attention_rank_correlation") == 3 * 2
    assert blocks_of(study) == 2 * 3 * 2


def test_sets_are_ranked_each_by_itself(tmp_path: Path) -> None:
    runs = {"mcb": [20], "mcb_ve": [20], "mcb_pul": [20], "san": [20]}
    sets = {"losses": ["mcb", "mcb_ve", "mcb_pul"], "models": ["san", "mcb"]}
    study = measured(tmp_path, settings(runs, sets=sets))
    table, _ = ranks(study)
    for name, systems in sets.items():
        rows = table[(table["set"] == name) & (table["measure"] == "margin")]
        assert rows["run"].tolist() == systems
        assert rows["k"].eq(len(systems)).all()
        assert rows["mean_rank"].sum() == pytest.approx(len(systems) * (len(systems) + 1) / 2)
    found = pairs(study, ranks(study)[1]).query("metric == 'margin'")
    assert set(zip(found["run_b"], found["run_a"], strict=True)) == {
        *[("mcb", "mcb_ve"), ("mcb", "mcb_pul"), ("mcb_ve", "mcb_pul"), ("mcb", "san")]
    }


def test_pairs_are_of_one_data_set_and_average_the_seeds(tmp_path: Path) -> None:
    study = measured(tmp_path, settings(RUNS))
    found = pairs(study, ranks(study)[1]).query("metric == 'accuracy_official'")
    assert list(zip(found["run_b"], found["run_a"], strict=True)) == [
        ("mcb", "mcb_p_gca"),
        ("mcb_v2", "mcb_p_gca_v2"),
    ]
    for pair in found.itertuples():
        a, b = (study.questions[name]["accuracy_official"] for name in (pair.run_a, pair.run_b))
        assert pair.difference == pytest.approx((a - b).mean())
        assert pair.n == len(a) == sum(TYPES.values())
        assert 0 <= pair.nemenyi_p <= 1


def test_pairs_are_over_trainings_and_images_of_a_family(tmp_path: Path) -> None:
    """The family is one model on one data set; a run on another data set is none of it."""
    runs = {"mcb": [20, 21, 22], "mcb_p_gca": [20, 21, 22], "mcb_ve": [20, 21, 22], "mcb_v2": [20]}
    study = measured(tmp_path, settings(runs))
    chosen = "run_a == 'mcb_p_gca' and run_b == 'mcb' and metric == 'margin'"
    pair = pairs(study, ranks(study)[1]).query(chosen).iloc[0]
    values = {
        run: np.array([stored(study, name)["margin"] for name in study.seeds(run)])
        for run in ("mcb", "mcb_p_gca", "mcb_ve")
    }
    images = stored(study, "mcb")["image_id"].to_numpy()
    seeds = pooled_seed_variance([one.mean(1) for one in values.values()])
    sides = (mean_side(values[run], images) for run in ("mcb_p_gca", "mcb"))
    expected = method_difference(*sides, seeds, images=len(set(images)))
    assert (pair["difference"], pair["ci_low"], pair["ci_high"]) == pytest.approx(
        (expected.estimate, expected.low, expected.high)
    )
    assert (pair["seeds_a"], pair["seeds_b"], pair["seed_df"]) == (3, 3, 6)
    assert (pair["p"], pair["detectable"]) == pytest.approx((expected.p, expected.detectable))
    assert pair["interval"] == "trainings and images"
    assert pair["word"] in ("better", "worse", "inconclusive")
    assert pair["data"] == "Scenes v1 val"


def test_one_training_each_is_described_and_not_judged(tmp_path: Path) -> None:
    study = measured(tmp_path, settings({"mcb": [20], "mcb_ve": [20]}))
    rewrite(study, "mcb", margin=0.0)
    rewrite(study, "mcb_ve", margin=np.linspace(5, 6, 9))
    pair = pairs(study, ranks(study)[1]).query("metric == 'margin'").iloc[0]
    assert pair["ci_low"] > 4
    assert (pair["interval"], pair["word"]) == ("images", None)
    assert np.isnan(pair["p"])


def test_ranks_and_intervals_that_differ_are_told_in_a_sentence() -> None:
    assert ranks_differ("better", 0.2, 9).startswith("The interval tells the two apart, mean ranks")
    assert "9 blocks" in ranks_differ("worse", 0.2, 9)
    assert ranks_differ("inconclusive", 0.01, 9).startswith("Mean ranks tell the two apart")
    assert {ranks_differ("better", 0.01, 9), ranks_differ("inconclusive", 0.2, 9)} == {""}
    assert {ranks_differ(None, 0.01, 9), ranks_differ("better", float("nan"), 9)} == {""}


def test_runs_without_a_common_question_are_not_compared(tmp_path: Path) -> None:
    study = measured(tmp_path, settings({"mcb": [20], "mcb_ve": [20]}))
    rewrite(study, "mcb", question_id=range(9))
    with pytest.raises(BadData, match="no test question in common"):
        pairs(study, {})
