import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.explain.tiny import ANSWERS, WORDS, Tiny, Trace, batch, tiny
from vqax.errors import UsageError
from vqax.explain.noise import NoisyAnswers, answers_under_noise, noisy_features, other_word

IDS = torch.tensor([40, 7, 1_000_003])


def sources(count: int, seed: int = 0) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed + i) for i in range(count)]


def test_noise_is_relative_to_the_deviation_of_each_picture():
    visual = (
        torch.randn(2, 30, 40, generator=sources(1)[0]) * torch.tensor([1.0, 50.0])[:, None, None]
    )
    noisy = noisy_features(visual + 5, 0.2, sources(2)) - (visual + 5)
    torch.testing.assert_close(noisy.std((1, 2)), 0.2 * visual.std((1, 2)), rtol=0.05, atol=0)
    assert (noisy.mean((1, 2)).abs() < 0.02 * visual.std((1, 2))).all()


def test_noise_written_out():
    visual = batch(1)[0]
    mean = visual.sum() / visual.numel()
    deviation = (((visual - mean) ** 2).sum() / visual.numel()) ** 0.5
    draws = torch.randn(visual.shape[1:], generator=sources(1, 9)[0])
    noisy = noisy_features(visual, 0.5, sources(1, 9))
    torch.testing.assert_close(noisy[0], visual[0] + 0.5 * deviation * draws)


@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=6), st.integers(4, 7), st.integers(0, 2**20)
)
def test_one_word_becomes_another_known_one(row, words, seed):
    tokens = torch.tensor([[min(word, words - 1) for word in row]])
    before = tokens.clone()
    after = other_word(tokens, words, sources(1, seed))
    assert torch.equal(tokens, before)
    changed = (after != before).nonzero()
    assert len(changed) == (before != 0).any()
    for _, place in changed.tolist():
        assert before[0, place] != 0
        assert 2 <= after[0, place] < words


def test_every_place_and_every_other_word_is_drawn():
    tokens = torch.tensor([[0, 1, 3, 5]] * 200)
    after = other_word(tokens, 6, sources(200))
    seen = {place: set() for place in (1, 2, 3)}
    for row, before in zip(after.tolist(), tokens.tolist(), strict=True):
        (place,) = [i for i in range(4) if row[i] != before[i]]
        seen[place].add(row[place])
    assert seen == {1: {2, 3, 4, 5}, 2: {2, 4, 5}, 3: {2, 3, 4}}


@pytest.mark.parametrize("options", [{"strength": 0.5}, {"words": WORDS}])
def test_before_is_the_model_itself_and_after_that_of_the_disturbed_input(options):
    visual, tokens, _ = batch()
    found = answers_under_noise(tiny(), visual, tokens, IDS, samples=4, seed=3, **options)
    model = tiny().eval()
    torch.testing.assert_close(found.before, model(visual, tokens).logits.softmax(1).detach())
    assert found.after.shape == (4, 3, ANSWERS)
    assert not torch.allclose(found.after[0], found.before)
    assert not torch.allclose(found.after[0], found.after[1])
    torch.testing.assert_close(found.after.sum(2), torch.ones(4, 3))


def test_the_questions_are_those_that_were_answered():
    visual, tokens, _ = batch()
    found = answers_under_noise(tiny(), visual, tokens, IDS, words=WORDS, samples=2)
    assert ((found.questions != tokens).sum(2) == (tokens != 0).any(1)).all()
    for question, after in zip(found.questions, found.after, strict=True):
        logits = tiny().eval()(visual, question).logits.detach()
        torch.testing.assert_close(after, logits.softmax(1))
    asked = answers_under_noise(tiny(), visual, tokens, IDS, strength=0.5).questions
    assert torch.equal(asked, tokens[None])


def test_a_question_is_disturbed_alike_in_any_batch():
    visual, tokens, _ = batch()
    options = {"strength": 0.5, "words": WORDS, "samples": 3, "seed": 5}
    together = answers_under_noise(tiny(), visual, tokens, IDS, **options)
    for i in range(3):
        one = slice(i, i + 1)
        alone = answers_under_noise(tiny(), visual[one], tokens[one], IDS[one], **options)
        torch.testing.assert_close(together.after[:, one], alone.after)


def test_seed_and_question_decide():
    visual, tokens = batch(1)[0].expand(3, -1, -1), batch(1)[1].expand(3, -1)
    first, same, other = (
        answers_under_noise(tiny(), visual, tokens, IDS, strength=0.5, seed=seed).after
        for seed in (1, 1, 2)
    )
    assert torch.equal(first, same)
    assert not torch.equal(first, other)
    assert not torch.allclose(first[0, 0], first[0, 1])


def test_flips_are_changes_of_the_top_answer():
    before = torch.tensor([[0.6, 0.4], [0.1, 0.9]])
    after = torch.tensor([[[0.4, 0.6], [0.2, 0.8]], [[0.9, 0.1], [0.3, 0.7]]])
    flipped = NoisyAnswers(before, after, torch.zeros(2, 2, 3, dtype=torch.int64)).flipped
    assert flipped.tolist() == [[True, False], [False, False]]


@pytest.mark.parametrize("options", [{}, {"strength": -0.1}, {"strength": -1.0, "words": 9}])
def test_noise_that_disturbs_nothing_is_refused(options):
    with pytest.raises(UsageError, match="disturb nothing; give a strength above 0"):
        answers_under_noise(tiny(), *batch()[:2], IDS, **options)


def test_a_vocabulary_without_another_word_is_refused():
    with pytest.raises(UsageError, match="a vocabulary of 3 has no other word"):
        answers_under_noise(tiny(), *batch()[:2], IDS, words=3)


class Breaks(Tiny):
    def head(self, combined):
        torch.rand(1)
        raise RuntimeError("broken head")


def test_leaves_the_model_as_found_also_after_an_exception():
    model, (visual, tokens, _) = tiny(), batch()
    before = Trace(model, visual)
    found = answers_under_noise(model, visual, tokens, IDS, strength=1.0, words=WORDS)
    assert not found.after.requires_grad
    before.assert_equal(Trace(model, visual))
    model.__class__ = Breaks
    with pytest.raises(RuntimeError, match="broken head"):
        answers_under_noise(model, visual, tokens, IDS, strength=1.0)
    before.assert_equal(Trace(model, visual))


def test_a_last_digit_is_no_flip():
    before = torch.tensor([[0.4, 0.4, 0.2]])
    after = torch.tensor([[[0.4, 0.4 + 6e-8, 0.2]], [[0.4, 0.42, 0.18]]])
    found = NoisyAnswers(before, after, torch.zeros(2, 1, 3, dtype=torch.long))
    assert found.flipped.tolist() == [[False], [True]]
