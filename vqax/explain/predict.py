"""What the model answers, and how much that varies when its head is sampled."""

from typing import NamedTuple, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.errors import UsageError
from vqax.explain.state import left_as_found, seed_draws, start_sampling
from vqax.models.evidential_answers import is_evidential, vacuity
from vqax.models.forward import Forward, VqaModel


class Prediction(NamedTuple):
    """``probabilities`` and ``variance`` of each stochastic pass; ``forward`` without dropout.

    ``vacuity`` is u = K / S of each pass, None where the answers are no evidence.
    """

    probabilities: Float[Tensor, "s b a"]
    variance: Float[Tensor, "s b"] | None
    forward: Forward
    vacuity: Float[Tensor, "s b"] | None = None


def predict(
    model: nn.Module,
    visual: Float[Tensor, "b *d"],
    tokens: Int[Tensor, "b t"],
    samples: int,
    generator_seed: int,
) -> Prediction:
    """``mc_predict``, or, of a model without a ``head``, its one pass.

    ``visual`` are cells, or the pixels that a black box reads. The model is left as found.
    """
    if hasattr(model, "head"):
        return mc_predict(model, visual, tokens, samples, generator_seed)
    with left_as_found(model), torch.no_grad():
        forward = model(visual, tokens)
    variance = None if forward.variance is None else forward.variance.mean(dim=-1)[None]
    return Prediction(forward.logits.float().softmax(dim=-1)[None], variance, forward)


def mc_predict(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    samples: int,
    generator_seed: int,
) -> Prediction:
    """Run the image encoder once without dropout and ``model.head`` ``samples`` times with it.

    The model is left as found.

    Raises:
        UsageError: the model has no ``head``.
    """
    _check_head(model)  # before the pass, which may be long
    with left_as_found(model), torch.no_grad():
        forward = model(visual, tokens)
    return sample_head(model, forward, samples, generator_seed)


def sample_head(
    model: nn.Module, forward: Forward, samples: int, generator_seed: int
) -> Prediction:
    """``mc_predict`` of a pass that was made, whose graph, if it has one, is not part of it.

    Dropout draws from torch's own generator, seeded here and put back after, so the same seed
    gives the same samples. Probabilities are softmax(logits); a variance per answer is averaged
    over the answers. The model is left as found.

    Raises:
        UsageError: the model has no ``head``.
    """
    _check_head(model)
    with left_as_found(model), torch.no_grad():
        seed_draws(model, generator_seed)
        start_sampling(model)
        passes = [cast(VqaModel, model).head(forward.combined) for _ in range(samples)]
    probabilities = torch.stack([logits.softmax(dim=-1) for logits, _ in passes])
    variances = [variance.mean(dim=-1) for _, variance in passes if variance is not None]
    return Prediction(
        probabilities,
        torch.stack(variances) if variances else None,
        forward.detached(),
        torch.stack([vacuity(logits) for logits, _ in passes]) if is_evidential(model) else None,
    )


def _check_head(model: nn.Module) -> None:
    if not hasattr(model, "head"):
        raise UsageError(
            f"{type(model).__name__} has no method `head`, the stochastic part that Monte-Carlo "
            "passes repeat; add head(combined) -> (logits, variance) to the adapter"
        )
