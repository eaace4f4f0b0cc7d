"""Monte-Carlo passes of a model, and noise that does not depend on who else is in the batch."""

from collections.abc import Callable
from typing import NamedTuple, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.errors import UsageError
from vqax.learning.batches import Batch
from vqax.models.forward import Forward, VqaModel
from vqax.models.scale import matmul_dtype

GOLDEN = 0x9E3779B1  # odd, so question_id * GOLDEN is one-to-one modulo 2³²


class Passes(NamedTuple):
    """T stochastic passes, and the model outputs that their gradients flow back to."""

    logits: Float[Tensor, "s b a"]
    variance: Float[Tensor, "s b v"]
    outputs: tuple[Forward, ...]


def variance_of(variance: Float[Tensor, "*b v"] | None) -> Float[Tensor, "*b v"]:
    """The variance of a model that has one.

    Raises:
        UsageError: it has none.
    """
    if variance is None:
        raise UsageError(
            "variance: this model predicts none, so it has no uncertainty loss; "
            "build it with variance scalar or per_answer"
        )
    return variance


def one_pass(model: nn.Module, batch: Batch, output: Forward, samples: int) -> Passes:  # noqa: ARG001
    """The forward pass itself: data uncertainty only, equation 2."""
    return Passes(output.logits[None], variance_of(output.variance)[None], (output,))


def head_passes(model: nn.Module, batch: Batch, output: Forward, samples: int) -> Passes:  # noqa: ARG001
    """``samples`` passes of the head with fresh dropout.

    What the head reads is brought to the precision of its matrix products once, not T times.
    """
    combined = output.combined.to(matmul_dtype(output.combined))
    combined = combined.expand(samples, *combined.shape)
    logits, variance = cast(VqaModel, model).head(combined)
    return Passes(logits, variance_of(variance), (output,))


def full_passes(model: nn.Module, batch: Batch, output: Forward, samples: int) -> Passes:
    """``samples`` passes of the whole model; ``output`` is not one of them."""
    outputs = tuple(model(batch.visual, batch.tokens) for _ in range(samples))
    logits = torch.stack([one.logits for one in outputs])
    variance = torch.stack([variance_of(one.variance) for one in outputs])
    return Passes(logits, variance, (output, *outputs))


MC_SCOPES: dict[str, Callable[[nn.Module, Batch, Forward, int], Passes]] = {
    "head": head_passes,
    "full": full_passes,
}


def sample_noise(
    generator: torch.Generator,
    question_ids: Int[Tensor, "b"],
    samples: int,
    like: Float[Tensor, "*s b a"],
) -> Float[Tensor, "{samples} b a"]:
    """Standard normal noise keyed by (one draw of ``generator``, question_id).

    A question gets the same noise in a batch of 1, of 8 or on another rank, as long as
    ``generator`` stands at the same state there. Distinct ids below 2³² have distinct keys.
    """
    step = torch.randint(2**32, (), generator=generator, device=generator.device).item()
    source = torch.Generator(device=like.device)
    shape = (samples, like.shape[-1])
    dtype = torch.promote_types(like.dtype, torch.float32)
    rows = []
    for question_id in question_ids.tolist():
        source.manual_seed((int(step) + question_id * GOLDEN) % 2**32)
        rows.append(torch.randn(shape, generator=source, device=like.device, dtype=dtype))
    return torch.stack(rows, dim=1)
