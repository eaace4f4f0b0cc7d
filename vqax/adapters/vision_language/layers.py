"""The attention among all tokens of a prompt and the answer behind it, for explainers of layers."""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from vqax.adapters.vision_language.language import image_features, read_through
from vqax.adapters.vision_language.scores import Scores
from vqax.errors import UsageError
from vqax.models.attention_layers import AttentionLayers


def candidate_of(scores: Scores, answer: int) -> tuple[list[int], int]:
    """Token ids of what an answer is scored by, and its place among the logits made of them."""
    several = len(scores.candidates) > 1
    row = answer if several else 0
    tokens: list[int] = scores.candidates[row][scores.written[row]].tolist()
    return tokens, 0 if several else answer


def attention_layers(
    model: Any,
    visual: Float[Tensor, "1 l d"],
    words: Float[Tensor, "1 t e"],
    ids: Int[Tensor, "1 t"],
    answer: int,
) -> AttentionLayers:
    """One pass of a ``VisionLanguageModel`` over a question and the answer explained.

    The answer is read off the last token of the prompt and each of its own but the last.

    Raises:
        UsageError: the network computes its attention in a way that keeps no weights.
    """
    tokens, column = candidate_of(model.scores, answer)
    behind = ids.new_tensor([tokens[:-1]])
    embedded, prompt, types = model.laid_out(words, ids)
    embedded = torch.cat([embedded, model.network.get_input_embeddings()(behind)], dim=1)
    types = {
        name: torch.cat([row, torch.full_like(behind, model.family.answer_type)], dim=1)
        for name, row in types.items()
    }
    all_ids = torch.cat([prompt, behind], dim=1)
    mask = torch.ones_like(all_ids)
    positions = model.family.positions(model.network, all_ids, mask, types, model.inputs)
    image = image_features(model.family, visual, words.shape[2], words)
    hidden, weights = read_through(model.network, embedded, positions, image, types)
    reads = torch.arange(prompt.shape[1] - 1, all_ids.shape[1], device=ids.device)
    token = model.scores.token
    return AttentionLayers(
        score=_score(model, hidden[:, reads], tokens)[column : column + 1],
        weights=tuple(_kept(layer, model.network) for layer in weights),
        cells=(all_ids[0] == model.network.config.image_token_id).nonzero()[:, 0],
        reads=reads if token is None else reads[token : token + 1],
        blocks=_blocks(model),
    )


def _score(model: Any, hidden: Float[Tensor, "1 m d"], tokens: list[int]) -> Float[Tensor, "k"]:
    scores = model.network.get_output_embeddings()(hidden)
    log_p = scores.to(torch.promote_types(scores.dtype, torch.float32)).log_softmax(2)
    index = torch.tensor(tokens, device=log_p.device)
    chosen = log_p[0].gather(1, index[:, None])[None, None, :, 0]
    logits: Tensor = model.scores.reduce(chosen, torch.ones_like(index, dtype=torch.bool)[None])
    return logits[0]


def _kept(weights: Tensor | None, network: Any) -> Float[Tensor, "1 heads n n"]:
    if weights is None:
        raise UsageError(
            f"{type(network).__name__}: attention {network.config._attn_implementation!r} keeps no "
            "weights; load the network with attn_implementation eager"
        )
    return weights


def _blocks(model: Any) -> tuple[str, ...]:
    decoder = model.network.get_decoder()
    name = next(name for name, module in model.named_modules() if module is decoder)
    return tuple(f"{name}.layers.{place}" for place in range(len(decoder.layers)))
