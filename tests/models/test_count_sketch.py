import pytest
import torch

from tests.models.golden import as_reported, lin, reference
from vqax.errors import UsageError
from vqax.models.count_sketch import (
    METHODS,
    CompactBilinear,
    CountSketch,
    compact_bilinear,
    matmul_is_cheaper,
    rolled,
)


def slow_sketch(x: torch.Tensor, sketch: CountSketch) -> torch.Tensor:
    result = torch.zeros(sketch.out, dtype=x.dtype)
    for i, value in enumerate(x):
        result[sketch.place[i]] += sketch.sign[i] * value
    return result


def slow_compact_bilinear(x, y, sketch_x, sketch_y):
    """The count sketch of the outer product, from its definition."""
    out = sketch_x.out
    result = torch.zeros(out, dtype=x.dtype)
    for i, xi in enumerate(x):
        for j, yj in enumerate(y):
            place = int(sketch_x.place[i] + sketch_y.place[j]) % out
            result[place] += sketch_x.sign[i] * sketch_y.sign[j] * xi * yj
    return result


def slow_convolution(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    out = len(a)
    return torch.stack([sum(a[i] * b[(k - i) % out] for i in range(out)) for k in range(out)])


def sketches(d=6, q=5, out=7, dtype=torch.float64):
    return CountSketch(d, out, seed=3).to(dtype), CountSketch(q, out, seed=4).to(dtype)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("out", [7, 8])
@pytest.mark.parametrize("cells", [1, 3, 12])
def test_all_forms_are_the_definition(method, out, cells):
    torch.manual_seed(0)
    x, y = torch.randn(2, cells, 6).double(), torch.randn(2, 5).double()
    sketch_x, sketch_y = sketches(out=out)
    fused = compact_bilinear(x, y, sketch_x, sketch_y, method)
    for b in range(2):
        for cell in range(cells):
            slow = slow_compact_bilinear(x[b, cell], y[b], sketch_x, sketch_y)
            other = slow_convolution(slow_sketch(x[b, cell], sketch_x), slow_sketch(y[b], sketch_y))
            torch.testing.assert_close(fused[b, cell], slow)
            torch.testing.assert_close(slow, other)


@pytest.mark.parametrize("method", ["fft", "matmul"])
def test_golden(shared, method):
    """The public implementation, 'CBP shimmed' of the golden numbers."""
    sketch_x, sketch_y = sketches(5, 4, 5)
    sketch_x.place, sketch_x.sign = torch.tensor([0, 3, 3, 1, 4]), torch.tensor([1.0, -1, 1, 1, -1])
    sketch_y.place, sketch_y.sign = torch.tensor([2, 2, 0, 4]), torch.tensor([-1.0, 1, 1, -1])
    x, y = lin(2, 5).double(), lin(2, 4).double()
    fused = compact_bilinear(x.unsqueeze(1), y, sketch_x, sketch_y, method).squeeze(1)
    as_reported(fused, reference(shared, "CBP shimmed")["out"])


def test_both_forms_agree_at_full_size_with_their_gradients():
    torch.manual_seed(0)
    x, y = torch.randn(2, 196, 112), torch.randn(2, 512)
    x, y = x / x.norm(dim=-1, keepdim=True), y / y.norm(dim=-1, keepdim=True)
    weight = torch.randn(2, 196, 512)
    sketch_x, sketch_y = sketches(112, 512, 512, torch.float32)
    found = {}
    for method in ("fft", "matmul"):
        leaves = x.clone().requires_grad_(), y.clone().requires_grad_()
        fused = compact_bilinear(*leaves, sketch_x, sketch_y, method)
        gradients = torch.autograd.grad((fused * weight).mean(), leaves)
        found[method] = (fused.detach(), *gradients)
    for fft, matmul in zip(found["fft"], found["matmul"], strict=True):
        assert (fft - matmul).abs().max() < 1e-5


@pytest.mark.parametrize("method", METHODS)
def test_gradcheck(method):
    x = torch.randn(2, 9, 6, dtype=torch.float64, requires_grad=True)
    y = torch.randn(2, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda a, b: compact_bilinear(a, b, *sketches(), method), (x, y)
    )


def test_inner_products_are_kept_on_average():
    """E <ψ(x), ψ(x')> = <x, x'>, the property that makes it a sketch."""
    torch.manual_seed(0)
    x, other = torch.randn(10).double(), torch.randn(10).double()
    products = []
    for seed in range(800):
        sketch = CountSketch(10, 16, seed=seed).double()
        products.append(float(sketch(x) @ sketch(other)))
    spread = torch.tensor(products).std() / 800**0.5
    assert abs(torch.tensor(products).mean() - x @ other) < 4 * spread


@pytest.mark.parametrize("method", METHODS)
def test_bf16_autocast(method):
    torch.manual_seed(0)
    x, y = torch.randn(2, 12, 6), torch.randn(2, 5)
    pair = sketches(dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        rough = compact_bilinear(x, y.bfloat16(), *pair, method)
    exact = compact_bilinear(x, y, *pair, method)
    torch.testing.assert_close(rough.float(), exact, atol=0.1, rtol=0.03)


def test_seed_fixes_the_sketch_and_leaves_the_global_generator_alone():
    state = torch.get_rng_state()
    first, second, other = (CountSketch(50, 9, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first.place, second.place)
    assert not torch.equal(first.place, other.place)
    assert set(first.sign.tolist()) == {-1.0, 1.0}
    fusion = CompactBilinear(50, 50, 9, seed=1, method="auto")
    assert not torch.equal(fusion.sketch_x.place, fusion.sketch_y.place)


def test_choice_by_size():
    assert matmul_is_cheaper(196, 112, 512, torch.float32)
    assert not matmul_is_cheaper(1, 112, 1024, torch.float32)
    assert not matmul_is_cheaper(196, 2048, 16000, torch.float32)
    assert matmul_is_cheaper(196, 256, 512, torch.bfloat16)
    assert not matmul_is_cheaper(196, 256, 512, torch.float32)


def test_unknown_method_is_named():
    with pytest.raises(UsageError, match=r"method: 'slow' .* auto, matmul, fft"):
        CompactBilinear(3, 3, 5, seed=0, method="slow")
    with pytest.raises(UsageError, match="method: 'slow'"):
        compact_bilinear(
            torch.ones(1, 2, 6), torch.ones(1, 5), *sketches(dtype=torch.float32), "slow"
        )


def test_rolled_is_torch_roll_with_its_gradient():
    torch.manual_seed(0)
    sketched, place = torch.randn(2, 5).double().requires_grad_(), torch.tensor([0, 4, 2, 4])
    slow = torch.stack([sketched.roll(int(shift), dims=1) for shift in place], dim=1)
    assert torch.equal(rolled(sketched, place), slow)
    assert torch.autograd.gradcheck(lambda value: rolled(value, place), sketched)


def test_a_bf16_gradient_of_rolled_is_added_up_in_fp32():
    sketched = torch.zeros(1, 2, dtype=torch.bfloat16, requires_grad=True)
    rolled(sketched, torch.zeros(1000, dtype=torch.int64)).sum().backward()
    assert sketched.grad.tolist() == [[1000.0, 1000.0]]  # in bf16 a sum of ones stops at 256
