"""LayerCAM, Grad-CAM++ and SmoothGrad against their definitions, and against pytorch-grad-cam."""

import pytest
import torch
from torch import nn

from tests.explain.tiny import GRID, Trace, batch, loaded, small, tiny
from vqax.explain import EXPLAINERS
from vqax.explain.smooth_grad import NOISE, SmoothGrad
from vqax.models.forward import Forward


def slopes():
    """Cells, and the gradient of the answer's logit at them."""
    model, (visual, tokens, answer) = tiny().eval(), batch()
    cells = visual.clone().requires_grad_()
    score = model(cells, tokens).logits.gather(1, answer[:, None]).sum()
    return visual, torch.autograd.grad(score, cells)[0]


def literal_layer_cam(cells, gradient):
    total = 0.0
    for value, slope in zip(cells.tolist(), gradient.tolist(), strict=True):
        total += max(slope, 0.0) * value
    return total


def literal_weights(cells, gradient):
    """w_k of Grad-CAM++, equation 19, for one image: cells (l,d)."""
    weights = []
    for k in range(cells.shape[1]):
        total = 0.0
        for place in range(len(cells)):
            g = gradient[place, k].item()
            below = 2 * g**2 + sum(cells[m, k].item() * g**3 for m in range(len(cells)))
            alpha = g**2 / below if below else 0.0
            total += alpha * max(g, 0.0)
        weights.append(total)
    return torch.tensor(weights)


def test_layer_cam_weights_each_place_by_its_own_positive_gradients():
    found = EXPLAINERS["layer_cam"](tiny(), *batch(), GRID).flatten(1)
    for row, (cells, gradient) in enumerate(zip(*slopes(), strict=True)):
        expected = [literal_layer_cam(*pair) for pair in zip(cells, gradient, strict=True)]
        torch.testing.assert_close(found[row], torch.tensor(expected), atol=1e-6, rtol=1e-4)


def test_grad_cam_plus_plus_is_the_equation():
    found = EXPLAINERS["grad_cam_plus_plus"](tiny(), *batch(), GRID).flatten(1)
    for row, (cells, gradient) in enumerate(zip(*slopes(), strict=True)):
        expected = cells @ literal_weights(cells, gradient)
        torch.testing.assert_close(found[row], expected, atol=1e-5, rtol=1e-3)


class Convolutions(nn.Module):
    """Three channels to four answers; its feature maps are as large as the image."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.ReLU())
        self.answers = nn.Sequential(nn.Flatten(), nn.Linear(5 * 6 * 8, 4))

    def forward(self, images):
        return self.answers(self.features(images))


class OfCells(nn.Module):
    """What stands above the features, as a model of cells."""

    def __init__(self, answers):
        super().__init__()
        self.answers = answers

    def forward(self, visual, tokens):
        logits = self.answers(visual.transpose(1, 2).unflatten(2, (6, 8)))
        nothing = visual.new_zeros(len(visual), 0)
        return Forward(logits, None, visual, visual, nothing, nothing, None)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "peer"), [("layer_cam", "LayerCAM"), ("grad_cam_plus_plus", "GradCAMPlusPlus")]
)
def test_the_maps_are_those_of_pytorch_grad_cam(name, peer):
    published = pytest.importorskip("pytorch_grad_cam", reason="a peer for tests")
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    with torch.random.fork_rng():
        torch.manual_seed(0)
        network, images = Convolutions(), torch.rand(2, 3, 6, 8)
    cells = network.features(images).detach().flatten(2).transpose(1, 2)
    answer = torch.tensor([1, 3])
    found = EXPLAINERS[name](OfCells(network.answers), cells, answer[:, None], answer, (6, 8))
    with getattr(published, peer)(network, [network.features]) as cam:
        expected = cam(images, [ClassifierOutputTarget(one) for one in answer.tolist()])
    for own, theirs in zip(found.relu(), torch.from_numpy(expected), strict=True):
        scaled = (own - own.min()) / (own - own.min()).max()
        torch.testing.assert_close(scaled, theirs.float(), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(
    ("name", "plain"),
    [("smooth_grad", "input_gradient"), ("region_smooth_grad", "region_gradient")],
)
def test_smooth_grad_is_the_mean_over_noisy_copies(name, plain):
    model, visual = loaded(EXPLAINERS[name], tiny())
    rest = *batch()[1:], GRID
    found = EXPLAINERS[name](model, visual, *rest, samples=3, seed=4)
    source, expected = torch.Generator().manual_seed(4), torch.zeros_like(found)
    for _ in range(3):
        noise, noisy = torch.randn(visual.shape[1:], generator=source), visual.clone()
        for row in range(len(visual)):
            noisy[row] += NOISE * (visual[row].max() - visual[row].min()) * noise
        expected += EXPLAINERS[plain](model, noisy, *rest) / 3
    torch.testing.assert_close(found, expected)
    without = EXPLAINERS[name](model, visual, *rest, samples=2, noise=0.0)
    torch.testing.assert_close(without, EXPLAINERS[plain](model, visual, *rest))


def test_smooth_grad_wraps_any_method_with_its_options():
    model, (visual, tokens, answer) = tiny(), batch()
    smooth = SmoothGrad(EXPLAINERS["attention_gradient"])
    before = Trace(model, visual)
    given = model, visual, tokens, answer, GRID
    maps = [smooth(*given, samples=2, rectified=rectified) for rectified in (False, True)]
    before.assert_equal(Trace(model, visual))
    assert not torch.equal(*maps)
    assert small("smooth_grad").needs == {"gradient", "pixels"}
