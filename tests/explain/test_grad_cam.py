import pytest
import torch
from captum.attr import LayerGradCam
from torch import nn

from tests.explain.tiny import ANSWERS, CELLS, GRID, WIDTH, Tiny, batch, tiny
from vqax.explain.grad_cam import grad_cam
from vqax.models.forward import Forward


def slow_grad_cam(model, visual, tokens, answer, grid):
    """Question by question, channel by channel, cell by cell; gradients by central differences."""
    h, w = grid
    cells, width = visual.shape[1:]
    maps = torch.zeros(len(visual), h, w, dtype=visual.dtype)
    step = 1e-5

    def logit(i, image):
        return model(image[None], tokens[i : i + 1]).logits[0, answer[i]].item()

    for i, image in enumerate(visual):
        for channel in range(width):
            weight = 0.0
            for cell in range(cells):
                nudge = torch.zeros_like(image)
                nudge[cell, channel] = step
                slope = (logit(i, image + nudge) - logit(i, image - nudge)) / (2 * step)
                weight += slope / cells
            for y in range(h):
                for x in range(w):
                    maps[i, y, x] += weight * image[y * w + x, channel]
    return maps


@pytest.mark.parametrize("with_attention", [True, False])
def test_equals_finite_differences(with_attention):
    model = tiny(with_attention=with_attention).double().eval()
    visual, tokens, answer = batch()
    inputs = visual.double(), tokens, answer, GRID
    expected = slow_grad_cam(model, *inputs)
    torch.testing.assert_close(grad_cam(model, *inputs), expected, rtol=1e-5, atol=1e-8)


class Convolutional(nn.Module):
    """Captum explains a layer (b,d,h,w) of it; the adapter gives that layer as visual cells."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Identity()
        self.rest = nn.Sequential(nn.Conv2d(WIDTH, 3, 2), nn.ReLU(), nn.Flatten())
        self.answer = nn.Linear(3 * 1 * 2, ANSWERS)

    def forward(self, image):
        return self.answer(self.rest(self.layer(image)))


class Adapter(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, visual, tokens):
        image = visual.transpose(1, 2).unflatten(2, GRID)
        logits = self.model(image)
        question = torch.zeros(len(visual), 1)
        return Forward(logits, None, visual, visual, question, question, None)


def test_equals_captum_before_its_relu():
    torch.manual_seed(0)
    model = Convolutional().eval()
    visual, tokens, answer = batch()
    image = visual.transpose(1, 2).unflatten(2, GRID)
    expected = LayerGradCam(model, model.layer).attribute(image, target=answer)
    maps = grad_cam(Adapter(model), visual, tokens, answer, GRID)
    torch.testing.assert_close(maps, expected[:, 0].detach())
    assert (maps < 0).any()


def test_cells_that_speak_for_the_answer_are_positive():
    class OneCell(Tiny):
        def forward(self, visual, tokens):
            forward = super().forward(visual, tokens)
            return forward._replace(
                logits=visual[:, 4].sum(1, keepdim=True) @ torch.ones(1, ANSWERS)
            )

    model = tiny()
    model.__class__ = OneCell
    visual, tokens, answer = batch()
    maps = grad_cam(model, visual, tokens, answer, GRID)
    torch.testing.assert_close(maps.flatten(1), visual.sum(2) / CELLS)
