import pytest
import torch
from torch.nn import functional

from tests.explain.tiny import ANSWERS, CELLS, GRID, Tiny, Trace, batch, tiny
from vqax.errors import UsageError
from vqax.explain.attention_samples import attention_samples


class Wandering(Tiny):
    """With dropout before its attention."""

    def forward(self, visual, tokens):
        return super().forward(functional.dropout(visual, 0.5, training=self.training), tokens)


def wandering(**options) -> Tiny:
    model = tiny(**options)
    model.__class__ = Wandering
    return model


@pytest.mark.parametrize("variances", [1, ANSWERS])
def test_equals_passes_of_each_question_written_out(variances):
    visual, tokens, _ = batch()
    found = attention_samples(
        wandering(variances=variances), visual, tokens, GRID, samples=4, seed=7
    )
    model = wandering(variances=variances).train()
    model.norm.eval()
    for i in range(3):
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(7)
            forward = model(torch.stack([visual[i]] * 4), torch.stack([tokens[i]] * 4))
        for t, logits in enumerate(forward.logits):
            odds = logits.exp() / logits.exp().sum()
            assert found.answer[t, i] == odds.argmax()
            torch.testing.assert_close(found.probability[t, i], odds.max())
            torch.testing.assert_close(found.entropy[t, i], -sum(p * p.log() for p in odds))
            torch.testing.assert_close(found.variance[t, i], sum(forward.variance[t]) / variances)
            for cell in range(CELLS):
                weight = found.maps[t, i, cell // 3, cell % 3]
                torch.testing.assert_close(weight, forward.attention[t, cell])


def test_the_maps_wander_and_each_sums_to_one():
    found = attention_samples(wandering(), *batch()[:2], GRID, samples=6)
    assert found.maps.shape == (6, 3, *GRID)
    torch.testing.assert_close(found.maps.sum((2, 3)), torch.ones(6, 3))
    assert (found.maps.std(0).amax((1, 2)) > 1e-3).all()
    assert (found.entropy.std(0) > 0).all()


def test_without_dropout_before_it_the_attention_stays_and_the_answer_does_not():
    found = attention_samples(tiny(), *batch()[:2], GRID, samples=6)
    torch.testing.assert_close(found.maps, found.maps[:1].expand_as(found.maps))
    assert (found.probability.std(0) > 0).all()


def test_a_question_has_the_same_samples_alone():
    visual, tokens, _ = batch()
    together = attention_samples(wandering(), visual, tokens, GRID, samples=5, seed=2)
    alone = attention_samples(wandering(), visual[1:2], tokens[1:2], GRID, samples=5, seed=2)
    for whole, one in zip(together, alone, strict=True):
        torch.testing.assert_close(whole[:, 1:2], one)


def test_the_seed_decides():
    first, same, other = (
        attention_samples(wandering(), *batch()[:2], GRID, samples=2, seed=s).maps
        for s in (1, 1, 2)
    )
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_without_a_variance_head_there_is_no_variance():
    assert attention_samples(tiny(variances=0), *batch()[:2], GRID).variance is None


def test_a_model_without_attention_is_named():
    with pytest.raises(UsageError, match=r"Tiny has no attention.*grad_cam"):
        attention_samples(tiny(with_attention=False), *batch()[:2], GRID)


class Breaks(Wandering):
    def head(self, combined):
        super().head(combined)
        raise RuntimeError("broken head")


def test_leaves_the_model_as_found_also_after_an_exception():
    model, (visual, tokens, _) = wandering(), batch()
    before = Trace(model, visual)
    found = attention_samples(model, visual, tokens, GRID, samples=2)
    assert not any(part.requires_grad for part in found)
    before.assert_equal(Trace(model, visual))
    model.__class__ = Breaks
    with pytest.raises(RuntimeError, match="broken head"):
        attention_samples(model, visual, tokens, GRID, samples=2)
    before.assert_equal(Trace(model, visual))
