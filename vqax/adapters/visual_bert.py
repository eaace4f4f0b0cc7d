"""VisualBERT for VQA (Li et al. 2019), ``VisualBertForQuestionAnswering`` of ``transformers``.

One stream over words and regions; its answer is a class, read off the last word, as in the
published code. ``attention`` is how that word looks at the regions in the last layer; ``question``
are the embedded words side by side, ``combined`` is what the classifier reads.
"""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.adapters.region_models import ForeignOfRegions
from vqax.adapters.words import Special, packed, piece_reader, special_of
from vqax.models.attention_layers import AttentionLayers
from vqax.models.forward import Forward


class VisualBert(nn.Module):
    """The network as a model of regions, whose boxes it does not read."""

    def __init__(self, network: Any, special: Special) -> None:
        super().__init__()
        self.network, self.special = network, special

    def forward(self, visual: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"]) -> Forward:
        return self._read(visual, tokens)[0]

    def attention_layers(
        self, visual: Float[Tensor, "1 l d"], tokens: Int[Tensor, "1 t"], answer: Int[Tensor, "1"]
    ) -> AttentionLayers:
        """Attention among start token, words, end token and regions; read off the last word."""
        forward, weights, last = self._read(visual, tokens)
        n = weights[0].shape[3]
        layers = range(len(weights))
        return AttentionLayers(
            score=forward.logits.gather(1, answer[:, None])[:, 0],
            weights=weights,
            cells=torch.arange(n - visual.shape[1], n, device=visual.device),
            reads=last,
            blocks=tuple(f"network.visual_bert.encoder.layer.{layer}" for layer in layers),
        )

    def _read(
        self, visual: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"]
    ) -> tuple[Forward, tuple[Tensor, ...], Int[Tensor, "b"]]:
        """A pass, the attention of every layer by head, and the place of the last word."""
        bert, cells = self.network.visual_bert, visual.shape[1]
        text = packed(tokens, bert.get_input_embeddings(), self.special)
        question, last = text.embedded.flatten(1), text.mask.sum(1) - 2
        read = bert(
            inputs_embeds=question.view_as(text.embedded), attention_mask=text.mask.long(),
            visual_embeds=visual, output_attentions=True,
        )  # fmt: skip
        rows = torch.arange(len(tokens), device=tokens.device)
        combined = read.last_hidden_state[rows, last]
        looks = read.attentions[-1][rows, :, last, -cells:].mean(1)
        attention = looks / looks.sum(1, keepdim=True)
        forward = Forward(
            logits=self.network.cls(self.network.dropout(combined)),
            attention=attention,
            attended=attention[:, :, None] * visual,
            visual=visual,
            question=question,
            combined=combined,
            variance=None,
        )
        return forward, read.attentions, last


def of_visual_bert(
    network: Any, tokenizer: Any, answers: Sequence[str] = (), *, max_tokens: int = 126
) -> ForeignOfRegions:
    """A ``VisualBertForQuestionAnswering`` and its tokeniser.

    ``answers`` name the columns of its head, where the labels of its configuration do not.

    Raises:
        UsageError: a tokeniser of another family, or as ``ForeignOfRegions``.
    """
    config, special = network.config, special_of(tokenizer)
    named = [config.id2label[index] for index in range(config.num_labels)]
    return ForeignOfRegions(
        model=VisualBert(network, special).eval(),
        answers=tuple(answers or named),
        read=piece_reader(tokenizer, max_tokens),
        width=config.visual_embedding_dim,
        name=type(network).__name__,
        special=special.of_words,
    )
