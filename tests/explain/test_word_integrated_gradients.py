"""Integrated gradients at the words: complete, equal to a slow sum and to captum's."""

import torch
from torch import nn

from tests.explain.tiny import ANSWERS, batch, tiny
from vqax.explain import WORD_EXPLAINERS

explain = WORD_EXPLAINERS["word_integrated_gradients"]


class Scaled(nn.Module):
    """An embedding whose vectors are those of another times a number."""

    def __init__(self, inner, scale):
        super().__init__()
        self.inner, self.scale = inner, scale

    def forward(self, tokens):
        return self.inner(tokens) * self.scale


def with_words(scale):
    model = tiny().eval()
    model.embedding = Scaled(model.embedding, scale)
    return model


def inputs():
    visual, tokens, answer = batch()
    tokens[0, :2] = 0
    return visual, tokens, (answer + 1) % ANSWERS


def test_the_numbers_sum_to_what_the_words_add():
    visual, tokens, answer = inputs()
    found = explain(tiny(), visual, tokens, answer, steps=64)
    model, empty = with_words(1.0), with_words(0.0)
    with torch.no_grad():
        added = model(visual, tokens).logits - empty(visual, tokens).logits
    expected = added.gather(1, answer[:, None])[:, 0]
    torch.testing.assert_close(found.sum(1), expected, atol=1e-4, rtol=1e-3)


def test_it_is_the_mean_gradient_on_the_way_times_the_word():
    """A midpoint sum, so fine that the rule of summing does not matter."""
    visual, tokens, answer = inputs()
    found, expected = explain(tiny(), visual, tokens, answer), torch.zeros(tokens.shape)
    inner, steps = tiny().embedding, 400
    for step in range(steps):
        place = (step + 0.5) / steps
        words = (inner(tokens).detach() * place).requires_grad_()
        model = tiny().eval()
        model.embedding = Given(words)
        score = model(visual, tokens).logits.gather(1, answer[:, None]).sum()
        (slope,) = torch.autograd.grad(score, words)
        expected += (slope * inner(tokens).detach()).sum(2) / steps
    torch.testing.assert_close(found, expected * (tokens != 0), atol=1e-4, rtol=1e-3)


class Given(nn.Module):
    """Looks nothing up."""

    def __init__(self, words):
        super().__init__()
        self.words = words

    def forward(self, tokens):
        return self.words


def test_it_is_what_captum_computes():
    from captum.attr import IntegratedGradients

    visual, tokens, answer = inputs()
    words = tiny().embedding(tokens).detach()

    def answered(words, visual, tokens):  # captum gives all its steps as one batch
        model = tiny().eval()
        model.embedding = Given(words)
        return model(visual, tokens).logits

    attributions = IntegratedGradients(answered).attribute(
        words, target=answer, additional_forward_args=(visual, tokens), n_steps=50,
        method="gausslegendre",
    )  # fmt: skip
    found = explain(tiny(), visual, tokens, answer, steps=50)
    torch.testing.assert_close(
        found, attributions.sum(2).float() * (tokens != 0), atol=1e-4, rtol=1e-3
    )
