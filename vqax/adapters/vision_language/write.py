"""What a vision-language model says by itself, and how sure it is of it."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from vqax.adapters.vision_language.language import Read, go_on
from vqax.adapters.vision_language.model import VisionLanguageModel
from vqax.explain.state import left_as_found, seed_draws

MAX_TOKENS = 32


class Said(NamedTuple):
    """An answer as it was written, with log p of each token, the ending one not among them."""

    tokens: tuple[int, ...]
    text: str
    log_tokens: tuple[float, ...]

    @property
    def log_probability(self) -> float:
        """log p(answer | image, question), of its words whatever comes after."""
        return sum(self.log_tokens)


def write(
    model: VisionLanguageModel,
    cells: Float[Tensor, "1 l d"],
    tokens: Int[Tensor, "1 t"],
    *,
    max_tokens: int = MAX_TOKENS,
    samples: int = 0,
    seed: int = 0,
) -> list[Said]:
    """The answer of always the likeliest token, or ``samples`` answers drawn as they are likely.

    The prompt is read once for all samples. It ends with a token that ends the model's turn, or
    after ``max_tokens``; the first token is never an ending one.
    """
    with left_as_found(model), torch.no_grad():
        seed_draws(model, seed)
        rows, log_rows = _written(model, model.prompt_read(cells, tokens), max_tokens, samples)
    decode = model.prompt.tokenizer.decode
    ends = ending_tokens(model)
    return [
        _until(row, log_row, ends, decode)
        for row, log_row in zip(rows.tolist(), log_rows.tolist(), strict=True)
    ]


def ending_tokens(model: VisionLanguageModel) -> frozenset[int]:
    """Token ids that end an answer, of the network's generation settings and its tokeniser."""
    settings = getattr(model.network, "generation_config", None)
    ends = getattr(settings, "eos_token_id", None)
    several = ends if isinstance(ends, list) else [ends]
    return frozenset({*several, model.prompt.tokenizer.eos_token_id} - {None})


def _written(
    model: VisionLanguageModel, read: Read, max_tokens: int, samples: int
) -> tuple[Int[Tensor, "s m"], Float[Tensor, "s m"]]:
    """Token ids and their log p, up to ``max_tokens`` or until all have ended."""
    ends = torch.tensor(sorted(ending_tokens(model)), device=read.last.device)
    head, look_up = model.network.get_output_embeddings(), model.network.get_input_embeddings()
    hidden, copies = read.last.repeat_interleave(max(samples, 1), 0), max(samples, 1)
    rows, log_rows = list[Tensor](), list[Tensor]()
    ended = torch.zeros(copies, dtype=torch.bool, device=ends.device)
    while len(rows) < max_tokens and not bool(ended.all()):
        log_p = head(hidden).float().log_softmax(1)
        allowed = log_p if rows else log_p.index_fill(1, ends, -torch.inf)
        chosen = allowed.exp().multinomial(1)[:, 0] if samples else allowed.argmax(1)
        rows.append(chosen)
        log_rows.append(log_p.gather(1, chosen[:, None])[:, 0])
        ended |= torch.isin(chosen, ends)
        hidden = go_on(model.network, read, look_up(chosen)[:, None], copies)[:, -1]
        read, copies = _after(read, copies), 1
    return torch.stack(rows, 1), torch.stack(log_rows, 1)


def _after(read: Read, copies: int) -> Read:
    """The same, one token further; the cache has it already."""
    mask = read.mask.repeat_interleave(copies, 0)
    mask = torch.cat([mask, mask.new_ones(len(mask), 1)], 1)
    following = read.following.repeat_interleave(copies) + 1
    return read._replace(mask=mask, following=following)


def _until(row: list[int], log_row: list[float], ends: frozenset[int], decode: object) -> Said:
    length = next((at for at, index in enumerate(row) if index in ends), len(row))
    assert callable(decode)
    words = decode(row[:length], skip_special_tokens=True).strip()
    text = words or decode(row[:length]).strip() or "(blank)"
    return Said(tuple(row[:length]), text, tuple(log_row[:length]))
