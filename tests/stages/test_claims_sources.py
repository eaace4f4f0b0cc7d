"""Runs, analyses and people as sources of a claim; the study is a stand-in of a few questions."""

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import scipy

from project.claim_sources import collect
from project.maps import write_hdf5
from project.workspace import Workspace
from stages.claims import claims, published_claims
from studies import claim_rules
from studies.ucam.claims import RULES
from vqax.claims.measure import APART, BOTH
from vqax.claims.measure import measured as finding_of
from vqax.claims.rules import Comparison, Row, Rule, Side, describe, falling, larger, rising, within
from vqax.claims.sources import HUMANS, NotMeasured, Sources
from vqax.claims.verdicts import judged
from vqax.errors import BadData, MissingArtefact
from vqax.files import write_parquet
from vqax.report.claims import CLAIM_COLUMNS, COMPARISON_COLUMNS, OVER_TRAININGS
from vqax.stats.difference import method_difference
from vqax.stats.image_variance import mean_side
from vqax.stats.seed_variance import pooled_seed_variance

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
    runs = dict.fromkeys(questions, SimpleNamespace(dataset="scenes", system=None, model="mcb"))
    params = SimpleNamespace(
        run=runs.__getitem__,
        label=str.upper,
        seed=20,
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
        questions_by_seed={run: [table] for run, table in questions.items()},
        all_trainings=lambda run: pd.concat(
            [questions[run].assign(seed=20 + n) for n in range((seeds or {}).get(run, 1))]
        ),
        runs=list(questions),
        dataset_label=lambda source: "Scenes v1",
    )


def sources(values, rows=None, ranks=NO_RANKS, **more):
    return Sources(values=values, rows=rows or {}, ranks=ranks, **more)


def contrast_of(comparison, known, seed):
    return finding_of(comparison, known, seed=seed).contrast


def test_of_what_is_not_trained_only_images_are_drawn():
    a, b = scores(0).iloc[2:], scores(1).sample(frac=1, random_state=0)
    found = contrast_of(larger("entropy", "a", "b"), sources({"a": a, "b": b}), seed=3)
    other = b.set_index("question_id").loc[a["question_id"], "entropy"].to_numpy()
    clusters = a["image_id"].to_numpy()
    side = mean_side((a["entropy"].to_numpy() - other)[None], clusters)
    assert found.value == pytest.approx(side.values[0])
    error = np.square(side.effects).sum() ** 0.5
    half = scipy.stats.t.ppf(0.975, len(set(clusters)) - 1) * error
    assert (found.low, found.high) == pytest.approx((found.value - half, found.value + half))
    assert found.n == QUESTIONS - 2


def trained(seed, seeds=4, shift=0.0):
    """Trainings that differ in level and question by question."""
    rng = np.random.default_rng(100 + seed)
    return pd.concat(
        [
            scores(seed, shift).assign(
                entropy=rng.normal(size=QUESTIONS) + rng.normal(), seed=20 + n
            )
            for n in range(seeds)
        ],
        ignore_index=True,
    )


def by_seed(table):
    return table.pivot(index="seed", columns="question_id", values="entropy").to_numpy()


def test_trainings_and_images_of_both_sides_are_counted():
    a, b, other = trained(1), trained(2, seeds=5), trained(3)
    families = dict.fromkeys(("a", "b", "other"), "mcb on scenes")
    known = sources({"a": a, "b": b, "other": other}, families=families)
    found = finding_of(larger("entropy", "a", "b"), known, seed=0)
    sides = [mean_side(by_seed(table), IDS["image_id"]) for table in (a, b)]
    seeds = pooled_seed_variance([by_seed(table).mean(1) for table in (a, b, other)])
    expected = method_difference(*sides, seeds, images=QUESTIONS // 2)
    assert found.contrast[:3] == pytest.approx((expected.estimate, expected.low, expected.high))
    assert (found.contrast.p, found.df) == pytest.approx((expected.p, expected.df))
    assert (found.seeds_a, found.seeds_b, found.enough) == (4, 5, True)
    assert found.seed_sd == pytest.approx(seeds.variance**0.5)


def test_two_columns_of_one_training_vary_together():
    table = trained(1)
    known = sources({"a": table.assign(margin=table["entropy"] + 1.0)})
    found = finding_of(within("a", "margin", "entropy"), known, seed=0)
    assert found.contrast[:3] == pytest.approx((1.0, 1.0, 1.0))
    assert (found.seeds_a, found.seeds_b) == (4, 0)
    assert found.seed_sd == pytest.approx(0.0, abs=1e-12)


def test_two_sources_of_one_run_vary_together():
    table = trained(1).assign(run="mcb")
    known = sources({"a": table, "b": table.assign(entropy=table["entropy"] - 1.0)})
    found = finding_of(larger("entropy", "a", "b"), known, seed=0)
    assert found.contrast[:3] == pytest.approx((1.0, 1.0, 1.0))


def test_sides_of_a_claim_are_trained_equally_often():
    known = sources({"a": trained(1, seeds=4), "b": trained(2, seeds=7), "c": trained(3, seeds=2)})
    rule = Rule((larger("entropy", "a", "b"), larger("entropy", "a", "c", role="if measured")))
    published = published_claims(Workspace(), "ucam").iloc[:1]
    found = judged(published, {"U01": rule}, known, seed=0).claims.iloc[0]
    assert (found["seeds"], found["seeds_a"], found["seeds_b"]) == (4, 4, 4)
    assert found["compared"] == 1
    assert "Fewer than 4 trainings of c." in found["reason"]


def verdict_of(rule, known, claim="U01"):
    published = published_claims(Workspace(), "ucam").iloc[:1]
    return judged(published, {claim: rule}, known, seed=0).claims.iloc[0]


def test_one_training_each_is_no_verdict_whatever_the_interval():
    known = sources(
        {"a": trained(1, 1).assign(entropy=9.0), "b": trained(2, 1)}, data={"a": "Scenes v1"}
    )
    found = verdict_of(Rule((larger("entropy", "a", "b"),)), known)
    assert found["verdict"] == "undecided"
    assert np.isnan(found["p"])
    assert found["sentence"].startswith("On Scenes v1 ")
    assert "does not tell the methods apart" in found["sentence"]
    assert "one training each" in found["sentence"]


def test_a_verdict_names_its_data_and_what_would_have_been_found():
    families = dict.fromkeys("ab", "mcb on scenes")
    data = dict.fromkeys("ab", "Scenes v1")
    clear = {"a": trained(1).assign(margin=5.0), "b": trained(2).assign(margin=1.0)}
    known = sources(clear, families=families, data=data)
    found = verdict_of(Rule((larger("margin", "a", "b"),)), known)
    assert (found["verdict"], found["sentence"]) == ("supported", "Supported on Scenes v1.")
    open_ = verdict_of(Rule((larger("entropy", "a", "b"),)), known)
    assert open_["verdict"] == "inconclusive"
    expected = finding_of(larger("entropy", "a", "b"), known, seed=0).detectable
    assert open_["detectable"] == pytest.approx(expected)
    assert f"a difference of {expected:.3g} would have been found" in open_["sentence"]


def test_a_claim_about_a_system_below_its_floor_is_not_testable():
    levels = {"a": 0.5, "b": 0.3}
    values = {run: trained(1).assign(accuracy_official=level) for run, level in levels.items()}
    floor = pd.DataFrame(IDS).assign(accuracy_official=0.4)
    known = sources(
        {**values, "v1/prior": floor},
        families=dict.fromkeys("ab", "mcb"),
        floors={"a": ("v1/prior",), "b": ("v1/prior",)},
        labels={"v1/prior": "question-type prior"},
    )
    found = verdict_of(Rule((larger("accuracy_official", "a", "b"),)), known)
    assert (found["verdict"], found["held"]) == ("not testable here", 1)
    assert found["reason"].endswith("Below a floor: b does not beat question-type prior.")
    other = verdict_of(Rule((larger("margin", "a", "b"),)), known)
    assert other["verdict"] != "not testable here", other["reason"]


def test_two_readings_that_disagree_are_no_verdict():
    known = sources({"a": scores(0, 5.0), "b": scores(1)})
    first, second = (larger("margin", "a", "b"),), (larger("margin", "b", "a"),)
    found = verdict_of(Rule(first, other_reading=second), known)
    assert found["verdict"] == "not testable here"
    assert "by the first supported, by the second contradicted" in found["reason"]
    assert verdict_of(Rule(first, other_reading=first), known)["verdict"] == "supported"


def test_what_many_claims_leave_of_a_small_p_is_inconclusive():
    """p = .03 alone, and 33 claims of one family."""
    noise = np.resize([1.0, 1.0, -1.0, -1.0], QUESTIONS) * IDS["image_id"]

    def shifted(by):
        table = scores(0)
        sides = {"a": table.assign(margin=by + noise), "b": table.assign(margin=0.0)}
        return sources(sides)

    comparison = larger("margin", "a", "b")
    tried = np.linspace(0, 9, 900)
    values = next(
        known for known in map(shifted, tried) if contrast_of(comparison, known, seed=0).p < 0.03
    )
    published = published_claims(Workspace(), "ucam")
    rules = {claim: Rule((larger("margin", "a", "b"),)) for claim in published["claim_id"]}
    many = judged(published, rules, values, seed=0).claims.iloc[0]
    alone = judged(published.iloc[:1], rules, values, seed=0).claims.iloc[0]
    assert (alone["verdict"], alone["family_size"]) == ("supported", 1)
    assert (many["verdict"], many["verdict_alone"]) == ("inconclusive", "supported")
    assert (many["family_size"], many["p_holm"]) == (33, pytest.approx(33 * alone["p"], abs=1e-9))
    assert "after Holm's correction for 33 claims" in many["sentence"]


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
    found = contrast_of(comparison, sources({"run": table}), seed=0)
    assert found.value == pytest.approx({"correlation": 1.0, "separation": 0.5}[statistic])
    assert found.low > 0


def test_chains_are_steps_in_their_order():
    assert falling("m", "a", "b", "c") == (larger("m", "a", "b"), larger("m", "b", "c"))
    assert rising("m", "a", "b", "c") == (larger("m", "b", "a"), larger("m", "c", "b"))


def test_several_values_of_a_question_are_averaged():
    twice = pd.concat([scores(0), scores(0).assign(entropy=0.0)])
    column = sources({"run": twice}).column("run", "entropy")
    assert column.shape == (QUESTIONS, 1)
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
            Comparison("correlation", (Side("flat", "margin"), Side("flat", "entropy"))),
            "Undefined on these questions: flat.",
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
        contrast_of(comparison, sources(known), seed=0)


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
    found = contrast_of(of_both("a", "a_v2", "b", "b_v2"), known, seed=0)
    assert found[:4] == pytest.approx((2.5, 2.5, 2.5, QUESTIONS + 14))
    rotated = contrast_of(of_both("b", "b_v2", "a", "a_v2"), known, seed=0)
    assert rotated.value == pytest.approx(-2.5)


def test_a_mean_over_twice_the_same_set_is_as_sure_as_one():
    known = sources({"a": scores(0), "b": scores(1)})
    both = contrast_of(of_both("a", "a", "b", "b"), known, seed=0)
    assert both[:3] == pytest.approx(contrast_of(larger("entropy", "a", "b"), known, seed=0)[:3])


def test_values_of_different_pictures_are_compared_by_their_means():
    a, b = scores(0, 3.0), scores(1).assign(question_id=np.arange(QUESTIONS) + 900)
    known = sources({"a": a, "b": b})
    comparison = Comparison(APART, (Side("a", "entropy"), Side("b", "entropy")))
    found = contrast_of(comparison, known, seed=0)
    assert found.value == pytest.approx(a["entropy"].mean() - b["entropy"].mean())
    assert found.low > 0
    rotated = contrast_of(Comparison(APART, comparison.sides[::-1]), known, seed=0)
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
    found = contrast_of(comparison, sources(known, ranks=ranks, systems={"run_a": "a"}), seed=0)
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

    def values(source, column):
        table = found.column(source, column)
        assert list(table) == [20]  # one training, that of the shared seed
        return set(table[20])

    assert values("explanation_masks/ours", "rank_correlation") == {2}
    assert values("noise/image/mcb", "flipped") == {0}
    assert values("noise/question/mcb_p_gca", "flipped") == {1}
    assert values("attention_samples/right", "entropy") == {0.5}
    assert values("attention_samples/wrong", "entropy") == {3.0}
    assert HUMANS not in found.values
    verdicts = judged(published_claims(workspace, "ucam"), RULES, found, seed=0).claims.set_index(
        "claim_id"
    )
    assert list(verdicts.loc[["U29", "U33"], "verdict"]) == ["undecided"] * 2


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
    assert list(human_maps.index.get_level_values("question_id")) == list(IDS["question_id"])
    assert human_maps["attention_rank_correlation"].iloc[0] == pytest.approx(1.0)
    assert human_maps["attention_rank_correlation"].iloc[1:].abs().max() < 1


def test_claims_of_a_study_are_tables_of_a_row_per_claim_and_per_comparison(tmp_path):
    questions = {"base": scores(0), "better": scores(1, shift=9.0)}
    rows = {
        "ucam/I": {"LSTM Q+I[8]": "base", "LSTM Q+I+Uncertainty": "better"},
        "ucam/IV": {"Baseline (MCB)": "base", "P-GCA (ours)": "better"},
    }
    seeds = {"base": 4, "better": 5}
    found = claims(study(tmp_path, questions, rows, seeds, analyses=()), NO_RANKS)
    assert list(found.claims.columns) == [*CLAIM_COLUMNS, *OVER_TRAININGS]
    assert list(found.comparisons.columns) == COMPARISON_COLUMNS
    assert len(found.claims) == 33
    by_claim = found.claims.set_index("claim_id")
    accuracy = by_claim.loc["U17"]
    assert accuracy["verdict"] == "supported"
    assert (accuracy["n"], accuracy["seeds"], accuracy["held"]) == (QUESTIONS, 4, 1)
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
    found = judged(published, {"U01": rule}, known, seed=0)
    assert found.claims.loc[0, "verdict"] == "supported"
    assert found.claims.loc[0, "compared"] == 1
    assert found.claims.loc[0, "reason"].endswith("not counted: 1 contradicted.")
    assert list(found.comparisons["counted"]) == [True, False]


def test_claims_that_are_not_there_are_an_error(tmp_path):
    workspace = SimpleNamespace(published=lambda paper: tmp_path)
    with pytest.raises(MissingArtefact, match=r"claims\.csv: no such file; restore"):
        published_claims(workspace, "ucam")
    (tmp_path / "claims.csv").write_text("paper,claim_id\nedl,E01\n", encoding="utf-8")
    with pytest.raises(BadData, match="lists no claim of ucam"):
        published_claims(workspace, "ucam")
