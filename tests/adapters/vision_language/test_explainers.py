"""Every method explains every family, and leaves it as found."""

import pytest
import torch

from tests.adapters.vision_language.tiny import (
    ANSWERS,
    FAMILIES,
    QUESTIONS,
    adapted,
    image,
    prompt_inputs,
    tokens,
)
from tests.explain.tiny import Trace, small
from vqax.errors import UsageError
from vqax.explain import EXPLAINERS, WORD_EXPLAINERS
from vqax.explain.occlusion import GREY
from vqax.explain.word_occlusion import dropped

every = pytest.mark.parametrize("name", FAMILIES)
MASKS = ("aleatoric_mask", "predictive_mask")
SLOW = "topn_grad_cam"  # a backward pass for every number that the answers are chosen by
OPEN = [name for name in EXPLAINERS if name not in (*MASKS, SLOW)]
ANSWER = torch.tensor([2, 0])


@pytest.fixture(scope="module", params=FAMILIES)
def loaded(request):
    """A family, its image, a model of the answers, and the questions."""
    model = adapted(request.param)
    encoded = model.encode(image())
    return model, encoded, model.listed(encoded, ANSWERS), tokens(model)


@pytest.mark.parametrize("method", OPEN)
def test_every_method_that_needs_no_variance_explains_it(loaded, method):
    _, encoded, listed, asked = loaded
    explain = small(method)
    pixels = "pixels" in explain.needs
    below = listed if pixels else listed.model
    visual = encoded.pixels if pixels else encoded.cells.repeat(2, 1, 1)
    same = {"image_of": torch.zeros(2, dtype=torch.long)} if pixels else {}
    before = Trace(listed, visual, asked)
    maps = explain(below, visual, asked, ANSWER, encoded.grid, **same)
    before.assert_equal(Trace(listed, visual, asked))
    assert maps.shape == (2, *(encoded.size_px if pixels else encoded.grid))
    assert maps.isfinite().all()
    assert maps.flatten(1).std(1).min() > 0


@pytest.mark.parametrize("method", WORD_EXPLAINERS)
def test_every_method_of_words_explains_it(loaded, method):
    _, encoded, listed, asked = loaded
    before = Trace(listed, asked)
    found = WORD_EXPLAINERS[method](listed.model, encoded.cells.repeat(2, 1, 1), asked, ANSWER)
    before.assert_equal(Trace(listed, asked))
    assert found.shape == asked.shape
    assert (found[asked != 0] != 0).all()
    assert (found[asked == 0] == 0).all()


def test_the_layers_shown_are_those_of_the_network_and_of_the_answer(loaded):
    """Score as of the forward pass; weights as of transformers, over the prompt and the answer."""
    model, encoded, listed, _ = loaded
    asked = tokens(model, QUESTIONS[:1])
    layers = listed.model.attention_layers(encoded.cells, asked, torch.tensor([2]))
    with torch.no_grad():
        expected = listed.model(encoded.cells, asked)
        prompt = prompt_inputs(model, image(), QUESTIONS[0])
        weights = model.network(**prompt, output_attentions=True).attentions
    torch.testing.assert_close(layers.score, expected.logits[:, 2], atol=1e-4, rtol=1e-4)
    n = prompt["input_ids"].shape[1]
    assert layers.reads.tolist() == [n - 1, n]
    for shown, one in zip(layers.weights, weights, strict=True):
        torch.testing.assert_close(shown[:, :, :n, :n], one, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(shown.sum(3), torch.ones(shown.shape[:3]))
    place = prompt["input_ids"][0] == model.network.config.image_token_id
    assert torch.equal(layers.cells, place.nonzero()[:, 0])
    named = dict(listed.model.named_modules())
    assert all("DecoderLayer" in type(named[block]).__name__ for block in layers.blocks)
    said = model.said(encoded, model.answer_tokens("blue dogs"), token=1).model
    one = said.attention_layers(encoded.cells, asked, torch.tensor([0]))
    assert one.reads.tolist() == [n]
    assert one.score.item() == pytest.approx(
        said(encoded.cells, asked).logits[0, 0].item(), abs=1e-4
    )


def test_without_weights_the_remedy_is_told():
    model = adapted("llava", attention="sdpa")
    encoded = model.encode(image())
    above = model.listed(encoded, ANSWERS).model
    given = encoded.cells, tokens(model, QUESTIONS[:1]), torch.tensor([0])
    with pytest.raises(UsageError, match=r"attention 'sdpa' keeps no weights; load .* eager"):
        EXPLAINERS["rollout"](above, *given, encoded.grid)


def test_gradients_are_those_of_finite_differences(loaded):
    """Along a random direction, at the image tokens and at the pixels, in double precision."""
    model, encoded, _, asked = loaded
    model.network.double()
    try:
        listed = model.listed(encoded, ANSWERS)
        direction = torch.randn(encoded.cells.shape, generator=torch.Generator().manual_seed(0))

        def score(step):
            cells = encoded.cells.double() + step * direction
            return listed.model(cells, asked[:1]).logits[0, 2]

        step = torch.zeros((), dtype=torch.float64, requires_grad=True)
        (slope,) = torch.autograd.grad(score(step), step)
        with torch.no_grad():
            wide, near = ((score(h) - score(-h)) / (2 * h) for h in (1e-2, 5e-3))
        measured = (4 * near - wide) / 3  # without the third derivative
        assert slope.item() == pytest.approx(measured.item(), rel=5e-3, abs=3e-4)
    finally:
        model.network.float()


def test_gradients_at_pixels_are_those_of_finite_differences(loaded):
    _, encoded, listed, asked = loaded
    direction = torch.randn(encoded.pixels.shape, generator=torch.Generator().manual_seed(0))

    def score(step):
        return listed(encoded.pixels + step * direction, asked[:1]).logits[0, 2]

    step = torch.zeros((), requires_grad=True)
    (slope,) = torch.autograd.grad(score(step), step)
    with torch.no_grad():
        measured = (score(0.2) - score(-0.2)) / 0.4
    assert slope.item() == pytest.approx(measured.item(), rel=0.05, abs=2e-4)


def test_occlusion_is_what_the_model_says_of_the_image_with_a_patch(loaded):
    _, encoded, listed, asked = loaded
    drops = EXPLAINERS["occlusion"](
        listed, encoded.pixels, asked[:1], ANSWER[:1], encoded.grid, patches=(2, 3)
    )
    y, x = encoded.size_px
    hidden = encoded.pixels.clone()
    hidden[:, :, y // 2 :, : x // 3] = torch.tensor(GREY)[:, None, None]
    with torch.no_grad():
        before, after = (
            listed(pixels, asked[:1]).logits.softmax(1)[0, 2] for pixels in (encoded.pixels, hidden)
        )
    torch.testing.assert_close(drops[0, -1, 0], before - after, atol=1e-6, rtol=1e-4)


def test_occlusion_of_words_is_what_the_model_says_of_the_shorter_question(loaded):
    model, encoded, listed, asked = loaded
    drops = WORD_EXPLAINERS["word_occlusion"](
        listed.model, encoded.cells.repeat(2, 1, 1), asked, ANSWER
    )
    shorter = tokens(model, ["is the red ?"])
    with torch.no_grad():
        before, after = (
            listed.model(encoded.cells, rows).logits.softmax(1)[0, 2]
            for rows in (asked[:1], shorter)
        )
    assert torch.equal(dropped(asked[:1], torch.tensor([2]))[:, -4:], shorter)
    torch.testing.assert_close(drops[0, 2], before - after, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("method", ["grad_cam", "region_gradient", "word_gradient_input"])
def test_gradients_are_the_same_in_parts_that_are_computed_again(loaded, method):
    model, encoded, listed, _ = loaded
    asked = tokens(model, [QUESTIONS[0], "what is the dog on", "is there a red cat"])
    cells, answer = encoded.cells.repeat(3, 1, 1), torch.tensor([2, 0, 1])
    parts = model.listed(encoded, ANSWERS)
    parts.model.rows_at_once = 1
    grid = () if method in WORD_EXPLAINERS else (encoded.grid,)
    explain = WORD_EXPLAINERS.get(method) or EXPLAINERS[method]
    before = Trace(parts, cells)
    found = explain(parts.model, cells, asked, answer, *grid)
    before.assert_equal(Trace(parts, cells))
    whole = explain(listed.model, cells, asked, answer, *grid)
    torch.testing.assert_close(found, whole, atol=1e-5, rtol=1e-3)


@every
def test_an_answer_of_one_token_suits_the_slowest_method_too(name):
    model = adapted(name)
    encoded = model.encode(image())
    said = model.said(encoded, model.answer_tokens("yes"))
    given = encoded.cells, tokens(model, QUESTIONS[:1]), torch.tensor([0]), encoded.grid
    before = Trace(said)
    maps = small(SLOW)(said.model, *given)
    before.assert_equal(Trace(said))
    assert maps.isfinite().all()


class Broken(RuntimeError):
    pass


@every
def test_a_pass_that_fails_leaves_no_hook(name, monkeypatch):
    model = adapted(name)
    encoded = model.encode(image())
    listed = model.listed(encoded, ANSWERS)
    given = tokens(model, QUESTIONS[:1]), ANSWER[:1], encoded.grid

    def fails(*args, **kwargs):
        raise Broken

    before = Trace(listed)
    with monkeypatch.context() as patch:
        patch.setattr(model.network.get_decoder().norm, "forward", fails)
        with pytest.raises(Broken):
            EXPLAINERS["grad_cam"](listed.model, encoded.cells, *given)
    before.assert_equal(Trace(listed))
