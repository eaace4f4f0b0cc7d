import math

import pytest
import torch

from vqax.errors import UsageError
from vqax.models.head import VARIANCE_INPUTS, AnswerHead


def head(variance="scalar", variance_input="logits", dropout=0.0):
    torch.manual_seed(0)
    return AnswerHead(
        4,
        3,
        image_width=5,
        question_width=6,
        dropout=dropout,
        variance=variance,
        variance_input=variance_input,
    )


def parts():
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(2, width, generator=generator) for width in (4, 5, 6)]


@torch.no_grad()
@pytest.mark.parametrize("variance_input", VARIANCE_INPUTS)
@pytest.mark.parametrize(("kind", "width"), [("scalar", 1), ("per_answer", 3)])
def test_variance_is_softplus_of_a_linear_map_of_its_input(variance_input, kind, width):
    network = head(kind, variance_input)
    fused, image, question = parts()
    logits, variance = network(network.combine(fused, image=image, question=question))
    torch.testing.assert_close(logits, fused @ network.answer.weight.T + network.answer.bias)
    read = {"logits": logits, "image": image, "question": question}[variance_input]
    assert variance.shape == (2, width)
    for b in range(2):
        for v in range(width):
            weight, bias = network.variance.weight[v], network.variance.bias[v]
            raw = sum(float(w * x) for w, x in zip(weight, read[b], strict=True)) + float(bias)
            assert math.isclose(variance[b, v], math.log1p(math.exp(raw)), rel_tol=1e-5)


def test_nothing_stands_beside_what_the_logits_are_made_of():
    fused, image, question = parts()
    assert head().combine(fused, image=image, question=question) is fused


@pytest.mark.parametrize(("variance_input", "beside"), [("image", 1), ("question", 2)])
def test_the_input_of_the_variance_stands_behind_the_fused_part(variance_input, beside):
    fused, image, question = parts()
    network = head(variance_input=variance_input)
    combined = network.combine(fused, image=image, question=question)
    torch.testing.assert_close(combined, torch.cat([fused, parts()[beside]], -1))


@pytest.mark.parametrize("variance_input", VARIANCE_INPUTS)
def test_every_pass_drops_in_both_parts(variance_input):
    network = head(variance_input=variance_input, dropout=0.5)
    combined = network.combine(*parts()[:1], image=parts()[1], question=parts()[2])
    logits, variance = network(combined.expand(20, 2, -1))
    assert (logits.std(0) > 0).all()
    assert (variance.std(0) > 0).all()


@pytest.mark.parametrize("variance_input", VARIANCE_INPUTS)
def test_gradient_of_the_variance_reaches_the_answer_weights_through_the_logits_only(
    variance_input,
):
    network = head(variance_input=variance_input)
    combined = network.combine(*parts()[:1], image=parts()[1], question=parts()[2])
    network(combined)[1].sum().backward()
    assert network.variance.weight.grad.abs().sum() > 0
    reached = network.answer.weight.grad is not None
    assert reached == (variance_input == "logits")


@pytest.mark.parametrize("variance", ["none", "scalar"])
def test_unknown_input_is_named(variance):
    with pytest.raises(UsageError, match=r"variance_input: 'fused' .* logits, image, question"):
        head(variance, "fused")


def test_an_input_without_a_variance_is_a_mistake():
    with pytest.raises(UsageError, match=r"variance_input: 'image' .* scalar or per_answer"):
        head("none", "image")
