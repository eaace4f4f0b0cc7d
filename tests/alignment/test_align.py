"""``align`` on arrays: against loops, and what it refuses."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.alignment.gaze import blobs, human_maps
from vqax.alignment import align
from vqax.alignment.floors import FLOORS
from vqax.alignment.scores import PARTNERS, partners
from vqax.alignment.table import COLUMNS, share_of_the_way
from vqax.errors import BadData, UsageError
from vqax.metrics.alignment import ALIGNMENT_METRICS
from vqax.metrics.fixated import fixated
from vqax.metrics.resizing import Resizing

RNG = np.random.default_rng(3)
SHARED = {key: blobs(RNG) for key in range(8)}
HUMAN = {key: human_maps(RNG, where, 3) for key, where in SHARED.items()}
MAPS = {key: where + 0.2 * RNG.random(where.shape) for key, where in SHARED.items()}


def test_each_map_is_scored_against_each_person_and_averaged():
    found = align(MAPS, HUMAN, samples=50)
    for name in ("rank_correlation", "cc", "nss", "auc_judd"):
        metric = ALIGNMENT_METRICS[name]
        for row, key in enumerate(MAPS):
            own = metric.resizing(MAPS[key])[None]
            scores = []
            for one in HUMAN[key]:
                target = metric.resizing(one)[None]
                target = fixated(target) if metric.target == "fixations" else target
                scores.append(metric.compute(own, target)[0])
            assert found.questions[name][row] == pytest.approx(np.mean(scores), abs=1e-6)


def test_the_ceiling_is_each_person_against_the_others():
    found = align(MAPS, HUMAN, metrics=["nss"], samples=50)
    metric = ALIGNMENT_METRICS["nss"]
    for row, key in enumerate(MAPS):
        grids = [metric.resizing(one)[None] for one in HUMAN[key]]
        scores = [
            metric.compute(grids[i], fixated(grids[j]))[0]
            for i in range(3)
            for j in range(3)
            if i != j
        ]
        assert found.questions["nss_ceiling"][row] == pytest.approx(np.mean(scores), abs=1e-6)


def test_a_map_that_agrees_with_people_lies_between_floors_and_ceiling():
    table = align(MAPS, HUMAN, samples=200).table.set_index("metric")
    assert list(table.index) == list(ALIGNMENT_METRICS)
    for name in ("rank_correlation", "cc", "nss", "auc_judd", "shuffled_auc"):
        row = table.loc[name]
        assert row["ci_low"] < row["value"] < row["ci_high"]
        assert row[row["best_floor"]] == max(row[floor] for floor in FLOORS)
        assert row["value"] > row[row["best_floor"]]
        assert row["share"] == pytest.approx(
            (row["value"] - row[row["best_floor"]]) / (row["ceiling"] - row[row["best_floor"]])
        )
        assert row["share_low"] < row["share"] < row["share_high"]


def test_people_score_as_people_do():
    """One person's maps in place of a model's reach about the whole way."""
    first = {key: maps[0] for key, maps in HUMAN.items()}
    rest = {key: maps[1:] for key, maps in HUMAN.items()}
    table = align(first, rest, metrics=["cc", "nss"], samples=50).table
    assert table["share"].between(0.7, 1.3).all()


def test_the_mean_human_map_gains_nothing_over_itself():
    table = align(MAPS, HUMAN, metrics=["information_gain"], samples=50).table
    assert table["mean_human_map"][0] == pytest.approx(0, abs=1e-9)
    assert table["value"][0] > 0


def test_sizes_scales_and_containers_do_not_matter():
    found = align(MAPS, HUMAN, samples=50)
    large = {key: 255 * np.kron(one, np.ones((3, 2))) for key, one in MAPS.items()}
    same = align(large, {str(k): list(v) for k, v in HUMAN.items()}, kernel="area", samples=50)
    np.testing.assert_allclose(
        found.table["value"][:2], same.table["value"][:2], atol=1e-5
    )  # area means of a map are those of its enlargement
    listed = align(list(MAPS.values()), list(HUMAN.values()), samples=50)
    pd.testing.assert_frame_equal(found.table, listed.table)


def test_one_person_a_question_gives_no_ceiling_and_no_share():
    alone = {key: maps[0] for key, maps in HUMAN.items()}
    row = align(MAPS, alone, metrics=["cc"], samples=50).table.iloc[0]
    assert (row["n"], row["n_ceiling"]) == (8, 0)
    assert math.isnan(row["ceiling"])
    assert math.isnan(row["share"])


def test_the_interval_draws_images_whole():
    copies = {f"{key}-{copy}": one for key, one in MAPS.items() for copy in range(5)}
    human = {f"{key}-{copy}": one for key, one in HUMAN.items() for copy in range(5)}
    images = {name: name.partition("-")[0] for name in copies}
    wide = align(copies, human, metrics=["cc"], images=images).table.iloc[0]
    once = align(MAPS, HUMAN, metrics=["cc"]).table.iloc[0]
    assert wide["n"] == 40
    assert wide["ci_low"] == pytest.approx(once["ci_low"], abs=1e-9)
    assert wide["ci_high"] == pytest.approx(once["ci_high"], abs=1e-9)


def test_constant_maps_have_no_value_and_are_counted_out():
    maps = {**MAPS, 3: np.zeros((4, 5)), 4: np.full((4, 5), np.nan)}
    table = align(maps, HUMAN, samples=50).table
    assert set(table["n"]) == {6}
    assert table["value"].notna().all()


def test_what_has_no_partner_is_listed():
    maps = {**MAPS, "lonely": np.eye(3)}
    human = {**HUMAN, "999_1": np.eye(4), "999_2": np.eye(4)}
    found = align(maps, human, metrics=["cc"], samples=50)
    assert found.unmatched_maps == ["lonely"]
    assert found.unmatched_human == ["999_1", "999_2"]
    assert list(found.questions["id"]) == [str(key) for key in MAPS]
    assert "2 human maps without a map: 999_1, 999_2" in str(found)
    assert "<td>cc</td>" in found._repr_html_()
    summary = found.summary()
    assert summary["questions"] == 8
    assert summary["metrics"]["cc"]["n"] == 8


def test_another_rule_gives_other_numbers_and_says_so():
    rule = {"grid": (3, 4), "kernel": "nearest"}
    coarse = align(MAPS, HUMAN, metrics=["cc"], samples=50, **rule)
    fine = align(MAPS, HUMAN, metrics=["cc"], samples=50)
    assert coarse.table["resizing"][0] == str(Resizing("nearest", (3, 4)))
    assert (coarse.questions["cc"] - fine.questions["cc"]).abs().max() > 0.02


def test_threads_and_seeds(tmp_path):
    one = align(MAPS, HUMAN, metrics=["emd", "cc"], samples=50)
    two = align(MAPS, HUMAN, metrics=["emd", "cc"], samples=50, workers=2)
    pd.testing.assert_frame_equal(one.table, two.table)
    other = align(MAPS, HUMAN, metrics=["emd", "cc"], samples=50, seed=1)
    assert (one.table["value"] == other.table["value"]).all()
    assert (one.table["uniform_noise"] != other.table["uniform_noise"]).all()
    one.save(tmp_path / "table.parquet")
    one.save(tmp_path / "table.csv")
    assert list(pd.read_parquet(tmp_path / "table.parquet").columns) == COLUMNS
    assert list(pd.read_csv(tmp_path / "table.csv").columns) == COLUMNS
    with pytest.raises(UsageError, match=r"table\.txt: ends in neither"):
        one.save(tmp_path / "table.txt")


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"metrics": ["auc"]}, UsageError, "metric 'auc' is not known.*auc_judd"),
        ({"kernel": "cubic"}, UsageError, "kernel 'cubic' is not known.*bilinear"),
        ({"blur": 0.0}, UsageError, "blur 0.0: is not above 0"),
        ({"images": {1: 1}}, UsageError, "7 of 8 questions have none, the first is 0"),
        ({"maps": {}}, BadData, "there is none"),
        ({"human": {"x": np.eye(3)}}, BadData, "first is 0.*first of 1 is x.*same ids"),
        ({"human": {}}, BadData, "first of 0 is none"),
        ({"maps": {"7": np.eye(3), "07": np.eye(3)}}, BadData, "map 07: gives 7 more than one map"),
        ({"maps": {0: np.ones((2, 3, 3))}}, BadData, "0 more than one map"),
        ({"human": {0: -np.eye(3)}}, BadData, "map 0: has NaN or negative"),
        ({"human": {0: np.ones(3)}}, BadData, "map 0: is 3; a map is height x width"),
    ],
)
def test_what_cannot_be_compared_is_refused(arguments, error, words):
    given = {"maps": MAPS, "human": HUMAN, **arguments}
    with pytest.raises(error, match=words):
        align(given.pop("maps"), given.pop("human"), **given)


@pytest.mark.parametrize(
    ("values", "share"),
    [
        ((0.5, 0.2, 0.8, "higher"), 0.5),
        ((0.1, 0.2, 0.8, "higher"), -1 / 6),
        ((0.3, 0.4, 0.1, "lower"), 1 / 3),
        ((0.3, 0.4, 0.4, "lower"), math.nan),
        ((0.3, 0.9, 0.4, "higher"), math.nan),
        ((0.3, math.nan, 0.4, "higher"), math.nan),
    ],
)
def test_the_share_of_the_way_from_floor_to_ceiling(values, share):
    assert share_of_the_way(*values) == pytest.approx(share, nan_ok=True)


@given(st.lists(st.integers(1, 9), max_size=5))
def test_people_of_one_question_are_compared_with_others_of_it(sizes):
    question = np.repeat(np.arange(len(sizes)) * 2, sizes)
    pairs = list(zip(*(side.tolist() for side in partners(question)), strict=True))
    assert len(set(pairs)) == len(pairs)
    for i, j in pairs:
        assert i != j
        assert question[i] == question[j]
    each = np.bincount([i for i, _ in pairs], minlength=len(question))
    expected = [min(PARTNERS, size - 1) for size in sizes for _ in range(size)]
    assert each.tolist() == expected
