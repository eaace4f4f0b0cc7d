"""Faithfulness of weights, and accuracy in domain and out of it."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from project.params import Params, load
from project.resolve import run_plan
from project.trained import load_trained
from project.workspace import Workspace
from stages import analyses
from tests.stages import tiny
from vqax.errors import BadData, UsageError
from vqax.learning.bias import answer_bias
from vqax.metrics.accuracy import official_accuracy
from vqax.metrics.answer_controls import inverted

ALWAYS = {"dataset": tiny.DATASET, "features": tiny.DATASET, "group": tiny.STUDY}
FAITHFULNESS = {
    **ALWAYS,
    "runs": ["mcb"],
    "methods": ["attention", "region_grad_cam", "random"],
    "parts": 4,
    "scores": "softmax",
    "questions": 5,
}
DOMAINS = {**ALWAYS, "runs": ["mcb", "lstm_qi"], "masked": "mcb"}


@pytest.fixture(scope="module")
def where(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    copy = tmp_path_factory.mktemp("attreg") / "copy"
    shutil.copytree(finished, copy)
    return tiny.workspace(copy)


def asking(where: Workspace, **analyses: dict[str, Any]) -> Params:
    return load(where.root / "params.yaml").model_copy(update={"analyses": analyses})


def table(where: Workspace, analysis: str, file: str) -> pd.DataFrame:
    return pd.read_parquet(where.analysis(analysis) / f"{file}.parquet")


@pytest.fixture(scope="module")
def faithfulness(where: Workspace) -> Params:
    params = asking(where, faithfulness=FAITHFULNESS)
    analyses.run(params, where, "faithfulness")
    return params


def test_curves_are_those_of_regions_taken_away(where: Workspace, faithfulness: Params) -> None:
    """One question by hand: its cells one by one, and the quarter of the highest attention."""
    loaded = load_trained(run_plan(faithfulness, where, "mcb"))
    batch, example = loaded.questions.batch(np.array([2])), loaded.examples[2]
    with torch.no_grad():
        output = loaded.model(batch.visual, batch.tokens)
        order = output.attention[0].argsort(descending=True, stable=True).tolist()
        before = output.logits[0].softmax(0)
        changes = []
        for cell in order:
            others = [k for k in range(196) if k != cell]
            after = loaded.model(batch.visual[:, others], batch.tokens).logits[0].softmax(0)
            changes.append(float((before - after).abs().sum()) / 2)
        best = loaded.model(batch.visual[:, order[:49]], batch.tokens).logits[0].argmax()
    questions = table(where, "faithfulness", "questions")
    found = questions[
        (questions["question_id"] == example.question_id) & (questions["method"] == "attention")
    ].iloc[0]
    np.testing.assert_allclose(found["tvd"], changes, atol=1e-6)
    answer = loaded.prepared.answers.answers[int(best)]
    assert found["accuracy"][0] == official_accuracy(answer, example.answers)


def test_every_method_has_a_curve_of_every_rank_and_part(
    where: Workspace, faithfulness: Params
) -> None:
    ranks, parts = table(where, "faithfulness", "ranks"), table(where, "faithfulness", "parts")
    questions = table(where, "faithfulness", "questions")
    for method in FAITHFULNESS["methods"]:
        curve = ranks[ranks["method"] == method]
        assert curve["rank"].tolist() == list(range(1, 197))
        assert curve["n"].eq(5).all()
        own = questions[questions["method"] == method]
        np.testing.assert_allclose(curve["tvd"], np.stack(own["tvd"]).mean(0))
        np.testing.assert_allclose(curve["accuracy_drop"], np.stack(own["accuracy_drop"]).mean(0))
        shares = parts[parts["method"] == method]
        assert shares["part"].tolist() == [1, 2, 3, 4]
        np.testing.assert_allclose(shares["accuracy"], np.stack(own["accuracy"]).mean(0))
    totals = ranks.groupby("method")["tvd"].sum()
    np.testing.assert_allclose(totals, totals.iloc[0])  # the same cells in another order


def test_metrics_summarise_the_curves(where: Workspace, faithfulness: Params) -> None:
    metrics = table(where, "faithfulness", "metrics").set_index(["run", "metric"])["value"]
    parts = table(where, "faithfulness", "parts")
    for method in FAITHFULNESS["methods"]:
        row = f"faithfulness/mcb_{method}"
        curve = parts.loc[parts["method"] == method, "accuracy"].to_numpy()
        assert metrics[row, "accuracy_highest_part"] == pytest.approx(curve[0])
        assert metrics[row, "accuracy_lowest_part"] == pytest.approx(curve[-1])
        assert metrics[row, "accuracy_part_gap"] == pytest.approx(curve[0] - curve[-1])
        assert -1 <= metrics[row, "tvd_trend"] <= 1
    attention = metrics["faithfulness/mcb_attention", "tvd_rank_correlation"]
    assert attention > metrics["faithfulness/mcb_random", "tvd_rank_correlation"]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"methods": ["lime"]}, UsageError, "lime"),
        ({"scores": "tanh"}, UsageError, "scores: 'tanh'"),
        ({"parts": 500}, BadData, "196 regions cannot be divided into 500 parts"),
        ({"runs": ["bert"]}, UsageError, "bert"),
    ],
)
def test_what_cannot_be_asked(
    where: Workspace, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    params = asking(where, faithfulness={**FAITHFULNESS, **options})
    with pytest.raises(error, match=message):
        analyses.run(params, where, "faithfulness")


def test_domains(where: Workspace) -> None:
    params = asking(where, domains=DOMAINS)
    analyses.run(params, where, "domains")
    questions = table(where, "domains", "questions")
    metrics = table(where, "domains", "metrics").set_index(["run", "metric"])["value"]
    loaded = load_trained(run_plan(params, where, "mcb"))
    parts = {"out": loaded.prepared.test, "in": loaded.prepared.validation}
    for row, asked in questions.groupby("row"):
        part = parts[row.rsplit("_", 1)[1]]
        assert set(asked["question_id"]) == {example.question_id for example in part}
        found = metrics[f"domains/{row}", "accuracy_all"]
        assert found == pytest.approx(asked["accuracy_official"].mean())
    by_row = {row: asked.set_index("question_id") for row, asked in questions.groupby("row")}
    scores = pd.read_parquet(where.scores("mcb") / "questions.parquet").set_index("question_id")
    masked = by_row["mcb_top_answer_masked_out"]
    assert not masked["answer"].eq(scores.loc[masked.index, "answer"]).any()
    masked = by_row["mcb_top_answer_masked_in"]
    assert not masked["answer"].eq(by_row["mcb_in"].loc[masked.index, "answer"]).any()


def test_answers_without_looking_are_those_of_the_type(where: Workspace) -> None:
    params = asking(where, domains=DOMAINS)
    analyses.run(params, where, "domains")
    questions = table(where, "domains", "questions")
    prepared = load_trained(run_plan(params, where, "mcb")).prepared
    prior = answer_bias(prepared.train, prepared.answers)
    types = {e.question_id: e.question_type for e in [*prepared.test, *prepared.validation]}
    for asked in of_row(questions, "random").itertuples():
        shares = prior.get(types[asked.question_id], np.zeros(1))
        if shares.any():
            assert shares[prepared.answers.index[asked.answer]] > 0
        else:  # the type, or every answer to it, is new
            assert asked.answer == ""
    for asked in of_row(questions, "random_inverted").itertuples():
        shares = inverted(prior.get(types[asked.question_id], np.zeros(1))[None])[0]
        if shares.any():
            assert shares[prepared.answers.index[asked.answer]] > 0


def of_row(questions: pd.DataFrame, row: str) -> pd.DataFrame:
    return questions[questions["row"].isin([f"{row}_in", f"{row}_out"])]
