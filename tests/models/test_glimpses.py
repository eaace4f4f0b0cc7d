import pytest
import torch

from vqax.models.glimpses import with_mean


@pytest.mark.parametrize("count", [1, 2, 3])
def test_values_and_gradients_are_those_of_the_glimpses(count):
    torch.manual_seed(0)
    glimpses = torch.rand(2, 6, count, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(2, 6, count, dtype=torch.float64)
    attention, written = with_mean(glimpses)
    torch.testing.assert_close(attention, sum(glimpses[..., g] for g in range(count)) / count)
    torch.testing.assert_close(written, glimpses)
    (gradient,) = torch.autograd.grad((written * weight).sum(), glimpses)
    torch.testing.assert_close(gradient, weight)


def test_the_gradient_at_the_mean_is_the_sum_over_the_glimpses():
    weight = torch.randn(2, 6, 3)
    attention, written = with_mean(torch.rand(2, 6, 3, requires_grad=True))
    (gradient,) = torch.autograd.grad((written * weight).sum(), attention)
    torch.testing.assert_close(gradient, weight.sum(-1))
