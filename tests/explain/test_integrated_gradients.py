import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients

from tests.explain.test_pixels import IMAGES_OF, images, questions
from tests.explain.tiny import GRID, IMAGE, batch, image_encoder, tiny
from vqax.errors import UsageError
from vqax.explain.integrated_gradients import integrated_gradients, region_integrated_gradients
from vqax.explain.pixels import PixelModel
from vqax.explain.region_occlusion import FILLS

COLOUR = (0.5, -1.0, 2.0)


def logits_of(model, visual, tokens, answer):
    with torch.no_grad():
        return model.eval()(visual, tokens).logits.gather(1, answer[:, None])[:, 0]


@pytest.mark.parametrize("fill", FILLS)
def test_sums_to_what_the_cells_add_to_the_logit(fill):
    visual, tokens, answer = batch()
    visual, model = visual.double(), tiny().double()
    maps = region_integrated_gradients(model, visual, tokens, answer, GRID, fill=fill)
    start = FILLS[fill](visual)
    gain = logits_of(model, visual, tokens, answer) - logits_of(model, start, tokens, answer)
    torch.testing.assert_close(maps.sum((1, 2)), gain, rtol=1e-5, atol=1e-7)
    assert gain.abs().min() > 1e-3
    assert (maps < 0).any()


def test_sums_to_what_the_picture_adds_to_the_logit():
    """Rectifiers make the integrand jump, so the sum over 200 points is not exact."""
    visual, (_, tokens, answer) = images().double(), batch()
    model = PixelModel(image_encoder(), tiny()).double()
    maps = integrated_gradients(model, visual, tokens, answer, GRID, colour=COLOUR, steps=200)
    grey = torch.tensor(COLOUR).double()[:, None, None].expand(3, 3, *IMAGE)
    gain = logits_of(model, visual, tokens, answer) - logits_of(model, grey, tokens, answer)
    torch.testing.assert_close(maps.sum((1, 2)), gain, rtol=0.06, atol=0)
    assert gain.abs().min() > 1e-3


def test_equals_the_sum_written_out():
    visual, tokens, answer = batch()
    maps = region_integrated_gradients(tiny(), visual, tokens, answer, GRID, steps=3)
    model = tiny().eval()
    places, weights = np.polynomial.legendre.leggauss(3)
    expected = torch.zeros(3, 6)
    for i in range(3):
        for place, weight in zip(places.tolist(), weights.tolist(), strict=True):
            between = ((1 + place) / 2 * visual[i : i + 1]).requires_grad_()
            model(between, tokens[i : i + 1]).logits[0, answer[i]].backward()
            expected[i] += weight / 2 * (visual[i] * between.grad[0]).sum(1)
    torch.testing.assert_close(maps.flatten(1), expected)


def test_equals_captum_at_the_cells():
    visual, tokens, answer = batch()
    model = tiny().eval()
    peer = IntegratedGradients(lambda seen, asked: model(seen, asked).logits)
    expected = peer.attribute(visual, target=answer, additional_forward_args=tokens, n_steps=20)
    maps = region_integrated_gradients(model, visual, tokens, answer, GRID, steps=20)
    torch.testing.assert_close(maps.flatten(1), expected.sum(2).float())


def test_equals_captum_at_the_pixels_of_shared_pictures():
    (tokens, answer), model = questions(), PixelModel(image_encoder(), tiny()).eval()
    peer = IntegratedGradients(lambda seen, asked: model(seen, asked).logits)
    grey = torch.tensor(COLOUR)[:, None, None].expand(5, 3, *IMAGE)
    shown = images()[IMAGES_OF]
    expected = peer.attribute(
        shown, grey, target=answer, additional_forward_args=tokens, n_steps=10
    )
    maps = integrated_gradients(
        model, images(), tokens, answer, GRID, image_of=IMAGES_OF, colour=COLOUR, steps=10
    )
    torch.testing.assert_close(maps, expected.sum(1).float(), rtol=1e-4, atol=1e-6)


def test_an_unknown_fill_is_refused():
    with pytest.raises(UsageError, match=r"fill: 'noise' is not known.*zero, mean"):
        region_integrated_gradients(tiny(), *batch(), GRID, fill="noise")
