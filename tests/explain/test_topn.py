import itertools

import pytest
import torch
from torch import nn

from tests.explain.tiny import GRID, Tiny, batch, tiny
from tests.models.small import build
from tests.models.small import inputs as small_inputs
from vqax.errors import UsageError
from vqax.explain.grad_cam import grad_cam
from vqax.explain.topn import (
    REDUCTIONS,
    entries_read,
    exclusive,
    most_sensitive,
    question_sensitivity,
    routed_grad_cam,
    topn_grad_cam,
    word_sensitivity,
)
from vqax.models import MODELS

LITERAL = {
    "l2": lambda row: sum(x**2 for x in row) ** 0.5,
    "l1": lambda row: sum(abs(x) for x in row),
    "sum": sum,
}
GRID_OF_SMALL = (2, 3)


def double(name="tiny", **options):
    """A model, visual, tokens and answer in double precision."""
    if name == "tiny":
        visual, tokens, answer = batch()
        return tiny(**options).double().eval(), visual.double(), tokens, answer
    visual, tokens = small_inputs(3, dtype=torch.float64)
    return build(name, **options).double().eval(), visual, tokens, torch.tensor([1, 0, 4])


def slow_jacobian(model, visual, tokens, i):
    """∂A_j/∂q_k of question i, one number at a time."""
    forward = model(visual[i : i + 1], tokens[i : i + 1])
    rows = []
    for j in range(forward.combined.shape[1]):
        (slope,) = torch.autograd.grad(forward.combined[0, j], forward.question, retain_graph=True)
        rows.append([slope[0, k].item() for k in range(slope.shape[1])])
    return rows


def slow_topn(model, visual, tokens, answer, n, reduction):
    """Question by question: rank the rows, then send each allowed entry's gradient by itself."""
    maps = torch.zeros(len(visual), *GRID_OF_SMALL, dtype=visual.dtype)
    for i, image in enumerate(visual):
        rows = slow_jacobian(model, visual, tokens, i)
        values = [LITERAL[reduction](row) for row in rows]
        ranked = sorted(range(len(values)), key=lambda j: (-values[j], j))
        given = image[None].clone().requires_grad_()
        forward = model(given, tokens[i : i + 1])
        logit = forward.logits[0, answer[i]]
        (at_combined,) = torch.autograd.grad(logit, forward.combined, retain_graph=True)
        gradient = torch.zeros_like(image)
        for j in ranked[:n]:
            (slope,) = torch.autograd.grad(forward.combined[0, j], given, retain_graph=True)
            gradient += at_combined[0, j] * slope[0]
        for k in range(image.shape[1]):
            weight = sum(gradient[cell, k] for cell in range(len(image))) / len(image)
            for cell in range(len(image)):
                maps[i, cell // 3, cell % 3] += weight * image[cell, k]
    return maps


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", ["tiny", "deeper_lstm", "pythia", "mcb"])
@pytest.mark.parametrize("n", [1, 3])
def test_equals_the_literal_twin(name, n, reduction):
    model, visual, tokens, answer = double(name)
    expected = slow_topn(model, visual, tokens, answer, n, reduction)
    options = {"n": n, "reduction": reduction}
    maps = topn_grad_cam(model, visual, tokens, answer, GRID_OF_SMALL, **options)
    torch.testing.assert_close(maps, expected)
    assert maps.any()


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_all_entries_give_grad_cam_to_the_bit(name, reduction):
    visual, tokens = small_inputs(3)
    given = build(name).eval(), visual, tokens, torch.tensor([1, 0, 4]), GRID_OF_SMALL
    width = given[0](visual, tokens).combined.shape[1]
    expected = grad_cam(*given)
    assert torch.equal(topn_grad_cam(*given, n=width, reduction=reduction), expected)
    assert torch.equal(topn_grad_cam(*given, n=10 * width, reduction=reduction), expected)
    assert not torch.equal(topn_grad_cam(*given, n=1, reduction=reduction), expected)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_sensitivity_equals_the_rows_of_the_jacobian(reduction):
    model, visual, tokens, _ = double("deeper_lstm")
    found = question_sensitivity(model, visual, tokens, reduction=reduction)
    for i in range(3):
        rows = slow_jacobian(model, visual, tokens, i)
        expected = torch.tensor([LITERAL[reduction](row) for row in rows], dtype=torch.float64)
        torch.testing.assert_close(found[i], expected)


def test_closed_form_of_the_deeper_lstm():
    """A = I ∘ tanh(W q), so row i of ∂A/∂q is I_i (1 - tanh²) W_i."""
    model, visual, tokens, _ = double("deeper_lstm")
    with torch.no_grad():
        forward = model(visual, tokens)
        said = model.question_vector(forward.question)
        slope = (forward.combined / said * (1 - said**2)).abs()
        expected = slope * model.question_map.weight.norm(dim=1)
    torch.testing.assert_close(question_sensitivity(model, visual, tokens), expected)


@pytest.mark.parametrize("name", ["deeper_lstm", "pythia", "hie_co_att"])
def test_sensitivity_of_words_equals_finite_differences(name):
    model, visual, tokens, _ = double(name)
    tokens[1] = torch.tensor([0, 4, 2, 3])  # a row of the table moves one word
    found = word_sensitivity(model, visual, tokens)
    assert found.shape == (*tokens.shape, model(visual, tokens).combined.shape[1])
    assert not found[tokens == 0].any()
    table, step = model.embedding.weight.data, 1e-6
    i, place = 1, 3
    rows = []
    for k in range(table.shape[1]):
        ends = []
        for sign in (1, -1):
            table[tokens[i, place], k] += sign * step
            ends.append(model(visual[i : i + 1], tokens[i : i + 1]).combined[0].detach())
            table[tokens[i, place], k] -= sign * step
        rows.append((ends[0] - ends[1]) / (2 * step))
    expected = torch.stack(rows, 1).norm(dim=1)
    torch.testing.assert_close(found[i, place], expected, rtol=1e-4, atol=1e-8)


def test_one_pass_serves_many_choices():
    model, visual, tokens, answer = double()
    sensitivity = question_sensitivity(model, visual, tokens)
    allowed = torch.stack([most_sensitive(sensitivity, n) for n in (1, 2, 4)])
    together = routed_grad_cam(model, visual, tokens, answer, GRID, allowed)
    for one, n in zip(together, (1, 2, 4), strict=True):
        torch.testing.assert_close(one, topn_grad_cam(model, visual, tokens, answer, GRID, n=n))


def test_maps_of_disjoint_entries_add_up_to_grad_cam():
    model, visual, tokens, answer = double("pythia")
    first = torch.arange(9).expand(3, -1) < 4
    parts = routed_grad_cam(
        model, visual, tokens, answer, GRID_OF_SMALL, torch.stack([first, ~first])
    )
    whole = grad_cam(model, visual, tokens, answer, GRID_OF_SMALL)
    torch.testing.assert_close(parts.sum(0), whole)


def test_what_n_allows_n_plus_1_allows():
    values = torch.tensor([[0.5, 0.1, 0.5, 0.9, 0.1], [0.0, 0.0, 0.0, 0.0, 0.0]])
    sets = [most_sensitive(values, n) for n in range(1, 7)]
    for n, (smaller, larger) in enumerate(itertools.pairwise(sets), start=1):
        assert (smaller <= larger).all()
        assert smaller.sum(1).tolist() == [min(n, 5)] * 2
    assert sets[0][0].tolist() == [False, False, False, True, False]
    assert sets[1][0].tolist() == [True, False, False, True, False]  # the first of equal ones
    assert sets[5].all()


def test_a_negative_sum_ranks_last():
    assert most_sensitive(torch.tensor([[-3.0, 0.1]]), 1).tolist() == [[False, True]]


def test_exclusive_sets_are_disjoint_and_leave_out_what_is_shared():
    generator = torch.Generator().manual_seed(2)
    first, second = (torch.rand(4, 9, generator=generator) < 0.5 for _ in range(2))
    mine, theirs = exclusive(first, second)
    assert not (mine & theirs).any()
    assert torch.equal(mine | theirs | (first & second), first | second)
    assert not (mine & second).any()
    assert not (theirs & first).any()


@pytest.mark.parametrize("variance_input", ["image", "question"])
@pytest.mark.parametrize("name", ["deeper_lstm", "pythia"])
def test_entries_that_only_the_variance_reads_take_no_place(name, variance_input):
    model, visual, tokens, answer = double(name, variance_input=variance_input)
    plain = double(name)[0]
    plain.load_state_dict(
        {key: value for key, value in model.state_dict().items() if "variance" not in key},
        strict=False,
    )
    assert model(visual, tokens).combined.shape[1] > 9
    assert not entries_read(model, visual, tokens)[:, 9:].any()
    for n in (2, 9, 50):
        found, expected = (
            topn_grad_cam(one, visual, tokens, answer, GRID_OF_SMALL, n=n) for one in (model, plain)
        )
        torch.testing.assert_close(found, expected)


class Untied(Tiny):
    """A combined vector that does not depend on the question vector it returns."""

    def forward(self, visual, tokens):
        forward = super().forward(visual, tokens)
        return forward._replace(question=forward.question.detach())


class Elsewhere(Tiny):
    def forward(self, visual, tokens):
        forward = super().forward(visual, tokens)
        return forward._replace(question=forward.question + 1)


@pytest.mark.parametrize("kind", [Untied, Elsewhere])
def test_a_question_vector_that_is_not_read_is_named(kind):
    model = tiny()
    model.__class__ = kind
    with pytest.raises(UsageError, match=rf"no gradient reaches the question of {kind.__name__}"):
        topn_grad_cam(model, *batch(), GRID)


class WithoutWords(nn.Module):
    """Reads its tokens as numbers."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, visual, tokens):
        forward = self.model(visual, torch.ones_like(tokens))
        return forward._replace(combined=visual.mean(1) + tokens.double().mean(1, keepdim=True))


def test_a_model_without_words_is_named():
    model, visual, tokens, _ = double()
    with pytest.raises(UsageError, match="no gradient reaches the words of WithoutWords"):
        word_sensitivity(WithoutWords(model), visual, tokens)


def test_wrong_options_are_named():
    model, visual, tokens, answer = double()
    with pytest.raises(UsageError, match=r"reduction: 'l3' .* l2, l1, sum"):
        topn_grad_cam(model, visual, tokens, answer, GRID, reduction="l3")
    with pytest.raises(UsageError, match=r"n: 0 entries"):
        topn_grad_cam(model, visual, tokens, answer, GRID, n=0)
