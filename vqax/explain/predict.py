"""What the model answers, and how much that varies when its head is sampled."""

from typing import NamedTuple, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.errors import UsageError
from vqax.explain.state import left_as_found, seed_draws
from vqax.models.forward import Forward, VqaModel

KEEPS_STATISTICS = (
    nn.BatchNorm1d,
    nn.BatchNorm2d,
    nn.BatchNorm3d,
    nn.SyncBatchNorm,
    nn.InstanceNorm1d,
    nn.InstanceNorm2d,
    nn.InstanceNorm3d,
)


class Prediction(NamedTuple):
    """``probabilities`` and ``variance`` of each stochastic pass; ``forward`` without dropout."""

    probabilities: Float[Tensor, "s b a"]
    variance: Float[Tensor, "s b"] | None
    forward: Forward


def mc_predict(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    samples: int,
    generator_seed: int,
) -> Prediction:
    """Run the trunk once without dropout and ``model.head`` ``samples`` times with it.

    Dropout draws from torch's own generator, seeded here and put back after, so the same seed
    gives the same samples. Probabilities are softmax(logits); a variance per answer is averaged
    over the answers. The model is left as found.

    Raises:
        UsageError: the model has no ``head``.
    """
    if not hasattr(model, "head"):
        raise UsageError(
            f"{type(model).__name__} has no method `head`, the stochastic part that Monte-Carlo "
            "passes repeat; add head(combined) -> (logits, variance) to the adapter"
        )
    with left_as_found(model), torch.no_grad():
        forward = model(visual, tokens)
        seed_draws(model, generator_seed)
        _start_sampling(model)
        passes = [cast(VqaModel, model).head(forward.combined) for _ in range(samples)]
    probabilities = torch.stack([logits.softmax(dim=-1) for logits, _ in passes])
    variances = [variance.mean(dim=-1) for _, variance in passes if variance is not None]
    return Prediction(probabilities, torch.stack(variances) if variances else None, forward)


def _start_sampling(model: nn.Module) -> None:
    """Training mode without its side effects: normalisation layers keep their statistics.

    Only the flags change here; ``left_as_found`` around it puts them back.
    """
    for module in model.modules():
        module.training = not isinstance(module, KEEPS_STATISTICS)
