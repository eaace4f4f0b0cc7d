"""Explainers of a transformer with two streams, each against its definition written out slowly."""

import pytest
import torch

from tests.explain.test_layers import Kept
from tests.explain.two_streams import CELLS, HEADS, WORDS, two_streams
from vqax.errors import UsageError
from vqax.explain import EXPLAINERS

GRID = (2, 3)
n, m = WORDS, CELLS


def shown(row):
    """Weights and gradients (heads,n,m) of the six attentions, for one question."""
    model, visual, tokens, answer = two_streams()
    one = slice(row, row + 1)
    layers = model.attention_layers(visual[one], tokens[one], answer[one])
    slopes = torch.autograd.grad(layers.score.sum(), layers.weights, allow_unused=True)
    return [
        (weights.detach()[0], torch.zeros_like(weights)[0] if slope is None else slope[0])
        for weights, slope in zip(layers.weights, slopes, strict=True)
    ]


def steps(row):
    """Ā of each attention, equation 5, number by number."""
    made = []
    for weights, slope in shown(row):
        step = torch.zeros(weights.shape[1:], dtype=torch.float64)
        for head in range(HEADS):
            for i in range(step.shape[0]):
                for j in range(step.shape[1]):
                    step[i, j] += max(0.0, float(weights[head, i, j] * slope[head, i, j])) / HEADS
        made.append(step)
    return made


def times(left, right):
    product = torch.zeros(len(left), right.shape[1], dtype=torch.float64)
    for i in range(product.shape[0]):
        for j in range(product.shape[1]):
            for k in range(len(right)):
                product[i, j] += left[i, k] * right[k, j]
    return product


def normalised(r):
    """Equations 8 and 9."""
    made = torch.eye(len(r), dtype=torch.float64)
    for i in range(len(r)):
        beyond = [float(r[i, j]) - (i == j) for j in range(len(r))]
        for j in range(len(r)):
            made[i, j] += beyond[j] / sum(beyond) if sum(beyond) > 0 else 0.0
    return made


def relevance_of_words_at_cells(row):
    """The rules of section 3.1 in the order of the pass: t are the words, i the image's cells."""
    words, cells, t_at_i, i_at_t, words_again, _ = steps(row)
    tt, ii = torch.eye(n, dtype=torch.float64), torch.eye(m, dtype=torch.float64)
    ti, it = torch.zeros(n, m, dtype=torch.float64), torch.zeros(m, n, dtype=torch.float64)
    ti, tt = ti + times(words, ti), tt + times(words, tt)
    it, ii = it + times(cells, it), ii + times(cells, ii)
    kept_t, kept_i = normalised(tt), normalised(ii)
    more_ti = times(kept_t.T, times(t_at_i, kept_i))
    more_it = times(kept_i.T, times(i_at_t, kept_t))
    more_tt, more_ii = times(t_at_i, it), times(i_at_t, ti)
    ti, it, tt, ii = ti + more_ti, it + more_it, tt + more_tt, ii + more_ii
    return ti + times(words_again, ti)


def test_relevance_follows_the_published_rules_of_two_streams():
    model, *given = two_streams()
    found = EXPLAINERS["relevance"](model, *given, GRID).flatten(1)
    expected = torch.stack([relevance_of_words_at_cells(row)[0] for row in range(3)])
    torch.testing.assert_close(found.double(), expected, atol=1e-6, rtol=1e-4)
    assert (found > 0).any(dim=1).all()


def joined(parts):
    """(n+m,n+m) of what is known of (rows, columns), 0 elsewhere."""
    whole = torch.zeros(n + m, n + m, dtype=torch.float64)
    place = {"t": range(n), "i": range(n, n + m)}
    for (of, at), values in parts.items():
        for i, row in zip(place[of], values, strict=True):
            for j, value in zip(place[at], row, strict=True):
                whole[i, j] = value
    return whole


def by_layer(values):
    tt, ii, ti, it, last_tt, last_ii = values
    return [
        joined({("t", "t"): tt}),
        joined({("i", "i"): ii}),
        joined({("t", "i"): ti, ("i", "t"): it}),
        joined({("t", "t"): last_tt, ("i", "i"): last_ii}),
    ]


def test_rollout_keeps_a_stream_that_does_not_look():
    model, *given = two_streams()
    found = EXPLAINERS["rollout"](model, *given, GRID).flatten(1)
    for row in range(3):
        through = torch.eye(n + m, dtype=torch.float64)
        for layer in by_layer([weights.mean(0) for weights, _ in shown(row)]):
            for i in range(n + m):
                looks = bool(layer[i].sum() > 0)
                layer[i] = layer[i] / 2 if looks else layer[i]
                layer[i, i] += 0.5 if looks else 1.0
            through = times(layer, through)
        torch.testing.assert_close(found[row].double(), through[0, n:], atol=1e-6, rtol=1e-4)


def test_attention_of_a_layer_and_times_its_gradient():
    model, *given = two_streams()
    visual_input = EXPLAINERS["layer_attention"](model, *given, GRID, layer=2, head=1).flatten(1)
    product = EXPLAINERS["attention_gradient"](model, *given, GRID).flatten(1)
    for row in range(3):
        expected = shown(row)[2][0][1, 0]
        torch.testing.assert_close(visual_input[row].double(), expected, atol=1e-6, rtol=1e-4)
        mean = sum(by_layer([(a * g).mean(0) for a, g in shown(row)]))[0, n:] / 4
        torch.testing.assert_close(product[row].double(), mean, atol=1e-6, rtol=1e-4)


def test_grad_cam_at_a_block_of_the_cells():
    model, visual, tokens, answer = two_streams()
    found = EXPLAINERS["block_grad_cam"](model, visual, tokens, answer, GRID).flatten(1)
    model.block = kept = Kept()
    layers = model.attention_layers(visual.requires_grad_(), tokens, answer)
    (slope,) = torch.autograd.grad(layers.score.sum(), kept.states)
    states = kept.states.detach()
    for row in range(3):
        expected = [
            sum(float(slope[row, :, k].mean() * states[row, cell, k]) for k in range(4))
            for cell in range(m)
        ]
        torch.testing.assert_close(found[row], torch.tensor(expected), atol=1e-6, rtol=1e-4)
    assert found.any(dim=1).all()


def test_weights_without_a_gradient_are_a_mistake_and_no_zero(monkeypatch):
    """Frozen words: the rules would leave the words' own layers out and say nothing of it."""
    model, *given = two_streams()
    monkeypatch.setattr(model, "start", lambda words: words)
    with pytest.raises(UsageError, match="what requires a gradient"):
        EXPLAINERS["relevance"](model, *given, GRID)
