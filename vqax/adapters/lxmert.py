"""LXMERT for VQA (Tan and Bansal 2019), class ``LxmertForQuestionAnswering`` of ``transformers``.

Words and regions are read in two streams that look at each other; its answer is a class, read off
the first token of the question. ``attention`` is how that token looks at the regions in the last
cross-attention; ``question`` are the embedded words side by side, ``combined`` is what the
classifier reads. Boxes are x1, y1, x2, y2 as shares of the image, as everywhere here.
"""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.adapters.hooks import outputs_of
from vqax.adapters.patches import attention_to_cells
from vqax.adapters.region_models import ForeignOfRegions
from vqax.adapters.words import Special, packed, piece_reader, special_of
from vqax.models.attention_layers import CrossAttentionLayers, Stream, StreamAttention
from vqax.models.forward import BOX, Forward

WORDS: tuple[Stream, Stream] = ("words", "words")
CELLS: tuple[Stream, Stream] = ("cells", "cells")
ACROSS: tuple[tuple[Stream, Stream], ...] = (("words", "cells"), ("cells", "words"))


class Lxmert(nn.Module):
    """The network as a model of regions and their boxes."""

    reads_boxes = True
    layers_at_once = 8

    def __init__(self, network: Any, special: Special) -> None:
        super().__init__()
        self.network, self.special = network, special

    def forward(self, visual: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"]) -> Forward:
        return self._read(visual, tokens)[0]

    def attention_layers(
        self, visual: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"], answer: Int[Tensor, "b"]
    ) -> CrossAttentionLayers:
        """Attention within and between start token, words, end token and the regions."""
        forward, weights = self._read(visual, tokens)
        encoder, name = self.network.lxmert.encoder, "network.lxmert.encoder"
        own = [f"{name}.r_layers.{layer}" for layer in range(len(encoder.r_layers))]
        cross = [f"{name}.x_layers.{layer}.visn_output" for layer in range(len(encoder.x_layers))]
        return CrossAttentionLayers(
            score=forward.logits.gather(1, answer[:, None])[:, 0],
            layers=self._arranged(weights),
            reads=torch.zeros(1, dtype=torch.long, device=visual.device),
            words=weights[0].shape[3],
            image_cells=visual.shape[1],
            blocks=(*own, *cross),
        )

    def _read(
        self, visual: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"]
    ) -> tuple[Forward, list[Tensor]]:
        """A pass, and the weights of every attention in its order."""
        lxmert = self.network.lxmert
        text = packed(tokens, lxmert.get_input_embeddings(), self.special)
        question = text.embedded.flatten(1)
        if not question.requires_grad and torch.is_grad_enabled():
            question.requires_grad_()  # the words' own layers are explained, too
        features, boxes = visual[..., :-BOX], visual[..., -BOX:]
        with outputs_of([attention.dropout for attention in self._attentions()]) as weights:
            combined = lxmert(
                inputs_embeds=question.view_as(text.embedded), attention_mask=text.mask.long(),
                visual_feats=features, visual_pos=boxes,
            ).pooled_output  # fmt: skip
        attention = attention_to_cells(weights[-4], 0, visual.shape[1])
        forward = Forward(
            logits=self.network.answer_head(combined),
            attention=attention,
            attended=attention[:, :, None] * features,
            visual=visual,
            question=question,
            combined=combined,
            variance=None,
        )
        return forward, weights

    def _attentions(self) -> list[Any]:
        """Every module of attention once; that across the streams is called twice in a layer."""
        encoder = self.network.lxmert.encoder
        single = [layer.attention.self for layer in (*encoder.layer, *encoder.r_layers)]
        for layer in encoder.x_layers:
            single += [
                layer.visual_attention.att, layer.lang_self_att.self, layer.visn_self_att.self
            ]  # fmt: skip
        return single

    def _arranged(self, weights: Sequence[Tensor]) -> tuple[tuple[StreamAttention, ...], ...]:
        encoder = self.network.lxmert.encoder
        layers: list[tuple[tuple[Stream, Stream], ...]] = [
            *([(WORDS,)] * len(encoder.layer)),
            *([(CELLS,)] * len(encoder.r_layers)),
            *([ACROSS, (WORDS, CELLS)] * len(encoder.x_layers)),
        ]
        rest = iter(weights)
        return tuple(
            tuple(StreamAttention(of, at, next(rest)) for of, at in looks) for looks in layers
        )


def of_lxmert(
    network: Any, tokenizer: Any, answers: Sequence[str] = (), *, max_tokens: int = 18
) -> ForeignOfRegions:
    """An ``LxmertForQuestionAnswering`` and its tokeniser.

    ``answers`` name the columns of its head, where the labels of its configuration do not.

    Raises:
        UsageError: a tokeniser of another family, or as ``ForeignOfRegions``.
    """
    config, special = network.config, special_of(tokenizer)
    columns = network.num_qa_labels
    named = [config.id2label.get(index, str(index)) for index in range(columns)]
    return ForeignOfRegions(
        model=Lxmert(network, special).eval(),
        answers=tuple(answers or named),
        read=piece_reader(tokenizer, max_tokens),
        width=config.visual_feat_dim,
        name=type(network).__name__,
        special=special.of_words,
    )
