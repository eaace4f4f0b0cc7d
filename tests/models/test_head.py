import math

import torch

from vqax.models.head import AnswerHead


@torch.no_grad()
def test_variance_is_softplus_of_a_linear_map_of_the_logits():
    torch.manual_seed(0)
    for kind, width in (("scalar", 1), ("per_answer", 3)):
        head = AnswerHead(4, 3, dropout=0.0, variance=kind)
        logits, variance = head(torch.randn(2, 4))
        for b in range(2):
            for v in range(width):
                weight, bias = head.variance.weight[v], head.variance.bias[v]
                raw = sum(float(weight[a] * logits[b, a]) for a in range(3)) + float(bias)
                assert math.isclose(variance[b, v], math.log1p(math.exp(raw)), rel_tol=1e-5)


def test_gradient_of_the_variance_reaches_the_answer_weights():
    head = AnswerHead(4, 3, dropout=0.0, variance="scalar")
    head(torch.ones(2, 4))[1].sum().backward()
    assert head.answer.weight.grad.abs().sum() > 0
