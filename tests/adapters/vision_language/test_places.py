"""Maps return to the image's own pixels, whatever the processor of a family makes of it."""

import pytest
import torch
from torch import nn

from tests.adapters.vision_language.tiny import ANSWERS, FAMILIES, SIZES, adapted, image
from tests.explain.tiny import Trace
from vqax.adapters.vision_language import spread
from vqax.explain import EXPLAINERS, PixelModel
from vqax.models.forward import Forward

every = pytest.mark.parametrize("name", FAMILIES)
size = pytest.mark.parametrize("size", [*SIZES, (16, 16)])


def blinkered(name):
    """A model whose image encoder is rigged: no patch looks at another."""
    model = adapted(name)
    for module in model.image_tokens.network.model.modules():
        if "Attention" not in type(module).__name__ or hasattr(module, "o_proj"):
            continue
        for end in ("out_proj", "proj", "projection_layer"):
            if isinstance(getattr(module, end, None), nn.Linear):
                getattr(module, end).weight.data.zero_()
    return model


class OneToken(nn.Module):
    """Answers by one image token alone, by how far it is from that of ``usual``."""

    def __init__(self, token, usual):
        super().__init__()
        self.token, self.usual = token, usual

    def forward(self, visual, tokens):
        score = (visual[:, self.token] - self.usual[:, self.token]).pow(2).sum(1)
        logits = torch.stack([score, torch.zeros_like(score)], 1)
        nothing = visual.new_zeros(len(visual), 0)
        return Forward(logits, None, visual, visual, nothing, nothing, None)


@every
@size
def test_a_token_lies_where_its_encoder_reads_the_image(name, size):
    """The gradient of each token at the pixels is in its box, up to what resizing smears."""
    model = blinkered(name)
    encoded = model.encode(image(size))
    pixels = encoded.pixels.clone().requires_grad_()
    cells = model.image_tokens(pixels)[0]
    assert len(cells) == len(encoded.boxes)
    where = spread(torch.eye(len(cells)), encoded.boxes, size)
    for token, mass in enumerate(where):
        if encoded.boxes[token].isnan().any():
            (slope,) = torch.autograd.grad(cells[token].sum(), pixels, retain_graph=True)
            assert not slope.any()
            continue
        (slope,) = torch.autograd.grad(cells[token].pow(2).sum(), pixels, retain_graph=True)
        energy = slope[0].pow(2).sum(0)
        grown = nn.functional.max_pool2d(mass[None, None], 5, stride=1, padding=2)[0, 0] > 0
        assert energy[mass > 0].sum() > 0.5 * energy.sum()
        assert energy[grown].sum() > 0.9 * energy.sum()


@every
@size
def test_maps_show_the_one_patch_that_a_rigged_model_reads(name, size):
    """A map of tokens and one of pixels agree on the place, in the image's own pixels."""
    model = blinkered(name)
    encoded = model.encode(image(size))
    flat = model.image_tokens(torch.full_like(encoded.pixels, 120.0)).detach()
    token = 2 if len(encoded.boxes) < 6 else 5
    rigged = PixelModel(model.image_tokens, OneToken(token, flat))
    asked, answer = torch.tensor([[2]]), torch.tensor([0])
    by_token = EXPLAINERS["region_occlusion"](
        rigged.model, encoded.cells, asked, answer, encoded.grid, score="logit"
    )
    by_token = spread(by_token[:, 0], encoded.boxes, size)[0]
    at_pixels = EXPLAINERS["input_gradient"](rigged, encoded.pixels, asked, answer, encoded.grid)[0]
    assert by_token.shape == at_pixels.shape == size
    row, column = divmod(int(at_pixels.argmax()), size[1])
    near = by_token[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
    assert near.abs().max() == by_token.abs().max() > 0
    share = by_token.abs() / by_token.abs().sum()
    assert share[by_token.abs() > 0].numel() < 0.6 * by_token.numel()


@every
def test_every_pixel_but_cropped_ones_belongs_to_a_token(name):
    model = adapted(name)
    for size in SIZES:
        encoded = model.encode(image(size))
        shown = spread(torch.ones(1, len(encoded.boxes)), encoded.boxes, size)[0] > 0
        if name == "llava":  # its processor cuts out the middle
            side = min(size)
            shown = shown[(size[0] - side) // 2 + 1 :, (size[1] - side) // 2 + 1 :]
            shown = shown[: side - 2, : side - 2]
        assert shown.all()


def test_a_map_keeps_its_sum_but_for_tokens_without_a_place():
    boxes = torch.tensor([[0, 0, 0.5, 0.5], [0.5, 0.5, 1.2, 1.2], [torch.nan] * 4, [1.1, 0, 2, 1]])
    spread_out = spread(torch.tensor([[1.0, 2.0, 4.0, 8.0]]), boxes, (6, 10))
    assert spread_out.sum().item() == pytest.approx(3)
    assert spread_out[0, 0, 0].item() == pytest.approx(1 / 15)


@every
def test_whole_numbers_are_processed_as_the_processor_does(name):
    """Answers come from the processor's own rounding, gradients from pixels without any."""
    model, photograph = adapted(name), image()
    encoded = model.encode(photograph)
    with torch.no_grad():
        smooth = model.image_tokens(encoded.pixels)
        again = model.image_tokens(encoded.pixels.to(torch.uint8))
    torch.testing.assert_close(again, encoded.cells)
    assert (smooth - encoded.cells).norm() < 0.1 * encoded.cells.norm()


@every
def test_the_image_is_encoded_without_a_trace(name):
    model = adapted(name)
    before = Trace(model.network)
    encoded = model.encode(image())
    model.listed(encoded, ANSWERS)
    before.assert_equal(Trace(model.network))
