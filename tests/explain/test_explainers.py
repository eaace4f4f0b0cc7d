"""What every explainer promises; the parameters come from the dict."""

import gc

import pytest
import torch

from tests.explain.tiny import GRID, Tiny, Trace, batch, tiny
from vqax.errors import UsageError
from vqax.explain import EXPLAINERS

each = pytest.mark.parametrize("explain", EXPLAINERS.values(), ids=EXPLAINERS)


@each
def test_one_map_per_question_on_the_grid(explain):
    maps = explain(tiny(), *batch(), GRID)
    assert maps.shape == (3, *GRID)
    assert maps.isfinite().all()
    assert not maps.requires_grad
    assert maps.std() > 0


@each
def test_questions_do_not_see_each_other(explain):
    visual, tokens, answer = batch()
    together = explain(tiny(), visual, tokens, answer, GRID)
    for i in range(3):
        one = slice(i, i + 1)
        alone = explain(tiny(), visual[one], tokens[one], answer[one], GRID)
        torch.testing.assert_close(together[one], alone)


@each
def test_the_same_map_every_time_and_without_gradients_enabled(explain):
    model = tiny()
    first = explain(model, *batch(), GRID)
    with torch.no_grad():
        assert torch.equal(explain(model, *batch(), GRID), first)


@each
@pytest.mark.parametrize("wants_gradient", [False, True])
def test_leaves_the_model_as_found(explain, wants_gradient):
    model, (visual, tokens, answer) = tiny(), batch()
    visual.requires_grad_(wants_gradient)
    before = Trace(model, visual)
    explain(model, visual, tokens, answer, GRID)
    before.assert_equal(Trace(model, visual))


class Breaks(Tiny):
    """Draws a random number and then fails."""

    def head(self, combined):
        torch.rand(1)
        raise RuntimeError("broken head")


@each
def test_leaves_the_model_as_found_after_an_exception(explain):
    model, (visual, tokens, answer) = tiny(), batch()
    model.__class__ = Breaks
    before = Trace(model, visual)
    with pytest.raises(RuntimeError, match="broken head"):
        explain(model, visual, tokens, answer, GRID)
    before.assert_equal(Trace(model, visual))


@each
def test_a_grid_of_other_size_is_refused_with_both_numbers(explain):
    model, (visual, tokens, answer) = tiny(), batch()
    before = Trace(model, visual)
    with pytest.raises(UsageError, match=r"2 by 2 has 4 cells, but the model saw 6"):
        explain(model, visual, tokens, answer, (2, 2))
    before.assert_equal(Trace(model, visual))


@each
def test_nothing_piles_up(explain):
    model, inputs = tiny(), batch(2)

    def tracked() -> int:
        gc.collect()
        return sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects())

    for _ in range(5):
        explain(model, *inputs, GRID)
    before = tracked()
    for _ in range(200):
        explain(model, *inputs, GRID)
    assert tracked() <= before
