"""Explainers of a transformer's layers, each against its definition written out slowly."""

import pytest
import torch

from tests.explain.tiny import ANSWERS, CELLS, GRID, batch, tiny
from vqax.errors import UsageError
from vqax.explain import EXPLAINERS

visual, tokens, answer = batch()
answer = (answer + 1) % ANSWERS


def shown(row):
    """Weights of each layer (heads,n,n) and their gradients, of a model in evaluation mode."""
    model, one = tiny().eval(), slice(row, row + 1)
    with torch.enable_grad():
        layers = model.attention_layers(visual[one], tokens[one], answer[one])
        slopes = torch.autograd.grad(layers.score.sum(), layers.weights)
    return [weights.detach()[0] for weights in layers.weights], [slope[0] for slope in slopes]


def explained(name, **options):
    return EXPLAINERS[name](tiny(), visual, tokens, answer, GRID, **options).flatten(1)


def times(left, right):
    """A product of matrices by its definition."""
    n = len(left)
    product = torch.zeros(n, n)
    for i in range(n):
        for j in range(n):
            for k in range(n):
                product[i, j] += left[i, k] * right[k, j]
    return product


def assert_rows(found, of_row):
    for row in range(len(found)):
        torch.testing.assert_close(found[row], of_row(*shown(row))[0, 1:], atol=1e-7, rtol=1e-4)


def test_layer_attention_is_that_of_a_layer_and_a_head_or_a_mean():
    assert_rows(
        explained("layer_attention"),
        lambda weights, slopes: (weights[0][0] + weights[0][1] + weights[1][0] + weights[1][1]) / 4,
    )
    assert_rows(
        explained("layer_attention", layer=0),
        lambda weights, slopes: (weights[0][0] + weights[0][1]) / 2,
    )
    assert_rows(
        explained("layer_attention", layer=-1, head=1), lambda weights, slopes: weights[1][1]
    )
    with pytest.raises(UsageError, match="layer: 2 of 2; give -2 to 1"):
        explained("layer_attention", layer=2)
    with pytest.raises(UsageError, match="head: -3 of 2; give -2 to 1"):
        explained("layer_attention", head=-3)


def test_rollout_multiplies_layers_with_their_residuals():
    def rolled(weights, slopes):
        kept = torch.eye(CELLS + 1)
        first, second = ((layer.mean(0) + kept) / 2 for layer in weights)
        return times(second, first)

    found = explained("rollout")
    assert_rows(found, rolled)
    assert (found.sum(1) < 1).all()


@pytest.mark.parametrize("rectified", [False, True])
def test_attention_times_gradient(rectified):
    def product(weights, slopes):
        total = torch.zeros(CELLS + 1, CELLS + 1)
        for layer, gradient in zip(weights, slopes, strict=True):
            for head in range(2):
                slope = gradient[head].clamp(min=0) if rectified else gradient[head]
                total += layer[head] * slope
        return total / 4

    assert_rows(explained("attention_gradient", rectified=rectified), product)


def test_relevance_follows_the_published_rules():
    """Equations 5 and 6 of Chefer et al. 2021, from R = I on, element by element."""

    def relevant(weights, slopes):
        n = CELLS + 1
        through = torch.eye(n)
        for layer, gradient in zip(weights, slopes, strict=True):
            step = torch.zeros(n, n)
            for head in range(2):
                for i in range(n):
                    for j in range(n):
                        step[i, j] += max(0.0, float(layer[head, i, j] * gradient[head, i, j])) / 2
            through = through + times(step, through)
        return through

    found = explained("relevance")
    assert_rows(found, relevant)
    assert (found >= 0).all()


def test_a_layer_that_the_answer_does_not_pass_counts_for_nothing():
    class Deaf(type(tiny())):
        def attention_layers(self, *given):
            made = super().attention_layers(*given)
            unused = made.weights[0].detach().clone().requires_grad_()
            return made._replace(weights=(*made.weights, unused))

    model, given = tiny(), (visual, tokens, answer, GRID)
    plain = EXPLAINERS["relevance"](model, *given)
    model.__class__ = Deaf
    torch.testing.assert_close(EXPLAINERS["relevance"](model, *given), plain)


def test_a_model_that_shows_no_layers_is_named_with_the_remedy():
    model = torch.nn.Linear(2, 2)
    with pytest.raises(UsageError, match=r"Linear does not show the attention.*attention_layers"):
        EXPLAINERS["rollout"](model, visual, tokens, answer, GRID)


class Kept(torch.nn.Module):
    """Passes states on and keeps them."""

    def forward(self, states):
        self.states = states
        return states


def test_grad_cam_at_a_block_is_that_of_what_the_block_returns():
    """Written out: the rest of the model behind the first block, from its states on."""
    found = explained("block_grad_cam", layer="blocks.0")
    assert torch.equal(found, explained("block_grad_cam"))  # of two, the middle is the first
    for row in range(len(found)):
        model, one = tiny().eval(), slice(row, row + 1)
        model.blocks[0] = kept = Kept()
        layers = model.attention_layers(visual[one].requires_grad_(), tokens[one], answer[one])
        (slope,) = torch.autograd.grad(layers.score, kept.states)
        cells, among = kept.states[0, 1:].detach(), slope[0, 1:]
        expected = [
            sum(among[:, k].mean().item() * cells[place, k].item() for k in range(cells.shape[1]))
            for place in range(CELLS)
        ]
        torch.testing.assert_close(found[row], torch.tensor(expected), atol=1e-6, rtol=1e-4)


def test_a_layer_that_is_none_is_named_with_its_neighbours():
    with pytest.raises(UsageError, match=r"'blocks.7' is no module of Tiny; near are blocks"):
        explained("block_grad_cam", layer="blocks.7")
    with pytest.raises(UsageError, match=r"'recurrent' returns .*not one vector for each of 7"):
        explained("block_grad_cam", layer="recurrent")
