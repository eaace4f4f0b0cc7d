"""Losses of the answers by name, one value per sample.

All have the signature of ``AnswerLoss``: the model for what its loss has learnt besides the
logits, and the prior of the answers for the losses that read it.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from vqax.errors import UsageError
from vqax.learning.uncertainty import cross_entropy
from vqax.models.forward import Forward
from vqax.models.scale import full_precision

Answers = Float[Tensor, "b a"]
Losses = Float[Tensor, "b"]
AnswerLoss = Callable[[nn.Module, Forward, Answers, Answers | None], Losses]


def soft_cross_entropy(
    model: nn.Module,  # noqa: ARG001
    forward: Forward,
    targets: Answers,
    bias: Answers | None,  # noqa: ARG001
) -> Losses:
    """Softmax over the answers against the normalised soft scores."""
    return cross_entropy(forward.logits, targets)


def bce(
    model: nn.Module,  # noqa: ARG001
    forward: Forward,
    targets: Answers,
    bias: Answers | None,  # noqa: ARG001
) -> Losses:
    """Σ_a binary cross entropy of σ(logit_a) and the soft score (UpDn)."""
    return summed_bce(forward.logits, targets)


def lmh(model: nn.Module, forward: Forward, targets: Answers, bias: Answers | None) -> Losses:
    """``bce`` of logits + m, and the weighted mean entropy of the Bernoulli variables of logit m.

    m are the log-odds of the learned mixin. Released LMH adds them to (log σ(y), log(1 - σ(y)))
    and renormalises the pair, which is the sigmoid of the sum. Of a batch the released loss is
    the mean of these; a target of zeros has it too.

    Raises:
        UsageError: the model has no mixin, or the batch no prior.
    """
    mixin = _part(model, "mixin", "lmh")
    if bias is None:
        raise UsageError(
            "objective.loss: lmh needs the prior of the answers by question type, and the data "
            "set was made without; give VqaDataset the bias of vqax.learning.bias.answer_bias"
        )
    odds = mixin(forward.combined, bias)
    entropy = functional.softplus(odds) - odds * torch.sigmoid(odds)
    losses = summed_bce(full_precision(forward.logits) + odds, targets)
    return losses + mixin.entropy_weight * entropy.mean(-1)


def rubi(
    model: nn.Module,
    forward: Forward,
    targets: Answers,
    bias: Answers | None,  # noqa: ARG001
) -> Losses:
    """``bce`` of logits ∘ mask, and of the branch's own logits (RUBi in the code of AttReg).

    Raises:
        UsageError: the model has no question branch.
    """
    mask, branch = _part(model, "question_branch", "rubi")(forward.question)
    return summed_bce(forward.logits * mask, targets) + summed_bce(branch, targets)


def rubi_cross_entropy(
    model: nn.Module,
    forward: Forward,
    targets: Answers,
    bias: Answers | None,  # noqa: ARG001
) -> Losses:
    """The same with a softmax over the answers, as published.

    There the target is one answer sampled from the annotators; here all of them, which is the
    expectation.

    Raises:
        UsageError: the model has no question branch.
    """
    mask, branch = _part(model, "question_branch", "rubi_cross_entropy")(forward.question)
    return cross_entropy(forward.logits * mask, targets) + cross_entropy(branch, targets)


ANSWER_LOSSES: dict[str, AnswerLoss] = {
    "cross_entropy": soft_cross_entropy,
    "bce": bce,
    "lmh": lmh,
    "rubi": rubi,
    "rubi_cross_entropy": rubi_cross_entropy,
}
NEEDS_BIAS = frozenset({"lmh"})
"""Losses that read the prior of the answers."""
SOFTMAX_LOSSES = frozenset({"cross_entropy", "rubi_cross_entropy"})
"""Losses in which a target of zeros is no loss."""


def summed_bce(logits: Answers, targets: Answers) -> Losses:
    losses = functional.binary_cross_entropy_with_logits(
        full_precision(logits), targets, reduction="none"
    )
    return losses.sum(-1)


def _part(model: nn.Module, name: str, loss: str) -> nn.Module:
    part = getattr(model, name, None)
    if part is None:
        raise UsageError(
            f"objective.loss: {loss} needs a model with {name}, and {type(model).__name__} has "
            f"none; train model {loss.removesuffix('_cross_entropy')}, or choose loss "
            "cross_entropy or bce"
        )
    return part
