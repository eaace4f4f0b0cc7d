import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vqax.models import scale
from vqax.models.scale import (
    FLATTEST,
    full_precision,
    matmul_dtype,
    spread,
    spread_signed_sqrt,
    unit,
    unit_signed_sqrt,
)

vectors = st.lists(st.floats(-100, 100, width=32), min_size=2, max_size=6).map(torch.tensor)


def slow_unit_signed_sqrt(x: torch.Tensor) -> torch.Tensor:
    roots = [(1 if value >= 0 else -1) * abs(value) ** 0.5 for value in x.tolist()]
    length = sum(root * root for root in roots) ** 0.5
    return torch.tensor([root / length if length else 0.0 for root in roots])


@settings(deadline=None)  # the first call imports a part of torch
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
    assert torch.autograd.gradcheck(lambda value: unit_signed_sqrt(value, 3.0), x)


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


def spread_and_gradient(x, gradient):
    x = x.clone().requires_grad_()
    y = spread_signed_sqrt(x)
    y.backward(gradient)
    return y.detach(), x.grad


@pytest.mark.parametrize("rows_at_once", [1, 4])
def test_rows_are_the_same_however_many_are_done_at_once(rows_at_once, monkeypatch):
    x, gradient = torch.randn(5, 2, 3).transpose(0, 1), torch.randn(2, 5, 3)
    together = spread_and_gradient(x, gradient)
    monkeypatch.setattr(scale, "CACHED", 3 * rows_at_once)
    for part, whole in zip(spread_and_gradient(x, gradient), together, strict=True):
        assert torch.equal(part, whole)


def test_spread_signed_sqrt_is_both_one_after_the_other():
    x, gradient = torch.randn(4, 7), torch.randn(4, 7)
    twice = x.clone().requires_grad_()
    spread(unit_signed_sqrt(twice)).backward(gradient)
    y, slope = spread_and_gradient(x, gradient)
    torch.testing.assert_close(y, torch.stack([slow_unit_signed_sqrt(row) for row in x]) * 7**0.5)
    torch.testing.assert_close(slope, twice.grad)


def test_the_signed_root_of_bf16_is_computed_in_fp32():
    x, gradient = torch.randn(4, 7).bfloat16(), torch.randn(4, 7).bfloat16()
    exact = spread_and_gradient(x.float(), gradient.float())
    for rough, fine in zip(spread_and_gradient(x, gradient), exact, strict=True):
        assert rough.dtype == torch.bfloat16
        torch.testing.assert_close(rough.float(), fine, rtol=0.02, atol=0.02)


def test_matmul_dtype_is_what_a_product_gives():
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        x = torch.ones(2, 2, dtype=dtype)
        assert matmul_dtype(x) == (x @ x).dtype
        with torch.autocast("cpu", torch.bfloat16):
            assert matmul_dtype(x) == (x @ x).dtype
