import pytest
import torch
from captum.attr import Deconvolution, GuidedBackprop, GuidedGradCam
from torch import nn

from tests.explain.tiny import ANSWERS, GRID, IMAGE, WIDTH, batch, image_encoder, tiny
from vqax.errors import UsageError
from vqax.explain.grad_cam import grad_cam
from vqax.explain.guided import (
    CHANNELS,
    deconvolution,
    guided_backprop,
    guided_grad_cam,
    input_gradient,
    within,
)
from vqax.explain.occlusion_effect import SCORES
from vqax.explain.pixels import PixelModel
from vqax.models.forward import Forward


class Layers(nn.Module):
    """A convolutional network of module rectifiers, the only ones that captum sees."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, WIDTH, 4, stride=4)
        )
        self.rest = nn.Sequential(nn.ReLU(), nn.Conv2d(WIDTH, 5, 2), nn.ReLU(), nn.Flatten())
        self.answer = nn.Linear(10, ANSWERS)

    def forward(self, images):
        return self.answer(self.rest(self.features(images)))


class Cells(nn.Module):
    """The first half as an image encoder."""

    def __init__(self, layers: Layers) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, images):
        return self.layers.features(images).flatten(2).transpose(1, 2)


class Answers(nn.Module):
    """The second half as a model that reads no question."""

    def __init__(self, layers: Layers) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, visual, tokens):
        grid = visual.transpose(1, 2).unflatten(2, GRID)
        logits = self.layers.answer(self.layers.rest(grid))
        none = torch.zeros(len(visual), 1)
        return Forward(logits, None, visual, visual, none, none, None)


@pytest.fixture
def layers():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return Layers().eval()


@pytest.fixture
def images():
    return torch.randn(3, 3, *IMAGE, generator=torch.Generator().manual_seed(4))


@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize(
    ("explain", "peer"),
    [
        (guided_backprop, GuidedBackprop),
        (deconvolution, Deconvolution),
        (guided_grad_cam, lambda layers: GuidedGradCam(layers, layers.features)),
    ],
)
def test_equals_captum_on_a_network_of_modules(layers, images, explain, peer, channels):
    _, tokens, answer = batch()
    bilinear = {"interpolate_mode": "bilinear"} if explain is guided_grad_cam else {}
    with pytest.warns(UserWarning, match="Setting backward hooks"):
        expected = peer(layers).attribute(images.requires_grad_(), target=answer, **bilinear)
    model = PixelModel(Cells(layers), Answers(layers))
    maps = explain(model, images, tokens, answer, GRID, channels=channels)
    torch.testing.assert_close(maps, slow_channels(expected.detach(), channels))
    assert maps.abs().sum() > 0


def slow_channels(gradients, channels):
    """Pixel by pixel, colour by colour."""
    b, _, height, width = gradients.shape
    maps = torch.zeros(b, height, width, dtype=gradients.dtype)
    for i in range(b):
        for y in range(height):
            for x in range(width):
                colours = gradients[i, :, y, x].tolist()
                if channels == "sum":
                    maps[i, y, x] = sum(colours)
                else:
                    sizes = [abs(colour) for colour in colours]
                    maps[i, y, x] = max(sizes) if channels == "maximum" else sum(sizes)
    return maps


@pytest.mark.parametrize("score", SCORES)
def test_the_gradient_equals_finite_differences(images, score):
    model = PixelModel(image_encoder(), tiny()).double().eval()
    _, tokens, answer = batch()
    images, step = images.double(), 1e-6
    expected = torch.zeros_like(images)
    nudges = step * torch.eye(images[0].numel(), dtype=torch.float64).view(-1, 3, *IMAGE)
    for i, image in enumerate(images):
        question = tokens[i].expand(len(nudges), -1)
        up, down = (
            SCORES[score](model(moved, question).logits)[:, answer[i]].detach()
            for moved in (image + nudges, image - nudges)
        )
        expected[i] = ((up - down) / (2 * step)).view(3, *IMAGE)
    maps = input_gradient(model, images, tokens, answer, GRID, channels="sum", score=score)
    torch.testing.assert_close(maps, expected.sum(1), rtol=1e-4, atol=1e-7)
    assert (maps < 0).any()


def test_an_unknown_score_is_named(images):
    _, tokens, answer = batch()
    with pytest.raises(UsageError, match=r"score: 'loss' .* probability, logit"):
        guided_backprop(
            PixelModel(image_encoder(), tiny()), images, tokens, answer, GRID, score="loss"
        )


def test_guided_grad_cam_is_guided_backpropagation_where_grad_cam_is_positive(images):
    model, (_, tokens, answer) = PixelModel(image_encoder(), tiny()), batch()
    fine = guided_backprop(model, images, tokens, answer, GRID, channels="sum")
    coarse = grad_cam(model.model, model.image_encoder(images), tokens, answer, GRID)
    maps = guided_grad_cam(model, images, tokens, answer, GRID, channels="sum")
    torch.testing.assert_close(maps, within(fine, coarse))
    assert (coarse < 0).any()


def test_enlarged_over_whole_cells():
    """Bilinear, cells as areas: constant maps stay constant, the middle of a cell keeps a ramp."""
    ones = torch.ones(1, 6, 9)
    assert torch.equal(within(ones, torch.full((1, 2, 3), 2.0)), 2 * ones)
    ramp = within(ones, torch.tensor([[[0.0, 1.0, 2.0], [0.0, 1.0, 2.0]]]))
    torch.testing.assert_close(ramp[0, 0, [1, 4, 7]], torch.tensor([0.0, 1.0, 2.0]))
    torch.testing.assert_close(ramp[0, 0, 3], torch.tensor(2 / 3))
    assert torch.equal(within(ones, -torch.ones(1, 2, 3)), 0 * ones)


@pytest.mark.parametrize("explain", [guided_backprop, guided_grad_cam])
def test_an_unknown_reduction_is_refused(images, explain):
    with pytest.raises(UsageError, match=r"channels: 'grey' is not known.*absolute"):
        explain(PixelModel(image_encoder(), tiny()), images, *batch()[1:], GRID, channels="grey")
