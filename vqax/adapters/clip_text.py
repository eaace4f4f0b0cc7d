"""The text side of CLIP: a question with each answer behind it, as directions."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from vqax.errors import UsageError


class Texts(NamedTuple):
    """What stands around a question, for each answer: ids (a,m), of them ``before`` its words.

    ``lengths`` (a) are without the padding behind the end token.
    """

    ids: Int[Tensor, "a m"]
    lengths: Int[Tensor, "a"]
    before: int


def texts_around(template: str, answers: Sequence[str], tokenizer: Any) -> Texts:
    """What ``template`` puts around a question for each answer.

    Raises:
        UsageError: it has not {question} and behind it {answer}.
    """
    before, question, rest = template.partition("{question}")
    if not question or rest.count("{answer}") != 1:
        raise UsageError(f"template: {template!r}; write {{question}} and behind it {{answer}}")

    def split(text: str) -> list[int]:
        ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    start, end = [tokenizer.bos_token_id, *split(before)], tokenizer.eos_token_id
    rows = [[*start, *split(rest.replace("{answer}", answer)), end] for answer in answers]
    longest = max(map(len, rows))
    ids = [row + [end] * (longest - len(row)) for row in rows]
    return Texts(torch.tensor(ids), torch.tensor([len(row) for row in rows]), len(start))


class ClipText(nn.Module):
    """Tokens to the embedded words of each question and its direction with each answer."""

    ids: Tensor
    lengths: Tensor

    def __init__(self, encoder: Any, projection: nn.Linear, texts: Texts, padding: int) -> None:
        super().__init__()
        self.encoder, self.projection = encoder, projection
        self.before, self.padding = texts.before, padding
        self.register_buffer("ids", texts.ids)
        self.register_buffer("lengths", texts.lengths)

    def forward(
        self, tokens: Int[Tensor, "b t"]
    ) -> tuple[Float[Tensor, "b q"], Float[Tensor, "b a p"]]:
        """Words side by side, directions of unit length.

        Without gradients a question that stands in several rows is computed once.
        """
        if torch.is_grad_enabled():
            return self._directions(tokens)
        different, row_of = tokens.unique(dim=0, return_inverse=True)
        question, directions = self._directions(different)
        return question[row_of], directions[row_of]

    def _directions(
        self, tokens: Int[Tensor, "b t"]
    ) -> tuple[Float[Tensor, "b q"], Float[Tensor, "b a p"]]:
        words = self.encoder.embeddings.token_embedding(tokens)
        question = words.flatten(1)
        embedded, end = self._laid_out(question.view_as(words), tokens != self.padding)
        states = self.encoder.embeddings(inputs_embeds=embedded.flatten(0, 1))
        read = self.encoder.encoder(
            inputs_embeds=states,
            attention_mask=_causal(self.encoder.config, states),
            is_causal=True,
        ).last_hidden_state
        rows = torch.arange(len(read), device=tokens.device)
        pooled = self.encoder.final_layer_norm(read[rows, end.flatten()])
        made = nn.functional.normalize(self.projection(pooled), dim=1)
        return question, made.unflatten(0, embedded.shape[:2])

    def _laid_out(
        self, words: Float[Tensor, "b t e"], there: Bool[Tensor, "b t"]
    ) -> tuple[Float[Tensor, "b a n e"], Int[Tensor, "b a"]]:
        """Start, words, answer, end of each question with each answer, and the place of the end.

        Padding, wherever it was, stands behind the end, which sees nothing behind it.
        """
        (b, t), (a, m) = there.shape, self.ids.shape
        order = (~there).long().argsort(dim=1, stable=True)
        front = words.gather(1, order[:, :, None].expand_as(words))
        fixed = self.encoder.embeddings.token_embedding(self.ids)
        parts = [front[:, None].expand(-1, a, -1, -1), fixed[None].expand(b, -1, -1, -1)]
        place, count = torch.arange(t + m, device=words.device), there.sum(1, keepdim=True)
        of_words = (place >= self.before) & (place < self.before + count)
        behind = torch.where(place < self.before, place, place - count).clamp(0, m - 1)
        index = torch.where(of_words, place - self.before, t + behind)
        index = index[:, None, :, None].expand(b, a, -1, words.shape[2])
        return torch.cat(parts, dim=2).gather(2, index), self.lengths + count - 1


def _causal(config: Any, states: Tensor) -> Any:
    """The mask that the network's own text model makes."""
    from transformers.masking_utils import create_causal_mask

    return create_causal_mask(
        config=config, inputs_embeds=states, attention_mask=None, past_key_values=None
    )
