import torch
from hypothesis import given
from hypothesis import strategies as st

from vqax.models.scale import FLATTEST, full_precision, spread, unit, unit_signed_sqrt

vectors = st.lists(st.floats(-100, 100, width=32), min_size=2, max_size=6).map(torch.tensor)


def slow_unit_signed_sqrt(x: torch.Tensor) -> torch.Tensor:
    roots = [(1 if value >= 0 else -1) * abs(value) ** 0.5 for value in x.tolist()]
    length = sum(root * root for root in roots) ** 0.5
    return torch.tensor([root / length if length else 0.0 for root in roots])


@given(vectors)
def test_unit_signed_sqrt_is_its_definition(x):
    if 0 < x.abs().sum() < 1e-3:
        return
    torch.testing.assert_close(unit_signed_sqrt(x), slow_unit_signed_sqrt(x), atol=1e-5, rtol=1e-5)


def test_unit_signed_sqrt_gradient():
    torch.manual_seed(0)
    x = torch.randn(2, 3, 5, dtype=torch.float64)
    x = (x + x.sign() * 0.1).requires_grad_()
    assert torch.autograd.gradcheck(unit_signed_sqrt, x)
    assert torch.autograd.gradgradcheck(unit_signed_sqrt, x)


def test_slope_of_the_root_is_bounded_at_zero():
    x = torch.tensor([[0.0, 0.0], [0.0, 1.0]], requires_grad=True)
    y = unit_signed_sqrt(x)
    assert y.tolist() == [[0.0, 0.0], [0.0, 1.0]]
    y.sum().backward()
    assert x.grad.abs().max() <= 1 / FLATTEST


def test_unit():
    x = torch.tensor([[3.0, 4.0], [0.0, 0.0]], requires_grad=True)
    torch.testing.assert_close(unit(x), torch.tensor([[0.6, 0.8], [0.0, 0.0]]))
    unit(x).sum().backward()
    assert x.grad.isfinite().all()


def test_full_precision():
    assert full_precision(torch.ones(1, dtype=torch.bfloat16)).dtype == torch.float32
    assert full_precision(torch.ones(1, dtype=torch.float64)).dtype == torch.float64


def slow_mean_square_one(x):
    """x divided by the root of the mean of its squares, entry by entry."""
    root = (sum(value * value for value in x) / len(x)) ** 0.5
    return torch.stack([value / root for value in x])


def test_a_spread_unit_vector_has_mean_square_one():
    x = torch.randn(3, 7)
    expected = torch.stack([slow_mean_square_one(row) for row in x])
    torch.testing.assert_close(spread(unit(x)), expected)
