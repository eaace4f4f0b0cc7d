import pytest
import torch
from captum.attr import LayerGradientXActivation
from torch import nn
from torch.nn import functional

from tests.explain.test_pixels import images
from tests.explain.tiny import WIDTH, WORDS, Tiny, batch, image_encoder, tiny
from vqax.errors import UsageError
from vqax.explain.pixels import PixelModel
from vqax.explain.word_gradients import (
    GradientAtWords,
    guided_word_gradient,
    word_gradient,
    word_gradient_input,
    word_gradients,
)


def from_words(words, visual, model):
    """The answer of ``Tiny`` from its embedded words, written out again."""
    question = model.recurrent(words)[0][:, -1]
    attention = (visual * question[:, None]).sum(2).softmax(1)
    attended = (visual * attention[:, :, None]).sum(1)
    return model.head(torch.tanh(attended) * question)[0]


def test_equals_finite_differences():
    visual, tokens, answer = batch()
    model, visual, step = tiny().double().eval(), visual.double(), 1e-6
    found = word_gradients(model, visual, tokens, answer)
    words = model.embedding(tokens).detach()
    assert torch.equal(found.words, words)
    for i in range(3):
        for place in range(4):
            for k in range(WIDTH):
                nudge = torch.zeros_like(words)
                nudge[i, place, k] = step
                up, down = (
                    from_words(words + sign * nudge, visual, model)[i, answer[i]].item()
                    for sign in (1, -1)
                )
                slope = torch.tensor((up - down) / (2 * step)).double()
                torch.testing.assert_close(
                    found.gradients[i, place, k], slope, rtol=1e-4, atol=1e-8
                )


def test_numbers_per_word():
    visual, tokens, answer = batch()
    tokens[0, 0] = 0
    found = word_gradients(tiny(), visual, tokens, answer)
    sizes = word_gradient(tiny(), visual, tokens, answer)
    products = word_gradient_input(tiny(), visual, tokens, answer)
    for i in range(3):
        for place in range(4):
            gradient, word = found.gradients[i, place].tolist(), found.words[i, place].tolist()
            there = float(tokens[i, place] != 0)
            size = sum(g * g for g in gradient) ** 0.5 * there
            product = sum(g * w for g, w in zip(gradient, word, strict=True))
            assert sizes[i, place].item() == pytest.approx(size, rel=1e-5)
            assert products[i, place].item() == pytest.approx(product * there, rel=1e-4, abs=1e-7)
    assert found.gradients[0, 0].abs().sum() > 0
    assert sizes[0, 0] == 0
    assert (products < 0).any()


def test_equals_captum():
    visual, tokens, answer = batch()
    model = tiny().eval()
    model.embedding.weight.requires_grad_(True)
    peer = LayerGradientXActivation(lambda asked, seen: model(seen, asked).logits, model.embedding)
    expected = peer.attribute(tokens, target=answer, additional_forward_args=visual)
    found = word_gradient_input(model, visual, tokens, answer)
    torch.testing.assert_close(found, expected.detach().sum(2) * (tokens != 0))


def test_of_the_probability_as_interp():
    visual, tokens, answer = batch()
    model = tiny().eval()
    found = word_gradients(model, visual, tokens, answer, score="probability").gradients
    words = model.embedding(tokens).detach().requires_grad_()
    odds = from_words(words, visual, model).softmax(1)
    odds.gather(1, answer[:, None]).sum().backward()
    torch.testing.assert_close(found, words.grad)


class Rectified(Tiny):
    """With a rectifier in the way of the words."""

    def head(self, combined):
        return super().head(functional.relu(combined @ torch.linspace(-1, 1, 16).view(4, 4)))


def test_guided_keeps_positive_evidence_at_rectifiers_only():
    model, inputs = tiny(), batch()
    torch.testing.assert_close(guided_word_gradient(model, *inputs), word_gradient(model, *inputs))
    model.__class__ = Rectified
    found = guided_word_gradient(model, *inputs)
    assert not torch.allclose(found, word_gradient(model, *inputs))
    torch.testing.assert_close(found, GradientAtWords("guided", "norm")(model, *inputs))


class TwoEmbeddings(Tiny):
    """A second table, looked up by the operator; and one of positions, which are no words."""

    def forward(self, visual, tokens):
        places = torch.arange(tokens.shape[1]).expand_as(tokens)
        more = torch.embedding(torch.ones(WORDS, 1).cumsum(0), tokens)
        functional.embedding(places, torch.ones(9, 3))
        forward = super().forward(visual, tokens)
        return forward._replace(logits=forward.logits * more.mean((1, 2))[:, None])


def test_two_tables_of_words_stand_side_by_side():
    model, inputs = tiny(), batch()
    single = word_gradients(model, *inputs)
    model.__class__ = TwoEmbeddings
    found = word_gradients(model, *inputs)
    assert found.words.shape == (3, 4, WIDTH + 1)
    torch.testing.assert_close(found.words[..., 0], inputs[1] + 1.0)
    torch.testing.assert_close(found.words[..., 1:], single.words)
    scale = (inputs[1] + 1.0).mean(1)[:, None, None]
    torch.testing.assert_close(found.gradients[..., 1:], single.gradients * scale)


class OneHot(Tiny):
    def forward(self, visual, tokens):
        self.embedding, kept = nn.Identity(), self.embedding
        try:
            return super().forward(visual, functional.one_hot(tokens, WORDS).float() @ kept.weight)
        finally:
            self.embedding = kept


class Deaf(Tiny):
    def head(self, combined):
        return super().head(combined.detach())


@pytest.mark.parametrize("kind", [OneHot, Deaf])
def test_a_model_whose_words_are_out_of_reach_is_named(kind):
    model, inputs = tiny(), batch()
    model.__class__ = kind
    with pytest.raises(UsageError, match=rf"no gradient reaches the words of {kind.__name__}"):
        word_gradient(model, *inputs)


def test_works_on_pictures():
    _, tokens, answer = batch()
    found = word_gradient(PixelModel(image_encoder(), tiny()), images(), tokens, answer)
    cells = image_encoder()(images()).detach()
    torch.testing.assert_close(found, word_gradient(tiny(), cells, tokens, answer))
