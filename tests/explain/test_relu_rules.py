import pytest
import torch
from captum.attr import Deconvolution, GuidedBackprop
from torch import nn
from torch.nn import functional

from vqax.errors import UsageError
from vqax.explain.relu_rules import RULES, ReluRule

EDGES = torch.tensor([-2.0, -0.5, 0.0, 0.5, 3.0, 6.0, 7.0])
ARRIVING = torch.tensor([1.5, -1.0, 2.0, -3.0, 0.25, 1.0, 4.0])

PLAIN = {
    "module": nn.ReLU(),
    "module in place": nn.ReLU(inplace=True),
    "functional": functional.relu,
    "functional in place": lambda x: functional.relu(x, inplace=True),
    "functional relu_": functional.relu_,
    "torch": torch.relu,
    "torch in place": torch.relu_,
    "method": lambda x: x.relu(),
    "method in place": lambda x: x.relu_(),
    "keyword": lambda x: functional.relu(input=x, inplace=False),
    "clamp": lambda x: x.clamp(0),
    "clamp in place": lambda x: x.clamp_(min=0.0),
    "torch clamp": lambda x: torch.clamp(x, min=0),
    "torch clamp_": lambda x: torch.clamp_(x, min=0),
    "clip": lambda x: x.clip(min=0),
    "clip in place": lambda x: torch.clip_(x, 0),
    "clamp_min": lambda x: x.clamp_min(0),
    "clamp_min in place": lambda x: x.clamp_min_(0),
    "torch clamp_min": lambda x: torch.clamp_min(x, 0),
    "threshold": nn.Threshold(0, 0),
    "threshold in place": nn.Threshold(0, 0, inplace=True),
}
BOUNDED = {
    "module": nn.ReLU6(),
    "module in place": nn.ReLU6(inplace=True),
    "functional": functional.relu6,
    "functional in place": lambda x: functional.relu6(x, inplace=True),
    "hardtanh": nn.Hardtanh(0, 6),
    "hardtanh in place": lambda x: functional.hardtanh_(x, 0.0, 6.0),
    "hardtanh by name": lambda x: functional.hardtanh(x, min_val=0, max_val=6),
    "clamp": lambda x: x.clamp(0, 6),
    "clamp in place": lambda x: x.clamp_(min=0, max=6),
    "clip": lambda x: torch.clip(x, 0, 6),
}
SPELLED = [
    pytest.param(f, ceiling, id=f"{ceiling:g} {name}")
    for ceiling, family in ((float("inf"), PLAIN), (6.0, BOUNDED))
    for name, f in family.items()
]


def slow_rule(rule, x, arriving, ceiling):
    """Number by number, as the papers write it."""
    leaving = []
    for value, gradient in zip(x.tolist(), arriving.tolist(), strict=True):
        open_below = rule == "deconvolution" or 0 < value < ceiling
        leaving.append(gradient if open_below and gradient > 0 else 0.0)
    return torch.tensor(leaving, dtype=x.dtype)


def gradient_of(f, x, arriving):
    """Of f at x + 0, which is no leaf, so that f may work in place."""
    leaf = x.clone().requires_grad_()
    y = f(leaf + 0)
    return y.detach(), torch.autograd.grad(y, leaf, arriving)[0]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("f", "ceiling"), SPELLED)
def test_every_spelling_has_the_rule_and_its_value(f, ceiling, rule):
    with ReluRule(rule):
        y, gradient = gradient_of(f, EDGES, ARRIVING)
    assert torch.equal(y, EDGES.clamp(0, ceiling))
    assert torch.equal(gradient, slow_rule(rule, EDGES, ARRIVING, ceiling))
    assert (gradient_of(f, EDGES, ARRIVING)[1] < 0).any()  # and outside of the block it is gone


@pytest.mark.parametrize(("f", "ceiling"), SPELLED)
def test_in_place_stays_in_place(f, ceiling):
    def writes_over_its_input() -> bool:
        x = EDGES.clone().requires_grad_() + 0
        return f(x) is x

    expected = writes_over_its_input()
    with ReluRule("guided"):
        assert writes_over_its_input() == expected


@pytest.mark.parametrize(
    "f",
    [
        functional.leaky_relu,
        functional.gelu,
        torch.tanh,
        nn.Hardtanh(),
        nn.Threshold(0.1, 0),
        nn.Threshold(0, 0.5),
        lambda x: x.clamp(-1, 2),
        lambda x: x.clamp(max=2),
        lambda x: x.clamp(min=0.2),
        lambda x: x.clamp(min=torch.zeros(())),
        lambda x: x * 2 + 1,
    ],
)
@pytest.mark.parametrize("rule", RULES)
def test_what_is_no_rectifier_keeps_its_gradient(f, rule):
    y, gradient = gradient_of(f, EDGES, ARRIVING)
    with ReluRule(rule):
        assert torch.equal(gradient_of(f, EDGES, ARRIVING)[1], gradient)
    assert y.shape == EDGES.shape


def test_without_gradients_nothing_is_replaced():
    with ReluRule("guided"):
        assert functional.relu(EDGES).grad_fn is None
        with torch.no_grad():
            assert functional.relu(EDGES.clone().requires_grad_()).grad_fn is None
        out = torch.empty(7)
        assert torch.clamp(EDGES, min=0, out=out) is out


@pytest.mark.parametrize("rule", RULES)
def test_layer_by_layer_written_out(rule):
    """Three layers with ReLU6 between them: the signal goes down by hand."""
    generator = torch.Generator().manual_seed(0)
    shapes = [(6, 4), (5, 6), (3, 5)]
    weights = [1.5 * torch.randn(s, generator=generator, dtype=torch.float64) for s in shapes]
    x = torch.randn(4, generator=generator, dtype=torch.float64)
    inputs, signal = [], x
    for weight in weights:
        inputs.append(weight @ signal)
        signal = inputs[-1].clamp(0, 6)
    leaving = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)  # the answer, which is linear
    for layer in (2, 1, 0):
        if layer < 2:
            leaving = slow_rule(rule, inputs[layer], leaving, 6.0)
        below = torch.zeros(weights[layer].shape[1], dtype=torch.float64)
        for i, row in enumerate(weights[layer].tolist()):
            for j, value in enumerate(row):
                below[j] += leaving[i] * value
        leaving = below
    leaf = x.clone().requires_grad_()
    with ReluRule(rule):
        first = functional.relu6(weights[0] @ leaf, inplace=True)
        second = functional.hardtanh(weights[1] @ first, 0.0, 6.0)
        score = (weights[2] @ second)[1]
    (gradient,) = torch.autograd.grad(score, leaf)
    torch.testing.assert_close(gradient, leaving)
    assert not torch.allclose(gradient, torch.autograd.grad(plain(weights, leaf), leaf)[0])


def plain(weights, leaf):
    return (weights[2] @ (weights[1] @ (weights[0] @ leaf).clamp(0, 6)).clamp(0, 6))[1]


class Network(nn.Module):
    """Module rectifiers, which captum can see, or functional ones, which it cannot."""

    def __init__(self, *, modules: bool) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 4, 3, stride=2)
        self.pool, self.answer = nn.MaxPool2d(2), nn.Linear(4, 5)
        if modules:
            self.relu1, self.relu2 = nn.ReLU(), nn.ReLU()

    def forward(self, x):
        if hasattr(self, "relu1"):
            hidden = self.relu2(self.second(self.relu1(self.first(x))))
        else:
            hidden = functional.relu_(self.second(self.first(x).clamp(min=0)))
        return self.answer(self.pool(hidden).mean((2, 3)))


def network(*, modules: bool) -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        return Network(modules=modules).eval()


@pytest.mark.parametrize(
    ("rule", "peer"), [("guided", GuidedBackprop), ("deconvolution", Deconvolution)]
)
@pytest.mark.parametrize("modules", [True, False])
def test_equals_captum_on_module_rectifiers_however_ours_are_written(rule, peer, modules):
    images = torch.randn(2, 3, 10, 14, generator=torch.Generator().manual_seed(6))
    answer = torch.tensor([1, 4])
    with pytest.warns(UserWarning, match="Setting backward hooks"):
        expected = peer(network(modules=True)).attribute(images.requires_grad_(), target=answer)
    with ReluRule(rule):
        score = network(modules=modules)(images).gather(1, answer[:, None]).sum()
    gradient = torch.autograd.grad(score, images)[0]
    torch.testing.assert_close(gradient, expected)
    assert gradient.abs().sum() > 0


def test_the_block_ends_with_an_exception_and_can_be_nested():
    with pytest.raises(KeyboardInterrupt), ReluRule("guided"):
        raise KeyboardInterrupt
    plain_gradient = gradient_of(functional.relu, EDGES, ARRIVING)[1]
    assert (plain_gradient < 0).any()
    with ReluRule("deconvolution"):
        with ReluRule("guided"):
            inner = gradient_of(functional.relu, EDGES, ARRIVING)[1]
        outer = gradient_of(functional.relu, EDGES, ARRIVING)[1]
    infinite = float("inf")
    assert torch.equal(inner, slow_rule("guided", EDGES, ARRIVING, infinite))
    assert torch.equal(outer, slow_rule("deconvolution", EDGES, ARRIVING, infinite))


def test_an_unknown_rule_is_refused():
    with pytest.raises(UsageError, match=r"relu rule: 'lrp' is not known.*guided, deconvolution"):
        ReluRule("lrp")
