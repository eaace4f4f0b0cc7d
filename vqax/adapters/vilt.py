"""ViLT for VQA (Kim, Son and Kim 2021), class ``ViltForQuestionAnswering`` of ``transformers``.

One transformer reads words and patches together; its answer is a class. ``attention`` is how the
token that is classified looks at the patches in the last layer; ``question`` are the embedded
words side by side, ``combined`` is what the classifier reads. Patches stay in their order,
where the class of ``transformers`` shuffles them, which does not change the answer.
"""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from vqax.adapters.foreign import Foreign
from vqax.adapters.patches import Patches, attention_to_cells, grid_of
from vqax.adapters.words import Special, packed, piece_reader, special_of
from vqax.explain.pixels import PixelModel
from vqax.models.attention_layers import AttentionLayers
from vqax.models.forward import Forward

HALF = (0.5, 0.5, 0.5)


class Vilt(nn.Module):
    """The network above its patch embeddings, as a model of cells."""

    layers_at_once = 8

    def __init__(self, network: Any, special: Special, grid: tuple[int, int]) -> None:
        super().__init__()
        self.network, self.special, self.grid = network, special, grid

    def forward(self, visual: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"]) -> Forward:
        return self._read(visual, tokens)[0]

    def attention_layers(
        self, visual: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"], answer: Int[Tensor, "b"]
    ) -> AttentionLayers:
        """Attention among start token, words and patches; the answer is read off the first."""
        forward, weights = self._read(visual, tokens)
        first = weights[0].shape[2] - visual.shape[1]
        return AttentionLayers(
            score=forward.logits.gather(1, answer[:, None])[:, 0],
            weights=weights,
            cells=torch.arange(first, first + visual.shape[1], device=visual.device),
            reads=torch.zeros(1, dtype=torch.long, device=visual.device),
            blocks=tuple(f"network.vilt.encoder.layer.{layer}" for layer in range(len(weights))),
        )

    def _read(
        self, visual: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"]
    ) -> tuple[Forward, tuple[Float[Tensor, "b k n n"], ...]]:
        """A pass, and the attention of every layer by head."""
        vilt = self.network.vilt
        asked = packed(tokens, vilt.get_input_embeddings(), self.special)
        question = asked.embedded.flatten(1)
        text = self._text(question.view_as(asked.embedded))
        image = self._image(visual)
        seen = torch.cat([asked.mask, asked.mask.new_ones(image.shape[:2])], dim=1)
        refused = torch.zeros_like(seen, dtype=text.dtype).masked_fill(
            ~seen, torch.finfo(text.dtype).min
        )
        given = torch.cat([text, image], dim=1)
        read = vilt.encoder(given, refused[:, None, None], output_attentions=True)
        combined = vilt.pooler(vilt.layernorm(read.last_hidden_state))
        attention = attention_to_cells(
            read.attentions[-1], asked.mask.shape[1] + 1, visual.shape[1]
        )
        forward = Forward(
            logits=self.network.classifier(combined),
            attention=attention,
            attended=attention[:, :, None] * visual,
            visual=visual,
            question=question,
            combined=combined,
            variance=None,
        )
        return forward, read.attentions

    def _text(self, embedded: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        own = self.network.vilt.embeddings
        words: Tensor = own.text_embeddings(inputs_embeds=embedded)
        return words + own.token_type_embeddings.weight[0]

    def _image(self, visual: Float[Tensor, "b l d"]) -> Float[Tensor, "b m d"]:
        """Start token, patches, their places and their kind; m = l + 1."""
        own = self.network.vilt.embeddings
        start = own.cls_token.expand(len(visual), -1, -1)
        placed = torch.cat([start, visual], dim=1) + self._places(own.position_embeddings)
        kinds: Tensor = own.token_type_embeddings.weight[1]
        return own.dropout(placed) + kinds

    def _places(self, table: Float[Tensor, "1 m d"]) -> Float[Tensor, "1 n d"]:
        """Position embeddings of the grid, interpolated as ``transformers`` does."""
        side = self.network.config.image_size // self.network.config.patch_size
        square = table[:, 1:].transpose(1, 2).unflatten(2, (side, side))
        fitted = functional.interpolate(square, self.grid, mode="bilinear", align_corners=True)
        return torch.cat([table[:, :1], fitted.flatten(2).transpose(1, 2)], dim=1)


def of_vilt(
    network: Any, tokenizer: Any, *, size_px: tuple[int, int] | None = None, max_tokens: int = 38
) -> Foreign:
    """A ``ViltForQuestionAnswering`` and its tokeniser; answers are its labels.

    The whole image is squeezed to ``size_px`` (rows, columns), by default the square that the
    network was trained for; multiples of its patches.

    Raises:
        UsageError: a size of no whole patches, or a tokeniser of another family.
    """
    config, special = network.config, special_of(tokenizer)
    projection = network.vilt.embeddings.patch_embeddings.projection
    size_px = size_px or (config.image_size, config.image_size)
    grid = grid_of(projection, size_px)
    image_encoder = Patches(projection, mean=HALF, deviation=HALF)
    return Foreign(
        model=PixelModel(image_encoder, Vilt(network, special, grid)).eval(),
        answers=tuple(config.id2label[index] for index in range(config.num_labels)),
        read=piece_reader(tokenizer, max_tokens),
        size_px=size_px,
        grid=grid,
        name=type(network).__name__,
        special=special.of_words,
    )
