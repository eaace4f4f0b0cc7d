"""CLIP (Radford et al. 2021), class ``CLIPModel`` of ``transformers``, choosing among answers.

CLIP has no answers, but says how well a text fits an image: the logit of an answer is exp(scale)
times the cosine between the image and the question with that answer behind it, and softmax makes
them probabilities among the list. ``attention`` is how the image's start token looks at the
patches in the last layer; it does not depend on the question, which the image meets in the cosine
alone. ``question`` are the embedded words side by side, ``combined`` the products that each cosine
is the sum of.
"""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.adapters.blip import DEVIATION, MEAN
from vqax.adapters.clip_text import ClipText, texts_around
from vqax.adapters.foreign import Foreign
from vqax.adapters.hooks import outputs_of
from vqax.adapters.patches import Patches, attention_to_cells, grid_of
from vqax.adapters.words import piece_reader
from vqax.errors import UsageError
from vqax.explain.pixels import PixelModel
from vqax.models.attention_layers import AttentionLayers
from vqax.models.forward import Forward
from vqax.text.tokens import SpecialTokens

TEMPLATE = "{question} {answer}"


class Clip(nn.Module):
    """The network above its patch embeddings, as a model of cells that ranks the answers."""

    layers_at_once = 8

    def __init__(self, network: Any, texts: ClipText, size_px: tuple[int, int]) -> None:
        super().__init__()
        self.network, self.texts, self.size_px = network, texts, size_px

    def forward(self, visual: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"]) -> Forward:
        return self._read(visual, tokens)[0]

    def attention_layers(
        self, visual: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"], answer: Int[Tensor, "b"]
    ) -> AttentionLayers:
        """Attention among the image's start token and its patches, read off the first."""
        forward, weights = self._read(visual, tokens)
        return AttentionLayers(
            score=forward.logits.gather(1, answer[:, None])[:, 0],
            weights=weights,
            cells=torch.arange(1, visual.shape[1] + 1, device=visual.device),
            reads=torch.zeros(1, dtype=torch.long, device=visual.device),
            blocks=tuple(f"network.vision_model.encoder.layers.{i}" for i in range(len(weights))),
        )

    def _read(
        self, visual: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"]
    ) -> tuple[Forward, tuple[Tensor, ...]]:
        """A pass, and the attention of every layer of the image's encoder by head."""
        image, weights = self._image(visual)
        question, texts = self.texts(tokens)
        products = image[:, None] * texts
        combined = products.flatten(1)
        attention = attention_to_cells(weights[-1], 1, visual.shape[1])
        forward = Forward(
            logits=self.network.logit_scale.exp() * combined.view_as(products).sum(2),
            attention=attention,
            attended=attention[:, :, None] * visual,
            visual=visual,
            question=question,
            combined=combined,
            variance=None,
        )
        return forward, weights

    def _image(
        self, visual: Float[Tensor, "b l d"]
    ) -> tuple[Float[Tensor, "b p"], tuple[Tensor, ...]]:
        """Its direction, and the attention of every layer."""
        vision = self.network.vision_model
        own = vision.embeddings
        start = own.class_embedding.expand(len(visual), 1, -1)
        cells = torch.cat([start, visual], dim=1)
        places = own.interpolate_pos_encoding(cells, *self.size_px)
        with outputs_of([layer.self_attn for layer in vision.encoder.layers]) as made:
            states = vision.encoder(inputs_embeds=vision.pre_layrnorm(cells + places))
        pooled = vision.post_layernorm(states.last_hidden_state[:, 0])
        direction = nn.functional.normalize(self.network.visual_projection(pooled), dim=1)
        return direction, tuple(self._kept(weights) for _, weights in made)

    def _kept(self, weights: Tensor | None) -> Tensor:
        if weights is None:
            raise UsageError(
                f"{type(self.network).__name__}: its attention keeps no weights; load the network "
                "with attn_implementation eager"
            )
        return weights


def of_clip(
    network: Any,
    tokenizer: Any,
    answers: Sequence[str],
    *,
    template: str = TEMPLATE,
    size_px: tuple[int, int] | None = None,
) -> Foreign:
    """A ``CLIPModel`` loaded with eager attention, its tokeniser and the answers to choose from.

    ``template`` says what text an answer makes of a question. The whole image is squeezed to
    ``size_px`` (rows, columns), by default the square that the network was trained for.

    Raises:
        UsageError: no answers, a template without its two fields, or a size of no whole patches.
    """
    if not answers:
        raise UsageError(f"{type(network).__name__}: no answers; give the texts to choose from")
    vision = network.config.vision_config
    projection = network.vision_model.embeddings.patch_embedding
    size_px = size_px or (vision.image_size, vision.image_size)
    texts, padding = texts_around(template, answers, tokenizer), tokenizer.pad_token_id
    text = ClipText(network.text_model, network.text_projection, texts, padding)
    room = network.config.text_config.max_position_embeddings - texts.ids.shape[1]
    above = Clip(network, text.to(projection.weight.device), size_px)
    return Foreign(
        model=PixelModel(Patches(projection, mean=MEAN, deviation=DEVIATION), above).eval(),
        answers=tuple(answers),
        read=piece_reader(tokenizer, room),
        size_px=size_px,
        grid=grid_of(projection, size_px),
        name=type(network).__name__,
        special=SpecialTokens(padding, tokenizer.unk_token_id),
    )
