import pytest
import torch
from torch import nn

from tests.explain.tiny import ANSWERS, Trace, batch, tiny
from vqax.errors import UsageError
from vqax.explain.gradient import forward_with_graph
from vqax.explain.predict import mc_predict, predict, sample_head
from vqax.models.forward import Forward


def slow_passes(model, visual, tokens, samples, seed):
    """The image encoder in evaluation mode; each pass samples the dropout of the head by hand."""
    model.eval()
    combined = model(visual, tokens).combined
    torch.manual_seed(seed)
    for _ in range(samples):
        kept = torch.nn.functional.dropout(model.norm(combined), 0.5, training=True)
        logits = model.answer(kept).exp()
        yield logits.softmax(1), torch.nn.functional.softplus(model.spread(logits)).mean(1)


@pytest.mark.parametrize("variances", [1, ANSWERS])
def test_equals_passes_written_out(variances):
    visual, tokens, _ = batch()
    prediction = mc_predict(tiny(variances=variances), visual, tokens, 4, generator_seed=9)
    with torch.random.fork_rng(), torch.no_grad():
        passes = list(slow_passes(tiny(variances=variances), visual, tokens, 4, 9))
    torch.testing.assert_close(prediction.probabilities, torch.stack([p for p, _ in passes]))
    torch.testing.assert_close(prediction.variance, torch.stack([v for _, v in passes]))


def test_only_the_head_is_random():
    visual, tokens, _ = batch()
    prediction = mc_predict(tiny(), visual, tokens, 5, generator_seed=0)
    expected = tiny().eval()(visual, tokens)
    torch.testing.assert_close(prediction.forward.logits, expected.logits.detach())
    torch.testing.assert_close(prediction.forward.combined, expected.combined.detach())
    assert prediction.probabilities.shape == (5, 3, ANSWERS)
    assert prediction.probabilities.std(0).max() > 0
    torch.testing.assert_close(prediction.probabilities.sum(2), torch.ones(5, 3))


def test_the_seed_decides():
    visual, tokens, _ = batch()
    first, same, other = (mc_predict(tiny(), visual, tokens, 3, seed) for seed in (1, 1, 2))
    assert torch.equal(first.probabilities, same.probabilities)
    assert not torch.equal(first.probabilities, other.probabilities)


def test_without_a_variance_head_there_is_no_variance():
    visual, tokens, _ = batch()
    assert mc_predict(tiny(variances=0), visual, tokens, 2, 0).variance is None


def test_leaves_the_model_as_found():
    model, (visual, tokens, _) = tiny(), batch()
    model.norm.train()
    before = Trace(model, visual)
    prediction = mc_predict(model, visual, tokens, 2, 0)
    before.assert_equal(Trace(model, visual))
    assert not prediction.probabilities.requires_grad
    with pytest.raises(IndexError):
        mc_predict(model, visual, tokens + 100, 2, 0)
    before.assert_equal(Trace(model, visual))


def test_the_same_of_a_pass_that_was_made_and_without_its_graph():
    model, (visual, tokens, _) = tiny(), batch()
    forward = forward_with_graph(model, visual, tokens)
    assert forward.logits.requires_grad
    before = Trace(model, visual)
    shared, alone = sample_head(model, forward, 3, 7), mc_predict(model, visual, tokens, 3, 7)
    before.assert_equal(Trace(model, visual))
    for one, other in zip(
        (*shared.forward, shared.probabilities, shared.variance),
        (*alone.forward, alone.probabilities, alone.variance),
        strict=True,
    ):
        assert one.grad_fn is None
        assert not one.requires_grad
        torch.testing.assert_close(one, other)


def test_a_pass_without_attention_and_variance_has_none_when_it_is_detached():
    forward = tiny(with_attention=False, variances=0)(*batch()[:2]).detached()
    assert forward.attention is None
    assert forward.variance is None


def test_functional_dropout_in_the_head_is_sampled_too():
    model, (visual, tokens, _) = tiny(), batch()

    def head(combined):
        dropped = nn.functional.dropout(combined, 0.5, training=model.training)
        return model.answer(dropped), None

    model.head = head
    assert mc_predict(model, visual, tokens, 8, 0).probabilities.std(0).max() > 0


def test_a_model_without_head_is_named():
    with pytest.raises(UsageError, match="Linear has no method `head`"):
        mc_predict(nn.Linear(2, 2), *batch()[:2], 2, 0)
    with pytest.raises(UsageError, match="Linear has no method `head`"):
        sample_head(nn.Linear(2, 2), tiny()(*batch()[:2]), 2, 0)


class Headless(nn.Module):
    def forward(self, visual, tokens):
        logits = visual.sum((1, 2))[:, None] * torch.arange(3.0)
        return Forward(logits, None, visual, visual, logits, logits, None)


def test_a_model_without_a_head_is_asked_once():
    visual, tokens, _ = batch(2)
    prediction = predict(Headless(), visual, tokens, samples=5, generator_seed=0)
    assert prediction.variance is None
    expected = Headless()(visual, tokens).logits.softmax(1)[None]
    torch.testing.assert_close(prediction.probabilities, expected)


def test_a_head_is_sampled():
    visual, tokens, _ = batch(2)
    sampled, same = (
        ask(tiny(), visual, tokens, 4, generator_seed=9) for ask in (predict, mc_predict)
    )
    torch.testing.assert_close(sampled.probabilities, same.probabilities, rtol=0, atol=0)
