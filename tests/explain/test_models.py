"""The project's own models under every explainer."""

import pytest
import torch

from tests.explain.tiny import GRID, PICTURE, Trace, small, trunk
from tests.models.small import SIZES
from vqax.errors import UsageError
from vqax.explain import EXPLAINERS, PixelModel
from vqax.explain.predict import mc_predict
from vqax.models import MODELS


@pytest.fixture(params=MODELS)
def model(request):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        sizes = {"words": 9, "answers": 4, "visual_dim": 5, "word_dim": 3, "dropout": 0.5}
        return MODELS[request.param](**sizes, **SIZES.get(request.param, {}), variance="scalar")


@pytest.fixture
def inputs():
    generator = torch.Generator().manual_seed(2)
    visual = torch.randn(2, 6, 5, generator=generator)
    return visual, torch.randint(1, 9, (2, 4), generator=generator)


@pytest.mark.parametrize("name", EXPLAINERS)
def test_maps_or_a_reason_and_the_model_as_found(model, inputs, name):
    explain, visual, tokens = small(name), inputs[0].repeat(2, 1, 1), inputs[1].repeat(2, 1)
    lacking = explain.lacks(model.eval()(*inputs), pixels=True)
    model.train()
    if "pixels" in explain.needs:
        model = PixelModel(trunk(5), model)
        visual = torch.randn(4, 3, *PICTURE, generator=torch.Generator().manual_seed(4))
    before = Trace(model, visual, tokens)
    if lacking:
        with pytest.raises(UsageError, match=type(model).__name__):
            explain(model, visual, tokens, torch.arange(4), GRID)
    else:
        maps = explain(model, visual, tokens, torch.arange(4), GRID)
        assert maps.shape == (4, *(PICTURE if "pixels" in explain.needs else GRID))
        assert maps.isfinite().all()
        pooled = type(model).__name__ in ("LstmQi", "DeeperLstm")
        if not pooled or not name.startswith("region_grad"):
            assert maps.flatten(1).std(1).max() > 0  # the slope of a mean is the same everywhere
    before.assert_equal(Trace(model, visual, tokens))


def test_monte_carlo_passes_of_the_head(model, inputs):
    before = Trace(model, *inputs)
    prediction = mc_predict(model, *inputs, samples=6, generator_seed=0)
    assert prediction.probabilities.shape == (6, 2, 4)
    assert prediction.variance.shape == (6, 2)
    assert (prediction.probabilities.std(0) > 0).all()
    torch.testing.assert_close(prediction.forward.logits, model.eval()(*inputs).logits)
    before.assert_equal(Trace(model.train(), *inputs))
