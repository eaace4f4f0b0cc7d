import pytest
import torch

from vqax.models.dropout import Dropout, levels


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_rate_scale_and_mean(rate):
    torch.manual_seed(0)
    dropped = Dropout(rate)(torch.ones(3, 50, 401))
    zeros = (dropped == 0).double().mean()
    assert abs(zeros - rate) < 5 * (rate * (1 - rate) / dropped.numel()) ** 0.5
    torch.testing.assert_close(dropped.max().item(), 1 / (1 - rate), rtol=1e-4, atol=0)


def test_each_of_the_four_numbers_of_a_draw_is_uniform():
    torch.manual_seed(0)
    numbers = levels(torch.Size([40000])).view(-1, 4).double()
    assert (numbers.mean(0).abs() < 5 * 2**16 / 12**0.5 / 100).all()
    assert (numbers.std(0) - 2**16 / 12**0.5).abs().max() < 300
    correlation = torch.corrcoef(numbers.T) - torch.eye(4)
    assert correlation.abs().max() < 0.05


def test_gradient_is_that_of_the_kept_entries():
    torch.manual_seed(0)
    x = torch.ones(5, 7, requires_grad=True)
    dropped = Dropout(0.5)(x)
    dropped.sum().backward()
    torch.testing.assert_close(x.grad, dropped.detach())


def test_follows_the_global_seed_and_rests_in_eval_mode():
    dropout, x = Dropout(0.5), torch.ones(3, 5)
    torch.manual_seed(4)
    first = dropout(x)
    torch.manual_seed(4)
    assert torch.equal(dropout(x), first)
    assert dropout.eval()(x) is x
    assert Dropout(0.0)(x) is x


def test_the_highest_rate_still_scales_by_a_finite_number():
    assert Dropout(1 - 1e-9)(torch.ones(1000)).isfinite().all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_every_precision_drops_the_same_entries(dtype):
    torch.manual_seed(1)
    dropped = Dropout(0.4)(torch.full((6, 11), -3.0, dtype=dtype))
    torch.manual_seed(1)
    kept = levels(torch.Size([6, 11])) >= round(0.4 * 2**16) - 2**15
    assert dropped.dtype == dtype
    torch.testing.assert_close(dropped.double(), kept.double() * -5.0, rtol=4e-3, atol=0.0)


def test_passes_that_share_their_input_drop_different_entries():
    torch.manual_seed(0)
    x = torch.randn(4, 9, requires_grad=True)
    passes = Dropout(0.5)(x.expand(3, 4, 9))
    assert not torch.equal(passes[0], passes[1])
    passes.sum().backward()
    torch.testing.assert_close(x.grad, passes.detach().sum(0) / x.detach())
