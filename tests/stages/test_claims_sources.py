"""Runs, analyses and people as sources of a claim; the study is a stand-in of a few questions."""

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from project.claim_sources import collect
from project.maps import write_hdf5
from project.workspace import Workspace
from stages.claims import claims, published_claims
from studies import claim_rules
from studies.ucam.claims import RULES
from vqax.claims.measure import APART, BOTH
from vqax.claims.measure import measured as contrast_of
from vqax.claims.rules import Comparison, Row, Rule, Side, describe, falling, larger, rising
from vqax.claims.sources import HUMANS, NotMeasured, Sources
from vqax.claims.verdicts import judged
from vqax.errors import BadData, MissingArtefact
from vqax.files import write_parquet
from vqax.report.claims import CLAIM_COLUMNS, COMPARISON_COLUMNS
from vqax.stats.bootstrap import paired_bootstrap

QUESTIONS = 24
IDS = {"question_id": np.arange(QUESTIONS) + 100, "image_id": np.arange(QUESTIONS) // 2}
NO_RANKS = pd.DataFrame(columns=["set", "measure", "run", "mean_rank", "n_blocks", "k", "cd"])


def scores(seed, shift=0.0):
    rng = np.random.default_rng(seed)
    columns = (
        *("accuracy_official", "attention_rank_correlation", "attention_emd", "entropy"),
        *("predictive", "nll_of_error", "grad_cam_rank_correlation", "margin"),
    )
    values = {column: rng.normal(size=QUESTIONS) + shift for column in columns}
    return pd.DataFrame({**IDS, **values, "aleatoric": np.nan})


def study(folder, questions, rows=None, seeds=None, analyses=("explanation_masks", "noise")):
    """What ``project.study.Measured`` has of a study."""
    runs = dict.fromkeys(questions, SimpleNamespace(dataset="scenes", system=None))
    params = SimpleNamespace(
        run=runs.__getitem__,
        label=str.upper,
        seed=0,
        score=SimpleNamespace(resamples=50),
        all_analyses=analyses,
        experiments={},
        labels={},
    )
    rows = {
        table: {row: SimpleNamespace(run=run) for row, run in named.items()}
        for table, named in (rows or {}).items()
    }
    return SimpleNamespace(
        params=params,
        workspace=Workspace(folder),
        study=SimpleNamespace(rows=rows),
        questions=questions,
        seeds=lambda run: [run] * (seeds or {}).get(run, 1),
    )


def sources(values, rows=None, ranks=NO_RANKS, **more):
    return Sources(values=values, rows=rows or {}, ranks=ranks, **more)


def test_a_comparison_is_the_paired_bootstrap_of_what_both_answered():
    a, b = scores(0).iloc[2:], scores(1).sample(frac=1, random_state=0)
    found = contrast_of(larger("entropy", "a", "b"), sources({"a": a, "b": b}), samples=40, seed=3)
    other = b.set_index("question_id").loc[a["question_id"], "entropy"].to_numpy()
    expected = paired_bootstrap(
        a["entropy"].to_numpy(), other, clusters=a["image_id"].to_numpy(), samples=40, seed=3
    )
    assert found == pytest.approx(expected)
    assert found.n == QUESTIONS - 2


@pytest.mark.parametrize(
    ("statistic", "columns"),
    [
        ("correlation", ["predictive", "entropy"]),
        ("separation", ["predictive", "accuracy_official"]),
    ],
)
def test_statistics_of_one_run_use_its_columns(statistic, columns):
    table = scores(2)
    table["predictive"] = table["entropy"] * (1 if statistic == "correlation" else 0)
    table["predictive"] -= 0 if statistic == "correlation" else table["accuracy_official"]
    comparison = Comparison(statistic, tuple(Side("run", column) for column in columns))
    found = contrast_of(comparison, sources({"run": table}), samples=40, seed=0)
    assert found.value == pytest.approx({"correlation": 1.0, "separation": 0.5}[statistic])
    assert found.low > 0


def test_chains_are_steps_in_their_order():
    assert falling("m", "a", "b", "c") == (larger("m", "a", "b"), larger("m", "b", "c"))
    assert rising("m", "a", "b", "c") == (larger("m", "b", "a"), larger("m", "c", "b"))


def test_several_values_of_a_question_are_averaged():
    twice = pd.concat([scores(0), scores(0).assign(entropy=0.0)])
    column = sources({"run": twice}).column("run", "entropy")
    assert len(column) == QUESTIONS
    assert column["entropy"].to_numpy() == pytest.approx(scores(0)["entropy"] / 2)


@pytest.mark.parametrize(
    ("comparison", "sentence"),
    [
        (larger("margin", Row("ucam/I", "SAN"), "a"), "No run here for the rows of ucam/I: SAN."),
        (larger("margin", "mcb_ve", "a"), "Not run here: mcb_ve."),
        (larger("margin", "x", "y"), "Not run here: x, y."),
        (larger("aleatoric", "a", "a"), "No values here of aleatoric of a."),
        (larger("emd", "a", "b"), "No values here of emd of a, emd of b."),
        (larger("margin", "a", "few"), "Fewer than 6 images with a value of a and few (5)."),
        (larger("margin", "a", "elsewhere"), "a value of a and elsewhere (0)."),
        (
            Comparison("correlation", (Side("flat", "margin"), Side("a", "margin"))),
            "Undefined on these questions: flat and a.",
        ),
        (
            larger("margin", "a", "b", statistic="mean rank"),
            "Not ranked together: a and b.",
        ),
        (
            Comparison(APART, (Side("few", "margin"), Side("a", "margin"))),
            "Fewer than 6 images with a value of few (5).",
        ),
    ],
)
def test_what_is_missing_is_named(comparison, sentence):
    known = {"a": scores(0), "b": scores(1), "few": scores(1).iloc[:10]}
    known["elsewhere"] = scores(1).assign(image_id=IDS["image_id"] + 1000)
    known["flat"] = scores(1).assign(margin=1.0)
    with pytest.raises(NotMeasured, match=f"{re.escape(sentence)}$"):
        contrast_of(comparison, sources(known), samples=20, seed=0)


def of_both(*runs):
    return Comparison(BOTH, tuple(Side(run, "entropy") for run in runs))


def test_the_mean_over_both_sets_is_of_the_differences_on_each():
    first, second = scores(0), scores(1).iloc[:14]
    second = second.assign(image_id=second["image_id"] + 5)
    known = sources(
        {
            "a": first.assign(entropy=first["entropy"] + 4.0),
            "a_v2": second.assign(entropy=second["entropy"] + 1.0),
            "b": first,
            "b_v2": second,
        }
    )
    found = contrast_of(of_both("a", "a_v2", "b", "b_v2"), known, samples=30, seed=0)
    assert found[:4] == pytest.approx((2.5, 2.5, 2.5, QUESTIONS + 14))
    rotated = contrast_of(of_both("b", "b_v2", "a", "a_v2"), known, samples=30, seed=0)
    assert rotated.value == pytest.approx(-2.5)


def test_a_mean_over_twice_the_same_set_is_as_sure_as_one():
    known = sources({"a": scores(0), "b": scores(1)})
    both = contrast_of(of_both("a", "a", "b", "b"), known, samples=60, seed=0)
    assert both[:3] == pytest.approx(
        contrast_of(larger("entropy", "a", "b"), known, samples=60, seed=0)[:3]
    )


def test_values_of_different_pictures_are_compared_by_their_means():
    a, b = scores(0, 3.0), scores(1).assign(question_id=np.arange(QUESTIONS) + 900)
    known = sources({"a": a, "b": b})
    comparison = Comparison(APART, (Side("a", "entropy"), Side("b", "entropy")))
    found = contrast_of(comparison, known, samples=60, seed=0)
    assert found.value == pytest.approx(a["entropy"].mean() - b["entropy"].mean())
    assert found.low > 0
    rotated = contrast_of(Comparison(APART, comparison.sides[::-1]), known, samples=60, seed=0)
    assert rotated.high < 0


@pytest.mark.parametrize("paper", claim_rules())
def test_a_claim_counts_a_comparison_once_and_a_reader_can_tell_them_apart(paper):
    name = sources({}).label
    for claim, rule in claim_rules()[paper].items():
        words = [describe(comparison, name) for comparison in rule.comparisons]
        assert len(set(words)) == len(words), claim


def test_faithfulness_is_read_by_rank_part_and_method(tmp_path):
    workspace = Workspace(tmp_path)
    tvd = [np.arange(36.0, 0.0, -1.0)] * QUESTIONS
    table = pd.DataFrame(IDS).assign(method="attention", rank_correlation=0.5, tvd=tvd)
    table = table.assign(accuracy=[np.array([1.0, 0.0])] * QUESTIONS, top_fifth=1.0, rest=0.25)
    write_parquet(workspace.analysis("faithfulness") / "questions.parquet", table)
    found = collect(study(tmp_path, {"mcb": scores(0)}), NO_RANKS).values
    method = found["faithfulness/attention"]
    assert set(method["tvd_rank_correlation"]) == {0.5}
    assert set(method["tvd_low_ranks"]) == {np.arange(11.0, 0.0, -1.0).mean()}  # ranks 26 to 36
    assert set(found["faithfulness/attention_rank_1"]["tvd"]) == {36.0}
    assert set(found["faithfulness/attention_rank_36"]["tvd"]) == {1.0}
    shares = ("part_1", "part_2", "top_fifth", "rest")
    values = [found[f"faithfulness/attention_{one}"]["accuracy_official"].iloc[0] for one in shares]
    assert values == [1.0, 0.0, 1.0, 0.25]


def ranked(name, order, cd=1.0):
    rows = [
        {"set": name, "measure": "accuracy_official", "run": run, "mean_rank": 1.0 + place}
        for place, run in enumerate(order)
    ]
    return pd.DataFrame(rows).assign(n_blocks=9, k=len(order), cd=cd)


def test_mean_ranks_come_from_the_largest_set_with_both_systems():
    ranks = pd.concat([ranked("small", "ab"), ranked("large", "axb", cd=1.5), ranked("no", "axyz")])
    comparison = larger("accuracy_official", "run_a", "b", statistic="mean rank")
    known = {"run_a": scores(0), "b": scores(1)}
    found = contrast_of(
        comparison, sources(known, ranks=ranks, systems={"run_a": "a"}), samples=1, seed=0
    )
    assert found[:4] == pytest.approx((2.0, 0.5, 3.5, 9))


def test_analyses_are_sources_by_their_rows(tmp_path):
    workspace = Workspace(tmp_path)
    base = pd.DataFrame(IDS)
    masks = [base.assign(row=m, rank_correlation=v) for m, v in (("grad_cam", 1), ("ours", 2))]
    write_parquet(workspace.analysis("explanation_masks") / "questions.parquet", pd.concat(masks))
    answers = [
        base.assign(run=run, noise=kind, strength=strength, flipped=strength > 0.1)
        for run in ("mcb", "mcb_p_gca")
        for kind, strengths in (("image", (0.0, 0.1, 0.5)), ("question", (0.2, 0.3)))
        for strength in strengths
    ]
    write_parquet(workspace.analysis("noise") / "questions.parquet", pd.concat(answers))
    drawn = [
        base.assign(sample=i, correct=i < 2, entropy=float(i), rank_correlation=0.0)
        for i in range(5)
    ]
    write_parquet(workspace.analysis("attention_samples") / "samples.parquet", pd.concat(drawn))
    found = collect(study(tmp_path, {"mcb": scores(0)}), NO_RANKS)
    assert (
        found.column("explanation_masks/ours", "rank_correlation")["rank_correlation"] == 2
    ).all()
    assert (found.column("noise/image/mcb", "flipped")["flipped"] == 0).all()
    assert (found.column("noise/question/mcb_p_gca", "flipped")["flipped"] == 1).all()
    assert found.column("attention_samples/right", "entropy")["entropy"].unique() == [0.5]
    assert found.column("attention_samples/wrong", "entropy")["entropy"].unique() == [3.0]
    assert HUMANS not in found.values
    verdicts = judged(
        published_claims(workspace, "ucam"), RULES, found, samples=20, seed=0
    ).claims.set_index("claim_id")
    assert verdicts.loc["U29", "verdict"] == "supported"
    assert verdicts.loc["U33", "verdict"] == "inconclusive"


def test_people_are_compared_with_each_other_question_by_question(tmp_path):
    maps = np.random.default_rng(0).random((QUESTIONS * 2, 3, 5)).astype(np.float32)
    maps[1] = maps[0]
    write_hdf5(
        Workspace(tmp_path).dataset("scenes") / "human_maps.h5",
        question_ids=np.repeat(IDS["question_id"], 2),
        maps=maps,
    )
    found = collect(study(tmp_path, {"mcb": scores(0)}), NO_RANKS)
    human_maps = found.column(HUMANS, "attention_rank_correlation")
    assert list(human_maps["question_id"]) == list(IDS["question_id"])
    assert human_maps["attention_rank_correlation"].iloc[0] == pytest.approx(1.0)
    assert human_maps["attention_rank_correlation"].iloc[1:].abs().max() < 1


def test_claims_of_a_study_are_tables_of_a_row_per_claim_and_per_comparison(tmp_path):
    questions = {"base": scores(0), "better": scores(1, shift=9.0)}
    rows = {
        "ucam/I": {"LSTM Q+I[8]": "base", "LSTM Q+I+Uncertainty": "better"},
        "ucam/IV": {"Baseline (MCB)": "base", "P-GCA (ours)": "better"},
    }
    seeds = {"base": 2, "better": 3}
    found = claims(study(tmp_path, questions, rows, seeds, analyses=()), NO_RANKS)
    assert list(found.claims.columns) == CLAIM_COLUMNS
    assert list(found.comparisons.columns) == COMPARISON_COLUMNS
    assert len(found.claims) == 33
    by_claim = found.claims.set_index("claim_id")
    accuracy = by_claim.loc["U17"]
    assert accuracy["verdict"] == "supported"
    assert (accuracy["n"], accuracy["seeds"], accuracy["held"]) == (QUESTIONS, 2, 1)
    assert accuracy["comparison"] == "VQA accuracy: LSTM Q+I+Uncertainty > LSTM Q+I[8]"
    attention = by_claim.loc["U02"]  # the larger EMD is worse
    assert attention["verdict"] == "contradicted"
    assert (attention["held"], attention["compared"]) == (1, 2)
    assert attention["deciding"].endswith("Baseline (MCB) > P-GCA (ours)")
    assert attention["difference"] < -8
    assert set(found.comparisons.query("claim_id == 'U02'")["outcome"]) == {
        "supported",
        "contradicted",
    }
    tested = by_claim[by_claim["compared"] > 0]
    assert (tested["p_holm"] >= tested["p"]).all()
    write_parquet(tmp_path / "claims.parquet", found.claims)
    assert pd.read_parquet(tmp_path / "claims.parquet")["verdict"].notna().all()


def test_an_analysis_that_the_settings_ask_for_has_to_be_made_first(tmp_path):
    masks = tmp_path / "data/analyses/explanation_masks"
    with pytest.raises(MissingArtefact, match=f"^{masks}: no such folder; run `vqax repro`"):
        claims(study(tmp_path, {"base": scores(0)}), NO_RANKS)


def test_another_reading_is_shown_but_does_not_count():
    known = sources({"a": scores(0, 5.0), "b": scores(1)})
    rule = Rule((larger("margin", "a", "b"), larger("margin", "b", "a", role="beside")))
    published = published_claims(Workspace(), "ucam").iloc[:1]
    found = judged(published, {"U01": rule}, known, samples=30, seed=0)
    assert found.claims.loc[0, "verdict"] == "supported"
    assert found.claims.loc[0, "compared"] == 1
    assert found.claims.loc[0, "reason"].endswith("0 supported, 1 contradicted, 0 inconclusive.")
    assert list(found.comparisons["counted"]) == [True, False]


def test_claims_that_are_not_there_are_an_error(tmp_path):
    workspace = SimpleNamespace(published=lambda paper: tmp_path)
    with pytest.raises(MissingArtefact, match=r"claims\.csv: no such file; restore"):
        published_claims(workspace, "ucam")
    (tmp_path / "claims.csv").write_text("paper,claim_id\nedl,E01\n", encoding="utf-8")
    with pytest.raises(BadData, match="lists no claim of ucam"):
        published_claims(workspace, "ucam")
