"""Small models and images for the tests: 6 words, 5 answers, a grid of 2 x 3 cells."""

from typing import Any

import torch
from torch import Tensor, nn

from vqax.models import MODELS

WORDS, ANSWERS, CELLS, WIDTH = 6, 5, 6, 7
SIZES: dict[str, dict[str, Any]] = {
    "lstm_qi": {"hidden": 8, "fused": 9},
    "san": {"hidden": 8, "attention_dim": 4},
    "mcb": {
        "hidden": 8,
        "attention_sketch": 11,
        "attention_hidden": 4,
        "sketch": 12,
        "glimpses": 1,
    },
    "mlb": {"hidden": 8, "common": 9},
    "hie_co_att": {"hidden": 8, "fused": 9},
    "updn": {"hidden": 8, "classifier": 9, "attention_dropout": 0.0},
    "lmh": {"hidden": 8, "classifier": 9, "attention_dropout": 0.0},
    "rubi": {"hidden": 8, "classifier": 9, "attention_dropout": 0.0, "branch": 4},
    "counter": {"hidden": 8, "attention_dim": 4, "fused": 9, "objects": 4, "inner_dropout": 0.0},
    "deeper_lstm": {"hidden": 8, "fused": 9},
    "pythia": {"hidden": 8, "fused": 9},
    "transformer": {"hidden": 8, "heads": 2, "layers": 2, "layer_dropout": 0.0},
}
LOSS_ONLY = {"lmh": "mixin.", "rubi": "question_branch."}
"""Parameters that no answer of a model depends on, only the loss it is trained with."""


def build(name: str, *, seed: int = 0, dropout: float = 0.0, **options: Any) -> nn.Module:
    torch.manual_seed(seed)
    options = {"answers": ANSWERS, "variance": "scalar", **SIZES.get(name, {}), **options}
    return MODELS[name](words=WORDS, visual_dim=WIDTH, word_dim=3, dropout=dropout, **options)


def answering(name: str, model: nn.Module) -> list[tuple[str, nn.Parameter]]:
    """The parameters, with their names, that logits or variance depend on."""
    apart = LOSS_ONLY.get(name, "nothing")
    return [item for item in model.named_parameters() if not item[0].startswith(apart)]


def inputs(
    samples: int = 4, *, cells: int = CELLS, seed: int = 1, dtype: torch.dtype = torch.float32
) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    visual = torch.randn(samples, cells, WIDTH, generator=generator, dtype=dtype)
    tokens = torch.randint(1, WORDS, (samples, 4), generator=generator)
    tokens[:, 0] = 0
    return visual, tokens


def losses_of_reading_a_cell(model: nn.Module, steps: int = 30) -> list[float]:
    """Losses of a training where the answer is the kind of the one cell that is not background."""
    generator = torch.Generator().manual_seed(0)
    kinds = torch.randint(5, (64,), generator=generator)
    visual = torch.zeros(64, 6, WIDTH)
    visual[..., 6] = 1.0
    place = torch.randint(6, (64,), generator=generator)
    visual[torch.arange(64), place] = torch.nn.functional.one_hot(kinds, WIDTH).float()
    tokens = torch.randint(1, 6, (64, 4), generator=generator)
    optimiser = torch.optim.Adam(model.parameters(), 0.02)
    losses = []
    for _ in range(steps):
        loss = torch.nn.functional.cross_entropy(model(visual, tokens).logits, kinds)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses
