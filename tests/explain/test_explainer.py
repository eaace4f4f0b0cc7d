import pytest
import torch

from tests.explain.tiny import GRID, batch, tiny
from vqax.errors import UsageError
from vqax.explain import EXPLAINERS, NEEDS, Explainer
from vqax.explain.explainer import offered


def test_is_called_with_its_own_options():
    seen = {}

    def compute(*arguments, **options):
        seen.update(options, arguments=len(arguments))
        return torch.zeros(3, *GRID)

    Explainer(compute)(tiny(), *batch(), GRID, seed=5)
    assert seen == {"arguments": 5, "seed": 5}


def test_an_unknown_need_is_refused():
    with pytest.raises(UsageError, match=r"'colour' is not known.*attention, gradient"):
        Explainer(lambda: None, frozenset({"colour"}))


@pytest.mark.parametrize(
    ("options", "pixels", "absent"),
    [
        ({}, True, set()),
        ({}, False, {"pixels"}),
        ({"with_attention": False}, True, {"attention"}),
        ({"variances": 0}, True, {"variance"}),
        ({"variances": 0, "with_attention": False}, False, {"variance", "attention", "pixels"}),
    ],
)
def test_what_a_model_lacks_and_therefore_cannot_be_explained_by(options, pixels, absent):
    forward = tiny(**options)(*batch()[:2])
    assert offered(forward, pixels=pixels) == set(NEEDS) - absent
    for explain in EXPLAINERS.values():
        assert explain.lacks(forward, pixels=pixels) == explain.needs & absent


def test_what_the_family_needs():
    assert EXPLAINERS["attention"].needs == {"attention"}
    assert EXPLAINERS["grad_cam"].needs == {"gradient"}
    assert EXPLAINERS["predictive_mask"].needs == {"gradient", "variance"}
    assert EXPLAINERS["guided_backprop"].needs == {"gradient", "pixels", "rectifier"}
