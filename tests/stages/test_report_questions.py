"""The questions that the reports of the papers ask: what they name is there."""

import pandas as pd
import pytest

from project.params import load
from tests.stages.tiny import ROOT
from vqax.report.labels import label_of

PARAMS = load(ROOT / "params.yaml")


@pytest.mark.parametrize("study", PARAMS.studies)
def test_every_question_is_answered_by_claims_or_by_measures_with_a_better_side(study: str) -> None:
    report = PARAMS.study(study).report
    assert report.questions
    for question in report.questions:
        assert bool(question.claims) != bool(question.measures), question.question
        assert all(label_of(measure).direction for measure in question.measures)
        if question.claims:
            path = ROOT / "studies" / str(report.claims) / "published" / "claims.csv"
            assert set(question.claims) <= set(pd.read_csv(path)["claim_id"])


@pytest.mark.parametrize("study", [n for n in PARAMS.studies if PARAMS.study(n).report.claims])
def test_every_claim_of_a_paper_answers_a_question(study: str) -> None:
    report = PARAMS.study(study).report
    path = ROOT / "studies" / str(report.claims) / "published" / "claims.csv"
    named = [claim for question in report.questions for claim in question.claims]
    assert sorted(named) == sorted(pd.read_csv(path)["claim_id"])
