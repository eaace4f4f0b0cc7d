"""What the language model makes of a prompt and of the words after it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from vqax.adapters.vision_language.families import Family


class Read(NamedTuple):
    """A prompt that was read: what the first word of the answer is chosen by, and what to go on.

    ``last`` are the hidden states of its last token, ``following`` the position of the next.
    ``attention`` is how the last token looks at all of them in the last layer, mean of the heads;
    None where the network computes none.
    """

    last: Float[Tensor, "b d"]
    mask: Int[Tensor, "b n"]
    following: Int[Tensor, "b"]
    cache: Any
    attention: Float[Tensor, "b n"] | None


def image_features(
    family: Family, cells: Float[Tensor, "b l d"], width: int, like: Tensor
) -> SimpleNamespace:
    """Cells as the encoder returns them: features, and those for deeper layers."""
    parts = cells.to(like.device, like.dtype).split(width, dim=2)
    arranged = [list(part) if family.listed else part for part in parts]
    return SimpleNamespace(pooler_output=arranged[0], deepstack_features=arranged[1:])


def read_prompt(
    network: Any,
    embedded: Float[Tensor, "b n d"],
    mask: Int[Tensor, "b n"],
    positions: Int[Tensor, "*axes b n"],
    image: SimpleNamespace,
    types: dict[str, Tensor],
) -> Read:
    """One pass over the prompt, image tokens in their places; ``mask`` is 0 at the padding."""
    extra = {name: value for name, value in types.items() if name == "token_type_ids"}
    with watched(network.get_decoder().layers[-1:]) as weights:
        out = network.model(
            inputs_embeds=embedded, attention_mask=mask, position_ids=positions,
            mm_encoder_outputs={"image": image}, use_cache=True, **extra,
        )  # fmt: skip
    seen = weights[-1][:, :, -1].float().mean(1) if weights and weights[-1] is not None else None
    highest = positions.amax(dim=-1)
    following = (highest if highest.dim() == 1 else highest.amax(0)) + 1
    return Read(out.last_hidden_state[:, -1], mask, following, out.past_key_values, seen)


def go_on(
    network: Any, read: Read, embedded: Float[Tensor, "n m d"], copies: int
) -> Float[Tensor, "n m d"]:
    """Hidden states of what follows a prompt: ``copies`` continuations of each, n = b · copies.

    The prompt is not computed again. Its cache is used up.
    """
    if copies > 1:
        read.cache.batch_repeat_interleave(copies)
    m = embedded.shape[1]
    positions = read.following.repeat_interleave(copies)[:, None] + torch.arange(
        m, device=embedded.device
    )
    mask = read.mask.repeat_interleave(copies, dim=0)
    mask = torch.cat([mask, mask.new_ones(len(mask), m)], dim=1)
    axes = positions.expand(3, -1, -1) if hasattr(network.model, "get_rope_index") else positions
    hidden: Tensor = network.model(
        inputs_embeds=embedded, attention_mask=mask, position_ids=axes,
        past_key_values=read.cache, use_cache=True,
    ).last_hidden_state  # fmt: skip
    return hidden


def read_through(
    network: Any,
    embedded: Float[Tensor, "1 n d"],
    positions: Int[Tensor, "*axes 1 n"],
    image: SimpleNamespace,
    types: dict[str, Tensor],
) -> tuple[Float[Tensor, "1 n d"], list[Tensor | None]]:
    """Hidden states of a prompt with its answer, and the attention of every layer by head."""
    mask = torch.ones(embedded.shape[:2], dtype=torch.long, device=embedded.device)
    extra = {name: value for name, value in types.items() if name == "token_type_ids"}
    with watched(network.get_decoder().layers) as weights:
        out = network.model(
            inputs_embeds=embedded, attention_mask=mask, position_ids=positions,
            mm_encoder_outputs={"image": image}, use_cache=False, **extra,
        )  # fmt: skip
    return out.last_hidden_state, weights


@contextmanager
def watched(layers: Any) -> Iterator[list[Tensor | None]]:
    """Attention weights (b,heads,n,n) of decoder layers in passes inside the block."""
    seen: list[Tensor | None] = []
    with ExitStack() as watches:
        for layer in layers:
            watches.enter_context(
                layer.self_attn.register_forward_hook(
                    lambda module, given, made: seen.append(made[1])  # noqa: ARG005
                )
            )
        yield seen
