"""How good a model is on questions held out of train."""

from collections.abc import Callable
from contextlib import closing

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vqax.learning.batches import Batchable, batches
from vqax.learning.processes import Processes
from vqax.learning.sampler import Sampler
from vqax.learning.step import autocast


def soft_accuracy(
    logits: Float[Tensor, "b a"], targets: Float[Tensor, "b a"]
) -> Float[Tensor, "b"]:
    """The soft score, 0 to 1, of the answer with the highest logit; the first one of equals."""
    return targets.gather(1, logits.argmax(dim=1, keepdim=True)).squeeze(1)


@torch.no_grad()
def validate(
    model: nn.Module,
    dataset: Batchable,
    batch_size: int,
    *,
    team: Processes,
    precision: str = "fp32",
    workers: int = 0,
    between: Callable[[], None] = lambda: None,
) -> float:
    """Mean soft-score accuracy over the data set, in [0, 1]; ``between`` is called before each
    batch and may raise to stop. The model is left in eval mode.
    """
    model.eval()
    sampler = Sampler(
        len(dataset), batch_size, shuffle=False, rank=team.rank, world_size=team.world_size
    )
    scored = 0.0
    with closing(batches(dataset, sampler, workers=workers)) as read:
        for step, batch in enumerate(read):
            between()
            here = batch.to(team.device)
            with autocast(precision, team.device):
                logits = model(here.visual, here.tokens).logits
            if sampler.weight(step) > 0.0:
                scored += float(soft_accuracy(logits, here.targets).sum())
    return team.total([scored])[0] / len(dataset)
