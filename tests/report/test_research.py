"""The first screen: what is said of each question, and what may not be said."""

import math
from dataclasses import replace

import pytest

from tests.report.sample import sample_claims
from tests.report.test_answer import COMPARISON, pair, with_pairs
from vqax.report.content import ResearchQuestion
from vqax.report.research import compared, replies

VERDICT_WORDS = ("Yes", "No,", "better", "worse", "supported", "contradicted", "inconclusive")


def with_question(content, *measures, comparisons=(COMPARISON,)):
    questions = (ResearchQuestion("Does it help?", measures),)
    return replace(content, questions=questions, comparisons=comparisons)


def reply(content, *measures):
    (found,) = replies(with_question(content, *measures))
    return found


def test_one_training_a_side_is_described_and_nothing_is_concluded(content):
    single = with_pairs(
        content, pair("accuracy_official", 0.02, 0.004, 0.036), seeds=(1, 1), df=0, seed_sd=math.nan
    )
    found = reply(single, "accuracy_official")
    assert found.answer == (
        "Not known yet (Scenes v1, validation). These trainings differ: VQA accuracy +2.0 points "
        "for P-GCA against MCB."
    )
    assert found.sure.startswith("1 training a side: not enough to tell methods apart")
    assert found.more == "at least 3 trainings a side (the profile full makes them)"
    assert not any(word in found.answer for word in VERDICT_WORDS)


@pytest.mark.parametrize(
    ("low", "high", "lead"),
    [(0.004, 0.036, "Yes"), (-0.036, -0.004, "No, the opposite"), (-0.01, 0.02, "Not decided")],
)
def test_enough_trainings_have_an_answer_with_its_interval(content, low, high, lead):
    several = with_pairs(content, pair("accuracy_official", (low + high) / 2, low, high))
    found = reply(several, "accuracy_official")
    assert found.answer.startswith(f"{lead} (Scenes v1, validation): VQA accuracy ")
    assert "for P-GCA against MCB." in found.answer
    assert found.sure == (
        "3 trainings a side, 95 % intervals over trainings and test images (standard deviation "
        "between trainings: 2.0 points in VQA accuracy)."
    )


def test_an_inconclusive_answer_says_what_would_have_been_found_and_what_the_paper_takes(content):
    open_one = with_pairs(
        content, pair("accuracy_official", 0.005, -0.01, 0.02),
        detectable=0.034, image_variance=1e-5, images=400,
    )  # fmt: skip
    more = reply(open_one, "accuracy_official").more
    assert more.startswith("a difference of 3.4 points in VQA accuracy of P-GCA and MCB would have")
    needed = int(more.split("the paper's +2.7 takes ")[1].split()[0])
    assert 3 < needed < 50


def test_measures_that_disagree_are_named_by_verdict(content):
    mixed = with_pairs(
        content,
        pair("accuracy_official", 0.02, 0.01, 0.03),
        pair("attention_emd", 0.02, 0.01, 0.03),
        pair("margin", 0.0, -0.01, 0.01),
        pair("predictive", 0.5, 0.4, 0.6),
        pair("attention_rank_correlation", math.nan, math.nan, math.nan, n=0),
    )
    answer = reply(mixed).answer
    assert answer.startswith("It depends (Scenes v1, validation). Better: VQA accuracy +2.0")
    assert answer.index("worse: earth mover's distance") < answer.index("inconclusive: top-2")
    assert "uncertainty" not in answer
    assert len(compared(with_question(mixed))) == 3


def test_many_differences_are_counted_for_the_plot_shows_them(content):
    metrics = ("accuracy_official", "attention_emd", "attention_rank_correlation", "margin")
    rows = [pair(metric, 0.02, 0.01, 0.03) for metric in metrics]
    rows += [pair(metric, 0.02, 0.01, 0.03, a="mcb_agca") for metric in metrics]
    others = (COMPARISON, replace(COMPARISON, proposed="mcb_agca"))
    (found,) = replies(with_question(with_pairs(content, *rows, seeds=(1, 1)), comparisons=others))
    assert found.answer.endswith("These trainings differ: 8 differences, shown below.")


def test_without_a_measured_pair_the_answer_says_so(content):
    found = reply(with_pairs(content), "accuracy_official")
    assert found.answer.startswith("Not measured: no two runs of this study were compared")
    assert (found.sure, found.more) == ("", "")


def test_a_question_of_claims_counts_their_verdicts_and_names_each(content):
    claims = sample_claims()
    ids = tuple(claims["claim_id"])[:4]
    question = ResearchQuestion("Does it hold?", claims=ids)
    (found,) = replies(replace(content, claims=claims, questions=(question,)))
    assert found.answer.startswith("Of 4 claims of the paper: ")
    assert [claim[0] for claim in found.claims] == list(ids)
    counted = claims[claims["claim_id"].isin(ids)]["verdict"].value_counts()
    assert all(f"{count} {verdict}" in found.answer for verdict, count in counted.items())


def test_a_question_whose_claims_were_not_tested_says_so(content):
    question = ResearchQuestion("Does it hold?", claims=("X99",))
    (found,) = replies(replace(content, questions=(question,)))
    assert found.answer.startswith("Not tested")


def test_undecided_claims_and_open_ones_say_what_is_missing(content):
    claims = sample_claims().iloc[:3].assign(
        verdict=["undecided", "inconclusive", "supported"], detectable=[math.nan, 0.034, math.nan],
        seeds_a=[1, 3, 3], seeds_b=[1, 3, 5], data="Scenes v1", compared=1,
    )  # fmt: skip
    ids = tuple(claims["claim_id"])
    question = ResearchQuestion("Does it hold?", claims=ids)
    (found,) = replies(replace(content, claims=claims, questions=(question,)))
    assert found.sure == "1 to 5 trainings a side; fewer than 3 decide nothing."
    assert f"at least 3 trainings a side for {ids[0]} " in found.more
    assert f"for {ids[1]} a difference of 0.03 would have been found" in found.more
    assert found.claims[2][1] == "supported on Scenes v1"
