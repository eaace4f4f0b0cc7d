import pytest

from vqax.errors import UsageError
from vqax.stats.difference import MethodDifference
from vqax.stats.words import Hypothesis, sentence, word


def difference(estimate=0.02, half=0.01, seeds=(5, 5), seed_df=8, null=0.0):
    return MethodDifference(
        estimate=estimate,
        low=estimate - half,
        high=estimate + half,
        p=0.0123,
        df=9.0,
        standard_error=half / 2,
        detectable=1.5 * half,
        seed_sd=0.0198,
        seed_df=seed_df,
        image_variance=0.0,
        seeds_a=seeds[0],
        seeds_b=seeds[1],
        images=400,
        null=null,
    )


LOWER = Hypothesis(higher_is_better=False)


@pytest.mark.parametrize(
    ("estimate", "hypothesis", "expected"),
    [
        (0.02, Hypothesis(), "supported"),
        (-0.02, Hypothesis(), "contradicted"),
        (0.005, Hypothesis(), "inconclusive"),
        (0.02, LOWER, "contradicted"),
        (-0.02, LOWER, "supported"),
        (-0.005, LOWER, "inconclusive"),
    ],
)
def test_the_interval_and_the_better_direction_decide(estimate, hypothesis, expected):
    assert word(difference(estimate), hypothesis) == expected


@pytest.mark.parametrize(
    ("estimate", "expected"),
    [(-0.005, "supported"), (-0.02, "inconclusive"), (-0.035, "contradicted")],
)
def test_a_margin_is_a_loss_that_is_acceptable(estimate, expected):
    better = Hypothesis(margin=0.02)
    assert word(difference(estimate, null=better.null), better) == expected
    lower = Hypothesis(margin=0.02, higher_is_better=False)
    assert word(difference(-estimate, null=lower.null), lower) == expected


def test_a_negative_margin_is_refused():
    with pytest.raises(UsageError, match=r"margin: is -0\.1; give .* from 0 on"):
        Hypothesis(margin=-0.1)
    with pytest.raises(UsageError, match="margin: is nan"):
        Hypothesis(margin=float("nan"))


@pytest.mark.parametrize(
    ("seeds", "seed_df", "enough"),
    [
        ((3, 3), 6, True),
        ((2, 3), 9, False),
        ((10, 2), 12, False),
        ((3, 3), 4, False),
        ((1, 1), 30, False),
        ((7, 0), 6, True),
        ((2, 0), 9, False),
    ],
)
def test_few_trainings_get_no_word_however_clear_the_difference(seeds, seed_df, enough):
    clear = difference(9.0, seeds=seeds, seed_df=seed_df)
    assert (word(clear, Hypothesis()) == "supported") == enough
    assert (word(clear, Hypothesis()) is None) == (not enough)
    words = ("supported", "contradicted", "inconclusive")
    assert any(w in sentence(clear, Hypothesis()) for w in words) == enough


def test_the_sentence_of_one_training_each():
    text = sentence(difference(seeds=(1, 1)), Hypothesis("LMH", "UpDn", "accuracy"))
    assert text == (
        "This training of LMH scored 0.02 above this training of UpDn on accuracy; trainings "
        "differ by 0.0198 (standard deviation), so this does not tell the methods apart: that "
        "takes 3 trainings a side and 6 degrees of freedom between trainings (here 8)."
    )
    alone = sentence(difference(-0.02, seeds=(1, 1), seed_df=0), Hypothesis())
    assert "0.02 below this training of B" in alone
    assert "not known from one of each" in alone


def test_the_sentence_of_two_trainings():
    text = sentence(difference(seeds=(2, 2)), Hypothesis())
    assert text.startswith(
        "The mean of these 2 trainings of A scored 0.02 above the mean of these 2 trainings of B"
    )
    floor = sentence(difference(seeds=(2, 0)), Hypothesis())
    assert "0.02 above B on value" in floor


def test_a_verdict_names_its_data_interval_and_trainings():
    hypothesis = Hypothesis("LMH", "UpDn", "accuracy", data="Scenes v1")
    assert sentence(difference(), hypothesis) == (
        "LMH is better than UpDn on accuracy: supported on Scenes v1; LMH scored 0.02 above UpDn "
        "(95 % interval of the difference 0.01 to 0.03, p = 0.012, 5 and 5 trainings)."
    )


def test_inconclusive_says_what_would_have_been_found():
    text = sentence(difference(0.0), Hypothesis())
    assert "A scored as B" in text
    assert text.endswith("; a difference of 0.015 would have been found with 80 % power.")
    hypothesis = Hypothesis(margin=0.01)
    margin = sentence(difference(-0.01, null=hypothesis.null), hypothesis)
    assert margin.startswith("A is worse than B by less than 0.01 on value: inconclusive")
    assert "a difference of 0.015 from the margin would have been found" in margin
