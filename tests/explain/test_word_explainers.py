"""What every explainer of words promises; the parameters come from the dict."""

import gc
from contextlib import nullcontext

import pytest
import torch

from tests.explain.test_explainers import Blind, Breaks
from tests.explain.tiny import ANSWERS, Trace, batch, tiny
from tests.models.small import SIZES
from vqax.errors import UsageError
from vqax.explain import WORD_EXPLAINERS, WordExplainer
from vqax.models import MODELS

each = pytest.mark.parametrize("explain", WORD_EXPLAINERS.values(), ids=WORD_EXPLAINERS)


def inputs(b=3):
    """Cells, questions with and without padding, and answers."""
    visual, tokens, answer = batch(b)
    tokens.clamp_(min=1)
    tokens[0, :2] = 0
    return visual, tokens, answer


@each
def test_one_number_per_word_and_none_for_the_padding(explain):
    visual, tokens, answer = inputs()
    found = explain(tiny(), visual, tokens, answer)
    assert found.shape == tokens.shape
    assert found.dtype == torch.float32
    assert found.isfinite().all()
    assert not found.requires_grad
    assert (found[tokens == 0] == 0).all()
    assert (found[tokens != 0] != 0).any()


@each
def test_questions_do_not_see_each_other(explain):
    together = explain(tiny(), *inputs())
    for i in range(3):
        alone = explain(tiny(), *(part[i : i + 1] for part in inputs()))
        torch.testing.assert_close(together[i : i + 1], alone)


@each
def test_follows_the_answer_and_repeats_itself_without_gradients_enabled(explain):
    visual, tokens, answer = inputs()
    first = explain(tiny(), visual, tokens, answer)
    with torch.no_grad():
        assert torch.equal(explain(tiny(), visual, tokens, answer), first)
    assert not torch.allclose(explain(tiny(), visual, tokens, (answer + 1) % ANSWERS), first)


@each
@pytest.mark.parametrize("fails", [False, True])
def test_leaves_the_model_as_found(explain, fails):
    model, (visual, tokens, answer) = tiny(), inputs()
    model.__class__ = Breaks if fails else model.__class__
    before, cudnn = Trace(model, visual, tokens), torch.backends.cudnn.enabled
    with pytest.raises(RuntimeError, match="broken head") if fails else nullcontext():
        explain(model, visual, tokens, answer)
    before.assert_equal(Trace(model, visual, tokens))
    assert torch.backends.cudnn.enabled == cudnn


@each
def test_a_model_that_gradients_do_not_reach(explain):
    model = tiny()
    model.__class__ = Blind
    if "gradient" not in explain.needs:
        assert explain(model, *inputs()).abs().sum() > 0
        return
    with pytest.raises(UsageError, match="no gradient reaches the words of Blind"):
        explain(model, *inputs())


@each
@pytest.mark.parametrize("name", MODELS)
def test_the_projects_own_models(explain, name):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        sizes = {"words": 9, "answers": 4, "visual_dim": 5, "word_dim": 3, "dropout": 0.5}
        model = MODELS[name](**sizes, **SIZES.get(name, {}))
    visual = torch.randn(2, 6, 5, generator=torch.Generator().manual_seed(2))
    tokens = torch.tensor([[0, 3, 8, 5], [2, 7, 1, 4]])
    before = Trace(model, visual, tokens)
    found = explain(model, visual, tokens, torch.tensor([0, 3]))
    assert found.shape == (2, 4)
    assert (found[tokens != 0] != 0).any()
    assert found[0, 0] == 0
    before.assert_equal(Trace(model, visual, tokens))


@each
def test_nothing_piles_up(explain):
    model, given = tiny(), inputs(2)

    def alive() -> int:
        gc.collect()
        return sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects())

    for _ in range(5):
        explain(model, *given)
    before = alive()
    for _ in range(200):
        explain(model, *given)
    assert alive() <= before


def test_needs_are_those_of_maps():
    with pytest.raises(UsageError, match=r"'colour' is not known.*attention, gradient"):
        WordExplainer(lambda: None, frozenset({"colour"}))
    forward = tiny()(*batch()[:2])
    for explain in WORD_EXPLAINERS.values():
        assert not explain.lacks(forward)
        assert explain.lacks(forward, gradient=False) == explain.needs & {"gradient"}
