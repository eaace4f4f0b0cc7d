"""The explorer of a study, from what its stages left."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from project.human_maps import read_human_maps
from project.maps import read_maps
from project.params import load
from project.study import Measured
from stages import browse
from tests.stages import tiny
from vqax.errors import UsageError
from vqax.report.explorer.eight_bit import eight_bit


@pytest.fixture(scope="module")
def measured(finished: Path) -> Measured:
    return Measured(load(finished / "params.yaml"), tiny.workspace(finished), tiny.STUDY)


def test_it_holds_every_test_question_with_the_answers_and_maps_of_every_run(measured):
    content = browse.content(measured, tiny.DATASET)
    assert len(content.questions) == tiny.TEST_QUESTIONS
    assert content.questions["human_answers"].map(len).eq(10).all()
    assert [run.name for run in content.runs] == measured.runs
    assert content.pair == ("san_p_gca", "san")
    for run in content.runs:
        scores = pd.read_parquet(measured.workspace.scores(run.name) / "questions.parquet")
        assert list(run.answers["answer"]) == list(scores["answer"])
        explained = read_maps(measured.workspace.explanation(run.name))
        for method, ids, maps in explained:
            place = list(ids).index(content.questions["question_id"][3])
            np.testing.assert_array_equal(run.maps[method][3], maps[place])


def test_human_maps_are_the_mean_over_people(measured):
    content = browse.content(measured, tiny.DATASET)
    human_maps = read_human_maps(measured.workspace.dataset(tiny.DATASET) / "human_maps.h5")
    key = int(content.questions["question_id"][0])
    np.testing.assert_allclose(content.human_maps[0], human_maps[key].mean(axis=0))


def test_the_report_has_written_it_and_writing_it_again_changes_no_byte(measured, finished):
    (page,) = (finished / "data/reports/headline/browse").iterdir()
    assert page.name == f"{tiny.DATASET}.html"
    before = page.read_bytes()
    summary = browse.run(measured.params, measured.workspace, tiny.STUDY)
    assert summary["pages"] == [str(page.resolve())]
    assert page.read_bytes() == before
    data = json.loads(before.decode().split('id="data">')[1].split("</script>")[0])
    assert [run["name"] for run in data["runs"]] == measured.runs
    block = before.decode().split('data-maps="1/attention">')[1].split("</script>")[0]
    maps = browse.content(measured, tiny.DATASET).runs[1].maps["attention"]
    assert len(block) * 3 // 4 == pytest.approx(eight_bit(maps).size, abs=2)


def test_a_question_without_a_map_has_one_of_nan():
    ids, maps = np.array([5, 7]), np.ones((2, 2, 3), dtype=np.float32)
    ordered = browse._ordered(ids, maps, pd.Series([7, 6]))
    assert np.isnan(ordered[1]).all()
    np.testing.assert_array_equal(ordered[0], maps[1])


def test_a_study_without_runs_is_refused_with_those_that_have_some(measured, monkeypatch):
    monkeypatch.setattr(Measured, "runs", property(lambda self: []))
    with pytest.raises(UsageError, match="study headline: has no runs that answered questions"):
        browse.run(measured.params, measured.workspace, tiny.STUDY)
