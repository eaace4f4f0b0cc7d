"""Small models and pictures for the tests: 6 words, 5 answers, a grid of 2 x 3 cells."""

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
}


def build(name: str, *, seed: int = 0, dropout: float = 0.0, **options: Any) -> nn.Module:
    torch.manual_seed(seed)
    options = {**SIZES.get(name, {}), "variance": "scalar", **options}
    return MODELS[name](
        words=WORDS, answers=ANSWERS, visual_dim=WIDTH, word_dim=3, dropout=dropout, **options
    )


def inputs(
    samples: int = 4, *, cells: int = CELLS, seed: int = 1, dtype: torch.dtype = torch.float32
) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    visual = torch.randn(samples, cells, WIDTH, generator=generator, dtype=dtype)
    tokens = torch.randint(1, WORDS, (samples, 4), generator=generator)
    tokens[:, 0] = 0
    return visual, tokens
