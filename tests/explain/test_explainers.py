"""What every explainer promises; the parameters come from the dict."""

import gc

import pytest
import torch
from torch.autograd.function import BackwardCFunction

from tests.explain.tiny import ANSWERS, GRID, IMAGE, Tiny, Trace, batch, loaded, small, tiny
from vqax.errors import UsageError
from vqax.explain import EXPLAINERS
from vqax.explain.gradient import forward_with_graph

each = pytest.mark.parametrize("explain", [small(name) for name in EXPLAINERS], ids=EXPLAINERS)


def needing(need):
    names = [name for name, explain in EXPLAINERS.items() if need in explain.needs]
    return pytest.mark.parametrize("explain", [small(name) for name in names], ids=names)


def inputs(explain, b=3):
    """A model, visual, tokens and answer as the explainer needs them."""
    return *loaded(explain, tiny(), b), *batch(b)[1:]


@each
def test_one_map_per_question_on_the_grid_or_of_the_picture(explain):
    maps = explain(*inputs(explain), GRID)
    assert maps.shape == (3, *(IMAGE if "pixels" in explain.needs else GRID))
    assert maps.dtype == torch.float32
    assert maps.isfinite().all()
    assert not maps.requires_grad
    assert maps.flatten(1).std(1).max() > 0


@each
def test_questions_do_not_see_each_other(explain):
    model, visual, tokens, answer = inputs(explain)
    together = explain(model, visual, tokens, answer, GRID)
    for i in range(3):
        one = slice(i, i + 1)
        alone = explain(model, visual[one], tokens[one], answer[one], GRID)
        torch.testing.assert_close(together[one], alone)


@each
def test_the_same_map_every_time_and_without_gradients_enabled(explain):
    model, *rest = inputs(explain)
    first = explain(model, *rest, GRID)
    with torch.no_grad():
        assert torch.equal(explain(model, *rest, GRID), first)


def sharing():
    """Those that can use a pass that was made, and which they are."""
    return {name: e for name, e in EXPLAINERS.items() if e.of_forward is not None}


def test_who_can_use_a_pass_that_was_made():
    assert {"attention", "grad_cam"} <= set(sharing())
    assert all("pixels" not in explain.needs for explain in sharing().values())


@pytest.mark.parametrize("order", [1, -1])
def test_all_that_share_a_pass_make_of_it_what_each_makes_by_itself(order):
    model, visual, tokens, answer = inputs(EXPLAINERS["grad_cam"])
    before = Trace(model, visual)
    forward = forward_with_graph(model, visual, tokens)
    before.assert_equal(Trace(model, visual))
    for explain in [*sharing().values()][::order]:
        with torch.no_grad():
            maps = explain.of_forward(model, forward, answer, GRID)
        before.assert_equal(Trace(model, visual))
        assert not maps.requires_grad
        assert torch.equal(maps, explain(model, visual, tokens, answer, GRID))
        with pytest.raises(UsageError, match=r"2 by 2 has 4 cells, but the model saw 6"):
            explain.of_forward(model, forward, answer, (2, 2))


@pytest.mark.parametrize("name", ["aleatoric_mask", "predictive_mask"])
def test_options_reach_the_maps_of_a_shared_pass(name):
    explain, (model, visual, tokens, answer) = EXPLAINERS[name], inputs(EXPLAINERS[name])
    forward, options = forward_with_graph(model, visual, tokens), {"samples": 3, "seed": 5}
    maps = explain.of_forward(model, forward, answer, GRID, **options)
    assert torch.equal(maps, explain(model, visual, tokens, answer, GRID, **options))
    assert not torch.equal(maps, explain.of_forward(model, forward, answer, GRID))


@needing("gradient")
def test_follows_the_answer(explain):
    model, visual, tokens, answer = inputs(explain)
    maps = [
        explain(model, visual, tokens, (answer + shift) % ANSWERS, GRID).flatten(1)
        for shift in (0, 1)
    ]
    spread = (maps[0] - maps[0].mean(1, keepdim=True)).abs().amax(1)
    assert ((maps[0] - maps[1]).abs().amax(1) > 1e-3 * spread).all()


@each
@pytest.mark.parametrize("wants_gradient", [False, True])
def test_leaves_the_model_as_found(explain, wants_gradient):
    model, visual, tokens, answer = inputs(explain)
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
    model, visual, tokens, answer = inputs(explain)
    getattr(model, "model", model).__class__ = Breaks
    before = Trace(model, visual)
    with pytest.raises(RuntimeError, match="broken head"):
        explain(model, visual, tokens, answer, GRID)
    before.assert_equal(Trace(model, visual))


@each
def test_a_grid_of_other_size_is_refused_with_both_numbers(explain):
    model, visual, tokens, answer = inputs(explain)
    before = Trace(model, visual)
    with pytest.raises(UsageError, match=r"2 by 2 has 4 cells, but the model saw 6"):
        explain(model, visual, tokens, answer, (2, 2))
    before.assert_equal(Trace(model, visual))


class Cut(Tiny):
    def forward(self, visual, tokens):
        return super().forward(visual.detach(), tokens)

    def attention_layers(self, visual, tokens, answer):
        made = super().attention_layers(visual, tokens, answer)
        return made._replace(score=made.score.detach())


class Blind(Tiny):
    def head(self, combined):
        return super().head(combined.detach())


@needing("gradient")
@pytest.mark.parametrize("kind", [Cut, Blind])
def test_a_model_that_gradients_do_not_reach_is_named(explain, kind):
    model, visual, tokens, answer = inputs(explain)
    getattr(model, "model", model).__class__ = kind
    with pytest.raises(UsageError, match=rf"no gradient reaches the \w+ cells of {kind.__name__}"):
        explain(model, visual, tokens, answer, GRID)


@needing("variance")
def test_a_model_without_variance_is_refused(explain):
    with pytest.raises(UsageError, match=r"this model predicts none.*scalar or per_answer"):
        explain(tiny(variances=0), *batch(), GRID)


@needing("pixels")
def test_a_model_of_cells_is_told_how_to_get_pixels(explain):
    images = inputs(explain)[1]
    with pytest.raises(
        UsageError, match=r"Tiny is given cells.*PixelModel\(image_encoder, model\)"
    ):
        explain(tiny(), images, *batch()[1:], GRID)


@each
def test_nothing_piles_up(explain):
    model, *rest = inputs(explain, 2)

    def alive() -> int:
        gc.collect()
        kinds = torch.Tensor, BackwardCFunction
        return sum(issubclass(type(thing), kinds) for thing in gc.get_objects())

    for _ in range(5):
        explain(model, *rest, GRID)
    before = alive()
    for _ in range(200):
        explain(model, *rest, GRID)
    assert alive() <= before
