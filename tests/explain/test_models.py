"""The project's own models under every explainer."""

import pytest
import torch

from tests.explain.tiny import Trace
from tests.models.small import SIZES
from vqax.errors import UsageError
from vqax.explain import EXPLAINERS
from vqax.explain.predict import mc_predict
from vqax.models import MODELS

GRID = (2, 3)


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
    before = Trace(model, *inputs)
    attends = model.eval()(*inputs).attention is not None
    model.train()
    if name == "attention" and not attends:
        with pytest.raises(UsageError, match=type(model).__name__):
            EXPLAINERS[name](model, *inputs, torch.tensor([0, 3]), GRID)
    else:
        maps = EXPLAINERS[name](model, *inputs, torch.tensor([0, 3]), GRID)
        assert maps.shape == (2, *GRID)
        assert maps.isfinite().all()
        assert maps.abs().sum() > 0
    before.assert_equal(Trace(model, *inputs))


def test_monte_carlo_passes_of_the_head(model, inputs):
    before = Trace(model, *inputs)
    prediction = mc_predict(model, *inputs, samples=6, generator_seed=0)
    assert prediction.probabilities.shape == (6, 2, 4)
    assert prediction.variance.shape == (6, 2)
    assert (prediction.probabilities.std(0) > 0).all()
    torch.testing.assert_close(prediction.forward.logits, model.eval()(*inputs).logits)
    before.assert_equal(Trace(model.train(), *inputs))
