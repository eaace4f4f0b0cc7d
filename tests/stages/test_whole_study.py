"""The study `ucam` with a few runs on tiny data sets: tables, claims, figures and report."""

import copy
import re
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest

from project import dataset
from project.floors import FLOORS, MAPS, PRIORS
from project.maps import write_hdf5
from project.params import Params, load
from project.resolve import data_plan
from project.study import Measured
from project.tables import read_tables
from project.workspace import Workspace
from stages import agreement, claims, compare, report
from stages.components import load_whole
from stages.figures import sections
from stages.table import chosen, text_of
from stages.tables import GAINS
from studies import claim_rules, figures, tables
from tests.stages import tiny
from vqax.errors import UsageError
from vqax.files import read_json
from vqax.report.claims import CLAIM_COLUMNS, OVER_TRAININGS

STUDY = tiny.WHOLE_STUDY
NUMBERS = ["I", "II", "III", "IV", "V", "VI", "VII"]
FLOOR_NAMES = set(FLOORS.values())
UNREPORTED = ["ucam/controls", "ucam/inputs"]


@pytest.fixture(scope="module")
def params(whole: Path) -> Params:
    return load_whole(whole / "params.yaml")


@pytest.fixture(scope="module")
def where(whole: Path) -> Workspace:
    return tiny.workspace(whole)


@pytest.fixture(scope="module")
def study(params: Params, where: Workspace) -> Measured:
    return Measured(params, where, STUDY)


@pytest.fixture(scope="module")
def tidy(where: Workspace) -> pd.DataFrame:
    return read_tables(where, STUDY)


def mean(table: pd.DataFrame, column: str) -> float:
    return float(table[column].mean())


# tables


@pytest.mark.parametrize("number", NUMBERS)
def test_every_printed_number_stands_in_its_table(tidy: pd.DataFrame, number: str) -> None:
    reported = pd.read_csv(Workspace().published("ucam") / f"table_{number}.csv")
    ours = tidy[(tidy["table"] == f"ucam/{number}") & tidy["reported"].notna()]
    both = reported.merge(ours, on=["table", "row", "metric"])
    assert len(both) == len(reported) == len(ours)
    assert (both["value_x"] == both["reported"]).all()
    order = list(zip(ours["row"], ours["metric"], strict=True))
    assert order == list(zip(reported["row"], reported["metric"], strict=True))


def test_every_table_of_the_settings_is_written(tidy: pd.DataFrame) -> None:
    assert set(tidy["table"]) == {*(f"ucam/{number}" for number in NUMBERS), *UNREPORTED}
    assert set(tidy["table"]) <= set(tables())
    assert not tidy.duplicated(["table", "row", "metric"]).any()


def test_a_row_is_measured_where_it_has_a_run(tidy: pd.DataFrame, study: Measured) -> None:
    measured = tidy.dropna(subset="value").groupby("table")["row"].unique()
    for table, rows in study.study.rows.items():
        assert set(measured[table]) - FLOOR_NAMES == set(rows), table


@pytest.mark.parametrize("table", UNREPORTED)
def test_rows_that_no_paper_prints_have_nothing_published(
    tidy: pd.DataFrame, study: Measured, table: str
) -> None:
    rows = tidy[tidy["table"] == table]
    assert rows["reported"].isna().all()
    names = list(rows["row"].unique())
    assert [name for name in names if name not in FLOOR_NAMES] == list(study.study.rows[table])
    assert set(names) >= FLOOR_NAMES
    assert list(rows["metric"].unique())[:2] == ["accuracy_all", "rank_correlation"]


@pytest.mark.parametrize(
    ("table", "row"), [("ucam/IV", "random maps"), ("ucam/III", "Grad-CAM of P-GCA")]
)
def test_rows_added_to_a_printed_table_stand_behind_it(
    tidy: pd.DataFrame, table: str, row: str
) -> None:
    rows = tidy[tidy["table"] == table].reset_index(drop=True)
    own = rows[rows["row"] == row]
    assert own["reported"].isna().all()
    assert own["value"].notna().all()
    assert own.index.min() > rows[rows["reported"].notna()].index.max()


def test_seeds_are_counted_in_the_tables(tidy: pd.DataFrame, params: Params) -> None:
    two = {"P-GCA (ours)", "P-GCA + MCB (ours)", "Epistemic (100% training)", "P-GCA"}
    rows = tidy.dropna(subset="value")
    assert rows.loc[rows["row"].isin(FLOOR_NAMES), "seeds"].isna().all()  # nothing was trained
    rows = rows[~rows["row"].isin(FLOOR_NAMES)]
    here = rows[rows["dataset"] == params.datasets[tiny.DATASET].label]
    twice = here[here["seeds"] == 2]
    assert set(twice["row"]) == two | {"uncertainty of both (P-GCA)"}
    assert set(here[~here["row"].isin(twice["row"])]["seeds"]) == {1}
    assert set(rows[rows["dataset"] != here["dataset"].iloc[0]]["seeds"]) == {1}


def test_a_run_with_two_seeds_is_their_mean(tidy: pd.DataFrame, where: Workspace) -> None:
    each = [
        pd.read_parquet(where.scores(name) / "questions.parquet")
        for name in ("mcb_p_gca", tiny.REPLICATE)
    ]
    assert mean(each[0], "margin") != mean(each[1], "margin")
    rows = tidy[(tidy["table"] == "ucam/IV") & (tidy["row"] == "P-GCA (ours)")]
    found = rows.set_index("metric")["value"]
    expected = np.mean([mean(table, "margin") for table in each])
    assert found["top2_distance"] == pytest.approx(expected)
    note = rows.set_index("metric").loc["top2_distance", "note"]
    values = [float(value) for value in note.rsplit("by seed: ", 1)[1].split("; ")[0].split(", ")]
    assert values == pytest.approx([mean(table, "margin") for table in each], abs=6e-4)
    alone = tidy[(tidy["table"] == "ucam/IV") & (tidy["row"] == "Baseline (MCB)")]
    assert not alone["note"].str.contains("by seed").any()


def test_a_table_names_the_data_set_it_was_measured_on(tidy: pd.DataFrame, params: Params) -> None:
    rows = tidy.dropna(subset="value").groupby("table")["dataset"].unique()
    for table, names in rows.items():
        name = tiny.SECOND_DATASET if table == "ucam/VI" else tiny.DATASET
        assert list(names) == [params.datasets[name].label]


@pytest.mark.parametrize("table", UNREPORTED)
def test_gains_are_the_paired_differences(
    tidy: pd.DataFrame, study: Measured, where: Workspace, table: str
) -> None:
    baseline = study.study.baseline_differences[table]
    rows = tidy[tidy["table"] == table].set_index(["row", "metric"])
    differences = pd.read_parquet(where.significance(STUDY) / "pairs.parquet")
    differences = differences.set_index(["run_a", "run_b", "metric"])["difference"]
    checked = 0
    for row, source in study.study.rows[table].items():
        baseline_differences = [
            metric for metric in rows.loc[row].index if metric.endswith("_gain")
        ]
        assert (len(baseline_differences) == 0) == (source.run == baseline)
        for name in baseline_differences:
            metric = name.removesuffix("_gain")
            columns = [study.questions[run][GAINS[metric]] for run in (source.run, baseline)]
            scale = 100 if metric == "accuracy_all" else 1
            gain = rows.loc[(row, name)]
            expected = scale * (columns[0] - columns[1]).mean()
            assert gain["value"] == pytest.approx(expected, abs=1e-9)
            assert gain["ci_low"] <= gain["value"] + 1e-9
            assert gain["value"] <= gain["ci_high"] + 1e-9
            assert gain["note"] == "minus MCB, paired by question"
            key = (source.run, baseline, GAINS[metric])
            if key in differences:
                assert gain["value"] == pytest.approx(scale * differences[key], abs=1e-9)
                checked += 1
    assert checked >= len(GAINS)


def test_table_v_is_the_uncertainty_of_its_runs(tidy: pd.DataFrame, study: Measured) -> None:
    rows = tidy[tidy["table"] == "ucam/V"].set_index(["row", "metric"])["value"]
    for row, run, metric, column in (
        ("Aleatoric (with VE)", "mcb_ve", "uncertainty_variance", "aleatoric"),
        ("Epistemic (50% training)", "mcb_p_gca_50", "mutual_information", "epistemic"),
        ("Epistemic (100% training)", "mcb_p_gca", "uncertainty_variance", "probability_variance"),
    ):
        assert rows[row, metric] == pytest.approx(mean(study.questions[run], column))
    spread = study.questions["mcb_ve"]["aleatoric"].var(ddof=0)
    assert rows["Aleatoric (with VE)", "variance_across_questions"] == pytest.approx(spread)


def test_table_iii_is_the_analysis_of_the_masks(tidy: pd.DataFrame, where: Workspace) -> None:
    rows = tidy[tidy["table"] == "ucam/III"].set_index(["row", "metric"])["value"]
    questions = pd.read_parquet(where.analysis("explanation_masks") / "questions.parquet")
    of = questions[questions["row"] == "predictive_mask"]
    assert rows["Predictive mask", "rank_correlation"] == pytest.approx(
        mean(of, "rank_correlation")
    )


@pytest.mark.parametrize("form", ["markdown", "csv", "latex"])
@pytest.mark.parametrize("table", ["ucam/V", "ucam/controls"])
def test_a_table_of_the_study_is_rendered(
    params: Params, where: Workspace, table: str, form: str
) -> None:
    text = text_of(chosen(params, where, table, STUDY), form)
    first = next(iter(params.study(STUDY).rows[table]))
    assert first in text


def with_rows(params: Params, **tables: dict[str, Any]) -> Params:
    value = params.model_dump(mode="json")
    value["studies"][STUDY]["extra_tables"].update(tables)
    return Params.model_validate(value)


def copied(where: Workspace, folder: Path) -> Workspace:
    shutil.copytree(where.root, folder / "copy")
    return Workspace(folder / "copy", where.groups)


def test_people_of_a_data_set_without_human_maps_are_no_row(
    params: Params, where: Workspace, tmp_path: Path
) -> None:
    copy = copied(where, tmp_path)
    path = copy.dataset(tiny.SECOND_DATASET) / "human_maps.h5"
    write_hdf5(path, question_ids=np.zeros(0, np.int64), maps=np.zeros((0, 14, 14), np.float32))
    summary = agreement.run(params, copy, tiny.SECOND_DATASET)
    assert {name.split()[0].rpartition("/")[2] for name in summary} == set(PRIORS)
    asked = with_rows(params, **{"ucam/IV": {"Human [34]": f"{tiny.SECOND_DATASET}/human"}})
    with pytest.raises(UsageError, match=r"row 'Human \[34\]' of ucam/IV.*no measurement.*take"):
        compare.run(asked, copy, STUDY)


def test_an_unknown_row_of_an_analysis_names_the_known_ones(
    params: Params, where: Workspace, tmp_path: Path
) -> None:
    asked = with_rows(params, **{"ucam/controls": {"dream": "explanation_masks/dream"}})
    with pytest.raises(UsageError, match=r"explanation_masks/dream.*explanation_masks/grad_cam"):
        compare.run(asked, copied(where, tmp_path), STUDY)


def test_agreement_of_people_lies_above_that_of_random_maps(where: Workspace) -> None:
    table = pd.read_parquet(where.agreement(tiny.DATASET) / "metrics.parquet")
    values = table.set_index(["run", "metric"])["value"]
    human_maps, random = (f"{tiny.DATASET}/{who}" for who in ("human", "random"))
    metric = "attention_rank_correlation"
    assert abs(values[random, metric]) < 0.15 < 0.3 < values[human_maps, metric]
    assert values[human_maps, "attention_emd"] < values[random, "attention_emd"]
    maps = table[table["metric"].str.startswith("attention")]
    assert maps["n"].eq(tiny.TEST_QUESTIONS).all()


def test_metrics_and_curves_for_dvc_have_a_run_once(where: Workspace, study: Measured) -> None:
    metrics = read_json(where.study(STUDY) / "metrics.json")
    curves = pd.read_csv(where.study(STUDY) / "curves.csv")
    assert set(curves) == {"epoch", *study.runs}
    assert tiny.REPLICATE not in metrics
    analysed = [name for name in metrics if name.startswith("explanation_masks/")]
    assert list(metrics) == [
        *study.runs,
        *analysed,
        *(f"{tiny.DATASET}/{row}" for row in ("human", *MAPS, "random", *PRIORS)),
    ]
    assert len(analysed) == len(study.params.analyses["explanation_masks"]["rows"])


# claims


def test_every_claim_has_a_verdict(where: Workspace) -> None:
    table = pd.read_parquet(where.claims)
    assert list(table) == [*CLAIM_COLUMNS, *OVER_TRAININGS]
    assert set(table["claim_id"]) == set(claim_rules()["ucam"])
    assert set(table["verdict"]) > {"not testable here"}
    comparisons = pd.read_parquet(where.claims.with_name("claim_comparisons.parquet"))
    assert set(comparisons["claim_id"]) <= set(table["claim_id"])


def test_claims_count_the_seeds_and_use_the_analyses(where: Workspace) -> None:
    table = pd.read_parquet(where.claims).set_index("claim_id")
    assert table.loc["U01", "seeds"] == 2  # about P-GCA alone, which has two
    assert table.loc["U12", "seeds"] == 1  # about P-GCA and others, which have one
    for analysed in ("U23", "U33"):
        assert table.loc[analysed, "verdict"] != "not testable here"


def test_claims_without_a_study_that_tests_them(params: Params, where: Workspace) -> None:
    studies = {tiny.STUDY: params.studies[tiny.STUDY]}
    with pytest.raises(UsageError, match="no study tests the claims of a paper; name one"):
        claims.gather(params.model_copy(update={"studies": studies}), where)


# figures


def test_the_studies_draw_every_kind_of_figure() -> None:
    studies = load(tiny.ROOT / "params.yaml").studies.values()
    assert {name for study in studies for name in study.report.figures} == set(figures())


def frames(where: Workspace, name: str) -> pd.DataFrame:
    return pd.read_parquet(where.report(STUDY).parent / "figures" / f"{name}.parquet")


def test_a_figure_is_drawn_and_its_numbers_kept(where: Workspace) -> None:
    folder = where.report(STUDY).parent / "figures"
    names = {path.stem for path in folder.glob("*.parquet")}
    assert names == {path.stem for path in folder.glob("*.svg")}
    assert names == {path.stem for path in folder.glob("*.png")}
    drawn = {name.removesuffix(re.search(r"(_\d+)?$", name)[0]) for name in names}
    assert drawn == {
        *["controls", "noise_top5", "noise_flips", "variance_inputs", "variance_inputs_maps"],
        *["uncertainty_error", "uncertainty_histograms", "top2_distance", "loss_variance"],
        *["mask_comparison", "attention_samples", "training_share"],
    }


def test_flip_rates_are_means_over_the_questions(where: Workspace) -> None:
    rates = frames(where, "noise_flips").set_index(["run", "noise", "strength"])
    asked = pd.read_parquet(where.analysis("noise") / "questions.parquet")
    expected = asked.groupby(["run", "noise", "strength"])["flipped"].mean()
    assert len(rates) == len(expected) == 3 * (2 + 1)
    for (run, noise, strength), value in expected.items():
        kind = {"image": "image", "question": "question"}[noise]
        assert rates.loc[(run, kind, strength), "value"] == pytest.approx(value)


def test_the_example_of_noise_is_one_question(where: Workspace, study: Measured) -> None:
    top = frames(where, "noise_top5")
    asked = study.questions["mcb"].set_index("question_id")
    (question,) = top["question_id"].unique()
    assert top["truth"].eq(asked.loc[question, "truth"]).all()
    own = top[top["condition"] != "another word"]
    assert own["question"].eq(asked.loc[question, "question"]).all()
    assert set(top["condition"]) == {"clean", "noise in the image", "another word"}
    sizes = top.groupby(["run", "condition"]).size()
    assert sizes.eq(sizes.iloc[0]).all()


def test_the_figure_of_controls_is_the_table_of_gains(where: Workspace, tidy: pd.DataFrame) -> None:
    drawn = frames(where, "controls").set_index(["run", "metric"])
    baseline_differences = tidy[
        (tidy["table"] == "ucam/controls") & tidy["metric"].str.endswith("_gain")
    ]
    assert len(drawn) == len(baseline_differences)
    for gain in baseline_differences.itertuples():
        metric = gain.metric.removesuffix("_gain")
        scale = 100 if metric == "accuracy_all" else 1
        row = drawn.loc[(gain.row, metric)]
        assert row["difference"] == pytest.approx(gain.value / scale)
        assert row["ci_low"] == pytest.approx(gain.ci_low / scale)


def test_the_training_share_is_that_of_the_run(where: Workspace, study: Measured) -> None:
    drawn = frames(where, "training_share")
    assert set(drawn["share"]) == {0.5, 1.0}
    chosen = drawn[drawn["metric"] == "epistemic"].set_index("share")["value"]
    assert chosen[0.5] == pytest.approx(mean(study.questions["mcb_p_gca_50"], "epistemic"))
    assert chosen[1.0] == pytest.approx(mean(study.questions["mcb_p_gca"], "epistemic"))


@pytest.mark.parametrize(
    ("name", "first", "rows"),
    [("variance_inputs_maps", "where people looked", 3), ("mask_comparison", "what people", 5)],
)
def test_rows_of_maps_begin_with_the_people(
    where: Workspace, name: str, first: str, rows: int
) -> None:
    drawn = frames(where, name)
    assert drawn["map"].iloc[0].startswith(first)
    sizes = drawn.groupby("question_id").size()
    assert len(sizes) == 4
    assert sizes.eq(rows + 1).all()
    human_maps = drawn[drawn["map"] == drawn["map"].iloc[0]]
    assert human_maps["rank_correlation"].isna().all()
    assert drawn.drop(human_maps.index)["rank_correlation"].between(-1, 1).all()


def test_samples_of_attention_go_from_certain_to_uncertain(where: Workspace) -> None:
    paths = sorted((where.report(STUDY).parent / "figures").glob("attention_samples_*.parquet"))
    assert len(paths) == 2
    varied = pd.read_parquet(where.analysis("attention_samples") / "samples.parquet")
    most = varied.groupby("question_id")["answer"].nunique().max()
    for path in paths:
        drawn = pd.read_parquet(path)
        assert len(drawn) == 4
        assert drawn["sample"].is_unique
        assert drawn["uncertainty"].is_monotonic_increasing
    assert pd.read_parquet(paths[0])["answer"].nunique() <= most


def test_a_study_without_figures_has_no_section(
    params: Params, where: Workspace, tmp_path: Path
) -> None:
    assert sections(Measured(params, where, tiny.STUDY), tmp_path) == ()
    assert not list(tmp_path.iterdir())


# report


def test_the_report_shows_every_run_figure_and_claim(
    where: Workspace, params: Params, study: Measured
) -> None:
    page = where.report(STUDY).read_text(encoding="utf-8")
    assert all(params.label(name) in page for name in study.runs)
    assert all(claim in page for claim in claim_rules()["ucam"])
    assert params.datasets[tiny.SECOND_DATASET].label in page
    assert page.count("<article") >= params.study(STUDY).report.gallery
    for number in NUMBERS:
        assert f"U-CAM Table {number}:" in page
    links = re.findall(r"""\s(?:src|href|srcset|action|data)\s*=\s*["']?([^"'\s>]*)""", page)
    outside = [link for link in links if not link.startswith(("data:", "#"))]
    explorers = {Path(link.partition("#")[0]) for link in outside}  # pages beside the report
    assert all((where.report(STUDY).parent / page).is_file() for page in explorers)


def test_settings_of_other_studies_are_not_in_a_report(where: Workspace, study: Measured) -> None:
    settings = {
        "seed": 20,
        "datasets": {"scenes_v1": 1, "scenes_v2": 2},
        "models": {"lstm_qi": 1, "mlb": 2},
        "runs": dict.fromkeys([*study.params.runs, "mlb"], 1),
        "analyses": dict.fromkeys([*study.params.analyses, "dreams"], 1),
        "studies": {tiny.STUDY: 1, STUDY: 2},
        "labels": {"mcb": "MCB", "mcb_ve": "MCB + VE"},
    }
    kept = {**settings, "datasets": {"scenes_v1": 1}, "models": {"lstm_qi": 1}, "analyses": {}}
    kept |= {"labels": {"mcb": "MCB"}, "studies": {tiny.STUDY: 1}}
    headline = Measured(study.params, where, tiny.STUDY)
    kept["runs"] = dict.fromkeys(headline.runs, 1)
    assert report.settings_of(headline, copy.deepcopy(settings)) == kept
    whole = report.settings_of(study, settings)
    assert whole["runs"] == dict.fromkeys(study.params.runs, 1)
    assert set(whole["analyses"]) == set(study.params.analyses)
    assert whole["studies"] == {STUDY: 2}


def test_explanation_maps_reach_the_14_by_14_grid(where: Workspace, params: Params) -> None:
    with h5py.File(where.dataset(tiny.DATASET) / "explanation_maps.h5") as file:
        assert file["maps"].shape[1:] == (14, 14)
        ids = set(file["question_ids"][:].tolist())
    tested = {
        e.question_id for e in dataset.load_prepared(data_plan(params, where, tiny.DATASET)).test
    }
    assert len(ids) == tiny.EXPLAINED_QUESTIONS
    assert ids <= tested


def test_agreement_of_an_unknown_data_set(params: Params, where: Workspace) -> None:
    with pytest.raises(UsageError, match=r"vqa_v9: no such data set; .*scenes_v1, scenes_v2"):
        agreement.run(params, where, "vqa_v9")
