"""The project's own models under every explainer."""

import pytest
import torch

from tests.explain.tiny import GRID, IMAGE, Trace, image_encoder, small
from tests.models.small import SIZES
from tests.models.small import build as small_model
from tests.models.small import inputs as small_inputs
from vqax.errors import UsageError
from vqax.explain import EXPLAINERS, PixelModel
from vqax.explain.gradient import forward_with_graph, logit_of
from vqax.explain.layers import shows_layers
from vqax.explain.noise import answers_under_noise
from vqax.explain.predict import mc_predict
from vqax.models import MODELS


@pytest.fixture(params=MODELS)
def model(request):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        sizes = {"words": 9, "answers": 4, "visual_dim": 7, "word_dim": 3, "dropout": 0.5}
        return MODELS[request.param](**sizes, **SIZES.get(request.param, {}), variance="scalar")


@pytest.fixture
def inputs():
    generator = torch.Generator().manual_seed(2)
    visual = torch.randn(2, 6, 7, generator=generator)
    return visual, torch.randint(1, 9, (2, 4), generator=generator)


@pytest.mark.parametrize("name", EXPLAINERS)
def test_maps_or_a_reason_and_the_model_as_found(model, inputs, name):
    explain, visual, tokens = small(name), inputs[0].repeat(2, 1, 1), inputs[1].repeat(2, 1)
    lacking = explain.lacks(model.eval()(*inputs), pixels=True, layers=shows_layers(model))
    model.train()
    if "pixels" in explain.needs:
        model = PixelModel(image_encoder(7), model)
        visual = torch.randn(4, 3, *IMAGE, generator=torch.Generator().manual_seed(4))
    before = Trace(model, visual, tokens)
    if lacking:
        with pytest.raises(UsageError, match=type(model).__name__):
            explain(model, visual, tokens, torch.arange(4), GRID)
    else:
        maps = explain(model, visual, tokens, torch.arange(4), GRID)
        assert maps.shape == (4, *(IMAGE if "pixels" in explain.needs else GRID))
        assert maps.isfinite().all()
        pooled = type(model).__name__ in ("LstmQi", "DeeperLstm")
        if not pooled or not name.startswith(("region_grad", "region_smooth")):
            assert maps.flatten(1).std(1).max() > 0  # the slope of a mean is the same everywhere
    before.assert_equal(Trace(model, visual, tokens))


def test_a_shared_pass_gives_the_same_maps(model, inputs):
    forward, answer = forward_with_graph(model, *inputs), torch.arange(2)
    for explain in EXPLAINERS.values():
        if explain.of_forward is not None and not explain.lacks(forward):
            maps = explain.of_forward(model, forward, answer, GRID)
            assert torch.equal(maps, explain(model, *inputs, answer, GRID))


def test_monte_carlo_passes_of_the_head(model, inputs):
    before = Trace(model, *inputs)
    prediction = mc_predict(model, *inputs, samples=6, generator_seed=0)
    assert prediction.probabilities.shape == (6, 2, 4)
    assert prediction.variance.shape == (6, 2)
    assert (prediction.probabilities.std(0) > 0).all()
    torch.testing.assert_close(prediction.forward.logits, model.eval()(*inputs).logits)
    before.assert_equal(Trace(model.train(), *inputs))


@pytest.fixture
def on_boxes():
    """A model whose last four channels are boxes, and what it is asked, in double precision."""
    model = small_model("counter").double().eval()
    visual, tokens = small_inputs(3, dtype=torch.float64)
    visual[..., -4:] = torch.tensor([0.1, 0.2, 0.6, 0.9], dtype=torch.float64)
    visual[:, ::2, -4:] += 0.05
    return model, visual, tokens, torch.tensor([1, 0, 4])


def test_grad_cam_leaves_boxes_out(on_boxes):
    model, visual, tokens, answer = on_boxes
    given = visual.clone().requires_grad_()
    logit_of(model(given, tokens).logits, answer).sum().backward()
    assert given.grad[..., -4:].any()  # the count reads them
    maps = torch.zeros(3, 6, dtype=torch.float64)
    for i in range(3):
        for k in range(visual.shape[2] - 4):
            maps[i] += given.grad[i, :, k].mean() * visual[i, :, k]
    found = EXPLAINERS["grad_cam"](model, visual, tokens, answer, GRID)
    torch.testing.assert_close(found, maps.view(3, *GRID))
    routed = EXPLAINERS["topn_grad_cam"](model, visual, tokens, answer, GRID, n=10**6)
    assert torch.equal(routed, found)


@pytest.mark.parametrize("fill", ["zero", "mean"])
@pytest.mark.parametrize("name", ["region_occlusion", "region_rise", "region_integrated_gradients"])
def test_what_hides_a_region_leaves_its_box(on_boxes, name, fill):
    model, visual, tokens, answer = on_boxes
    kept, seen = visual[..., -4:].flatten(0, 1), []
    model.register_forward_pre_hook(lambda module, given: seen.append(given[0].detach().clone()))
    maps = small(name)(model, visual, tokens, answer, GRID, fill=fill)
    assert maps.shape == (3, *GRID)
    boxes = torch.cat([one[..., -4:].flatten(0, 1) for one in seen]).unique(dim=0)
    assert torch.equal(boxes, kept.unique(dim=0))
    assert len(torch.cat([one[..., :-4].flatten(0, 1) for one in seen]).unique(dim=0)) > 18


def test_noise_leaves_boxes(on_boxes):
    model, visual, tokens, _ = on_boxes
    seen = []
    model.register_forward_pre_hook(lambda module, given: seen.append(given[0].clone()))
    answers_under_noise(model, visual, tokens, torch.arange(3), strength=0.5, samples=2)
    for disturbed in seen[1:]:
        assert torch.equal(disturbed[..., -4:], visual[..., -4:])
        assert (disturbed[..., :-4] != visual[..., :-4]).all()
