"""BLIP for VQA (Li et al. 2022), class ``BlipForQuestionAnswering`` of ``transformers``.

It writes its answer word by word. To explain an answer it must be one of a list: the logit of
each is log p(answer | image, question), the sum over its tokens, by which BLIP itself ranks the
candidates of VQA, and softmax makes them probabilities among the list. ``attention`` is how the
first token of the question looks at the patches in the last cross-attention; ``question`` are the
embedded words side by side, ``combined`` is what the decoder reads of them and the image.
"""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from vqax.adapters.foreign import Foreign
from vqax.adapters.patches import Patches, attention_to_cells, grid_of
from vqax.adapters.words import Special, packed, piece_reader, special_of
from vqax.errors import UsageError
from vqax.explain.pixels import PixelModel
from vqax.models.forward import Forward

MEAN = (0.48145466, 0.4578275, 0.40821073)
DEVIATION = (0.26862954, 0.26130258, 0.27577711)


class Blip(nn.Module):
    """The network above its patch embeddings, as a model of cells that ranks ``candidates``.

    ``candidates`` (a,m) are the tokens of the answers, with start and end, padded.
    """

    candidates: Tensor

    def __init__(
        self,
        network: Any,
        special: Special,
        candidates: Int[Tensor, "a m"],
        size_px: tuple[int, int],
    ) -> None:
        super().__init__()
        self.network, self.special, self.size_px = network, special, size_px
        self.register_buffer("candidates", candidates)

    def forward(self, visual: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"]) -> Forward:
        encoder = self.network.text_encoder
        asked = packed(tokens, encoder.get_input_embeddings(), self.special)
        question, visual_input = asked.embedded.flatten(1), list[Tensor]()
        watch = encoder.encoder.layer[-1].crossattention.self.register_forward_hook(
            lambda module, given, made: visual_input.append(made[1])  # noqa: ARG005
        )
        with watch:
            read = encoder(
                inputs_embeds=question.view_as(asked.embedded).clone(),  # it is written over
                attention_mask=asked.mask.long(),
                encoder_hidden_states=self._image(visual),
            ).last_hidden_state
        combined = read.flatten(1)
        attention = attention_to_cells(visual_input[-1], 1, visual.shape[1])
        return Forward(
            logits=self._likelihoods(combined.view_as(read), asked.mask),
            attention=attention,
            attended=attention[:, :, None] * visual,
            visual=visual,
            question=question,
            combined=combined,
            variance=None,
        )

    def _image(self, visual: Float[Tensor, "b l d"]) -> Float[Tensor, "b m d"]:
        """What the vision transformer makes of the patches; its start token is the first."""
        vision = self.network.vision_model
        own = vision.embeddings
        start = own.class_embedding.expand(len(visual), 1, -1)
        cells = torch.cat([start, visual], dim=1)
        placed = cells + own.interpolate_pos_encoding(cells, *self.size_px)
        states: Tensor = vision.encoder(inputs_embeds=placed).last_hidden_state
        made: Tensor = vision.post_layernorm(states)
        return made

    def _likelihoods(
        self, read: Float[Tensor, "b n d"], mask: Bool[Tensor, "b n"]
    ) -> Float[Tensor, "b a"]:
        """log p of each candidate; questions of one length together.

        The decoder of ``transformers`` 5.23 takes a mask of the question and does not apply it,
        so padding must not reach it.
        """
        lengths = mask.sum(1)
        made, order = [], []
        for length in lengths.unique().tolist():
            rows = (lengths == length).nonzero()[:, 0]
            made.append(self._ranked(read[rows, :length]))
            order.append(rows)
        return torch.cat(made)[torch.cat(order).argsort()]

    def _ranked(self, read: Float[Tensor, "b n d"]) -> Float[Tensor, "b a"]:
        """Every question with every candidate."""
        b, a = len(read), len(self.candidates)
        written = self.candidates.repeat(b, 1)
        scores = self.network.text_decoder(
            input_ids=written,
            attention_mask=(written != self.special.padding).long(),
            encoder_hidden_states=read.repeat_interleave(a, dim=0),
            use_cache=False,
        ).logits[:, :-1]
        following = written[:, 1:, None]
        read_on = following != self.special.padding
        each = scores.log_softmax(dim=2).gather(2, following) * read_on
        return each.sum(dim=(1, 2)).view(b, a)


def of_blip(
    network: Any,
    tokenizer: Any,
    answers: Sequence[str],
    *,
    size_px: tuple[int, int] | None = None,
    max_tokens: int = 33,
) -> Foreign:
    """A ``BlipForQuestionAnswering``, its tokeniser and the answers to choose from.

    The whole image is squeezed to ``size_px`` (rows, columns), by default the square that the
    network was trained for. Each forward pass decodes every answer: give as few as there are
    to choose from.

    Raises:
        UsageError: no answers, a size of no whole patches, or a tokeniser of another family.
    """
    if not answers:
        raise UsageError(f"{type(network).__name__}: no answers; give the texts to choose from")
    vision, special = network.config.vision_config, special_of(tokenizer)
    projection = network.vision_model.embeddings.patch_embedding
    size_px = size_px or (vision.image_size, vision.image_size)
    grid = grid_of(projection, size_px)
    image_encoder = Patches(projection, mean=MEAN, deviation=DEVIATION)
    candidates = _written(answers, tokenizer, network.decoder_start_token_id, special)
    above = Blip(network, special, candidates.to(projection.weight.device), size_px)
    return Foreign(
        model=PixelModel(image_encoder, above).eval(),
        answers=tuple(answers),
        read=piece_reader(tokenizer, max_tokens),
        size_px=size_px,
        grid=grid,
        name=type(network).__name__,
        special=special.of_words,
    )


def _written(
    answers: Sequence[str], tokenizer: Any, start: int, special: Special
) -> Int[Tensor, "a m"]:
    """Start, tokens, end of each answer, padded to the longest."""
    rows = [
        [start, *tokenizer(answer, add_special_tokens=False)["input_ids"], special.end]
        for answer in answers
    ]
    longest = max(map(len, rows))
    return torch.tensor([row + [special.padding] * (longest - len(row)) for row in rows])
