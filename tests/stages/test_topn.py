"""TopN from pairs of questions to verdicts: the parts on small arrays, then whole on tiny data."""

import shutil
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from project.dataset import load_prepared
from project.maps import open_hdf5
from project.resolve import data_plan
from project.schema import spelled_out
from project.workspace import Workspace
from stages import analyses, claims, compare, report
from stages.claims import published_claims
from studies.topn.claims import RULES
from studies.topn.probes import COLOUR, EXISTENCE, Pair, Probe, Probes, coverage, question_about
from studies.topn.routing import (
    ALL,
    EXCLUSIVE,
    SENSITIVE,
    Choice,
    inside,
    name_of,
    of_pairs,
    partners,
    scored,
    steps,
)
from studies.topn.vectors import OTHER, SAME, first_entries, relations, shared
from tests.stages import tiny
from vqax.data import Example
from vqax.data.coco import read_instances
from vqax.errors import BadData
from vqax.files import read_parquet

STUDY = "topn"
ANALYSES = ("topn_deeper_lstm", "topn_pythia")


# parts


def example(question_id, image_id, question="Is there a cat?", answer="yes"):
    return Example(question_id, image_id, question, "is there", "yes/no", answer, (answer,) * 10)


@pytest.mark.parametrize(
    ("kind", "thing", "text"),
    [
        (EXISTENCE, "cat", "Is there a cat?"),
        (EXISTENCE, "apple", "Is there an apple?"),
        (COLOUR, "apple", "What color is the apple?"),
    ],
)
def test_questions_are_put_as_people_put_them(kind, thing, text):
    assert question_about(kind, thing) == text


def test_coverage_is_the_share_of_each_cell():
    covered = coverage([(0, 0, 28, 14), (14, 0, 28, 14)], (280, 140))  # cells of 20 by 10 px
    assert covered.shape == (14, 14)
    assert covered[0].tolist() == [1.0, 1.0, *[0.0] * 12]  # up to 42 px: .1 of the third column
    assert covered[1, :3].tolist() == [0.5, 0.5, 0.0]
    assert covered[2:].sum() == 0
    assert coverage([(0, 0, 280, 140)], (280, 140)).min() == 1.0


def test_mass_inside_a_box():
    covered = np.zeros((3, 2, 2))
    covered[:, 0] = 0.5
    drawn = np.array([[[1.0, 1.0], [2.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]], [[3.0, 0.0], [0.0, 0.0]]])
    np.testing.assert_allclose(inside(drawn, covered), [0.25, np.nan, 0.5])


def probes():
    """Two pairs in one image of a left and a right half; the second question is in both."""
    left, right = np.zeros((2, 2, 2))
    left, right = left.copy(), right.copy()
    left[:, 0], right[:, 1] = 1.0, 1.0
    made = [
        Probe(example(row, 5), thing, covered)
        for row, (thing, covered) in enumerate([("cat", left), ("dog", right), ("bee", left)])
    ]
    return Probes(made, [Pair(EXISTENCE, 0, 1), Pair(EXISTENCE, 1, 2)])


def test_the_partner_of_a_question_is_that_of_its_first_pair():
    assert partners(probes()).tolist() == [1, 0, 1]


def test_pairs_are_scored_by_hand():
    allowed = torch.tensor([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0]], dtype=torch.bool)
    drawn = np.zeros((1, 3, 2, 2), dtype=np.float32)
    drawn[0, 0] = [[3, 1], [2, 0]]
    drawn[0, 1] = [[1, 3], [0, 2]]
    found = scored(probes(), [Choice(SENSITIVE, 2, allowed)], drawn)
    first, second = found.to_dict("records")
    assert (first["question_id"], first["image_id"], first["n"]) == (0, 5, 2)
    assert first["own_share"] == pytest.approx(5 / 6)
    assert first["other_share"] == pytest.approx(1 / 6)
    assert first["preference"] == pytest.approx(4 / 6)
    assert first["shared_share"] == pytest.approx(1 / 2)
    assert first["pair_similarity"] == pytest.approx(-0.6)  # ranks 4 2 3 1 and 2 4 1 3
    assert second["shared_share"] == 1.0
    assert np.isnan(second["pair_similarity"])  # the third map is empty
    assert np.isnan(second["own_share"])


def test_exclusive_choices_share_nothing():
    generator = torch.Generator().manual_seed(1)
    allowed = torch.rand(3, 7, generator=generator) < 0.6
    (alone,) = of_pairs([Choice(SENSITIVE, 4, allowed)], probes())
    assert (alone.how, alone.n) == (EXCLUSIVE, 4)
    assert not (alone.allowed[0] & alone.allowed[1]).any()
    assert torch.equal(alone.allowed[0], allowed[0] & ~allowed[1])
    assert torch.equal(alone.allowed[2], allowed[2] & ~allowed[1])


def test_steps_find_the_dip_and_the_best():
    """Literally: a fall below an earlier value is made good as far as a later one reaches."""
    generator = np.random.default_rng(3)
    values = generator.random((4, 6))
    rows = [
        {"pair": pair, "kind": COLOUR, "question_id": pair, "image_id": pair, "n": n}
        | {"how": SENSITIVE, "own_share": values[pair, place]}
        for pair in range(4)
        for place, n in enumerate((5, 10, 25, 50, 100, ALL))
    ]
    found = steps(pd.DataFrame(rows)).sort_values("pair")
    for pair, line in zip(values, found.itertuples(), strict=True):
        dips = [
            min(pair[i], pair[k]) - pair[j]
            for i, k in combinations(range(6), 2)
            for j in range(i + 1, k)
        ]
        assert line.dip == pytest.approx(max([0.0, *dips]))
        assert line.best_of_each == pair.max()
    assert found["best_of_all"].to_numpy() == pytest.approx(values[:, values.mean(0).argmax()])


def test_first_entries_and_what_two_share():
    vectors = np.array([[0.1, 0.5, 0.5, 0.2], [0.9, 0.5, 0.0, 0.7]])
    assert first_entries(vectors, 3).tolist() == [[1, 2, 3], [0, 3, 1]]
    assert shared(vectors, np.array([[0, 1], [0, 0]]), 3).tolist() == [2.0, 3.0]


def test_relations_of_questions():
    asked_of = [
        example(1, 10),
        example(2, 10, "Where is it?"),
        example(3, 10),  # again the first, of the same image
        example(4, 11),
        example(5, 12),
    ]
    vectors = np.random.default_rng(0).random((5, 12))
    found = relations(asked_of, vectors)
    same, other = found[found["row"] == SAME], found[found["row"] == OTHER]
    assert same["question_id"].tolist() == [3, 4, 5]  # neighbours in other images
    assert other["question_id"].tolist() == [1, 2, 3]
    both = [set(row) for row in first_entries(vectors, 10)]
    middle = (len(both[2] & both[3]) + len(both[3] & both[4])) / 2
    assert same.set_index("question_id").loc[4, "shared_of_10"] == middle


def test_all_entries_are_grad_cam_by_any_choice():
    assert name_of(SENSITIVE, ALL) == "Grad-CAM"
    assert name_of(SENSITIVE, 25) == "sensitive, n = 25"


def test_rows_that_are_short_for_several():
    rows = {"rank {1..3}": "x/{}", "n = {5,25}, alone": "y/n = {}", "plain": "run"}
    assert list(spelled_out(rows)) == [
        *[(f"rank {k}", f"x/{k}") for k in (1, 2, 3)],
        *[(f"n = {n}, alone", f"y/n = {n}") for n in ("5", "25")],
        ("plain", "run"),
    ]


def test_every_claim_has_its_rule():
    listed = published_claims(Workspace(), STUDY)
    assert set(listed["claim_id"]) == set(RULES)
    assert len(listed) == 12
    assert all(rule.comparisons for rule in RULES.values())


# whole


NOT_ASKED = (
    *("regions", "key_objects", "changing_priors", "region_analyses", "detectors"),
    *("images", "classifiers", "experiments"),
)


def settings():
    """The two models of TopN, its analyses and its study alone."""
    value = tiny._small(tiny._committed())
    value |= {section: {} for section in NOT_ASKED if section in value}
    for section in ("scenes", "datasets", "grids"):
        value[section] = {tiny.DATASET: value[section][tiny.DATASET]}
    value["runs"] = {
        name: {**value["runs"][name], "training": {"epochs": 1}}
        for name in ("deeper_lstm", "pythia")
    }
    value["analyses"] = {name: value["analyses"][name] for name in ANALYSES}
    for options in value["analyses"].values():
        options.update(
            images=6, pairs={EXISTENCE: 8, COLOUR: 4}, n=[5, 10], typical=10, words=4, gallery=2
        )
    study = value["studies"][STUDY]
    del study["tables"]["topn/2"]  # no question is asked of four of so few images
    for section in ("tables", "extra_tables"):
        for table, rows in study[section].items():
            study[section][table] = {r: s for r, s in rows.items() if "n = " not in s}
    shown = {"grad_cam": "Grad-CAM", "sensitive_5": "n = 5"}
    study["report"]["figures"]["topn_maps"]["columns"] = shown
    value["studies"] = {STUDY: study}
    return value


@pytest.fixture(scope="module")
def params_of(tmp_path_factory):
    folder = tmp_path_factory.mktemp("topn")
    params = tiny.write_settings(folder, settings())
    where = tiny.workspace(folder)
    tiny.make_data(params, where)
    for name in params.runs:
        tiny.make_run(params, where, name)
    for name in ANALYSES:
        analyses.run(params, where, name)
    compare.run(params, where, STUDY)
    claims.run(params, where, STUDY)
    report.run(params, where, STUDY)
    return params, where


def questions(where, name=ANALYSES[0]):
    return read_parquet(where.analysis(name) / "questions.parquet")


def test_probes_are_about_things_that_are_there(params_of):
    params, where = params_of
    prepared = load_prepared(data_plan(params, where, tiny.DATASET))
    there = {
        (one.image_id, one.category) for one in read_instances(prepared.test_folder.instances_path)
    }
    asked_of = read_parquet(where.analysis(ANALYSES[0]) / "probes.parquet")
    assert set(zip(asked_of["image_id"], asked_of["thing"], strict=True)) <= there
    assert (asked_of.loc[asked_of["kind"] == EXISTENCE, "answer"] == "yes").all()
    assert not asked_of.duplicated(["kind", "image_id", "thing"]).any()


@pytest.mark.parametrize("name", ANALYSES)
def test_all_entries_give_grad_cam_and_an_answer_changes_no_sign(params_of, name):
    found = questions(params_of[1], name)
    checked = found[found["row"] == "another question"]
    assert len(checked) > 0
    assert (checked["map_difference"] == 0).all()
    assert (checked["sign_change_of_answer"] == 0).all()
    signed = name == ANALYSES[0]  # a product of two rectified vectors has one sign
    assert (checked["sign_change"] > 0).any() == signed


def test_metrics_are_means_of_the_questions(params_of):
    found = questions(params_of[1])
    metrics = read_parquet(params_of[1].analysis(ANALYSES[0]) / "metrics.parquet")
    metrics = metrics.set_index(["run", "metric"])
    assert metrics.index.is_unique
    for row, table in found.groupby("row"):
        for measure in ("own_share", "pair_similarity", "spearman", "rank_correlation"):
            if table[measure].notna().any():
                mean = metrics.loc[(f"{ANALYSES[0]}/{row}", measure)]
                assert mean["value"] == pytest.approx(table[measure].mean())
                assert mean["n"] == table[measure].notna().sum()


def test_tables_stand_beside_the_printed_ones(params_of):
    tables = params_of[1].tables(STUDY)
    first = read_parquet(tables / "topn_1.parquet")
    assert first["reported"].notna().all()
    assert first["value"].notna().all()
    entries = first[first["metric"] == "dA_dq_top10_index"]
    assert (entries["value"] % 1 == 0).all()
    values = first[first["metric"] == "dA_dq_top10_value"]["value"].to_numpy()
    assert (np.diff(values[:10]) <= 0).all()
    assert read_parquet(tables / "topn_5.parquet")["value"].between(-1, 1).all()


def test_claims_get_verdicts(params_of):
    table = read_parquet(params_of[1].claims_of(STUDY)).set_index("claim_id")
    assert set(table.index) == set(RULES)
    assert table.loc["T08", "verdict"] in ("supported", "undecided", "not testable here")
    assert not table.loc["T07", "comparison"].startswith("nan")


def test_the_report_shows_maps_and_sweep(params_of):
    folder = params_of[1].report(STUDY).parent
    assert (folder / "figures" / "topn_maps.png").stat().st_size > 0
    for name in ANALYSES:
        assert (folder / "figures" / f"topn_sweep_{name}.svg").exists()
    with open_hdf5(params_of[1].analysis(ANALYSES[0]) / "maps.h5") as file:
        assert file["grad_cam"].shape[1:] == (14, 14)
        assert len(file["question_ids"]) == len(file["grad_cam"])


def test_a_data_set_without_instances_is_named(params_of, tmp_path):
    params, where = params_of
    copied = tmp_path / "work"
    shutil.copytree(where.root, copied)
    shutil.rmtree(copied / "data/scenes/scenes_v1/annotations")
    with pytest.raises(BadData, match=r"scenes_v1: no annotations/instances_.*take the analysis"):
        analyses.run(params, Workspace(copied, params.groups), ANALYSES[0])


def test_pictures_of_any_shape(tmp_path):
    Image.new("RGB", (300, 100)).save(tmp_path / "wide.png")
    with Image.open(tmp_path / "wide.png") as image:
        covered = coverage([(150, 0, 150, 100)], image.size)
    assert covered[:, :7].sum() == 0
    assert covered[:, 7:].min() == 1
