"""A vision-language model as a model of cells: image tokens and questions in, ``Forward`` out.

The logits are made of log-probabilities of answers (``scores``). ``attention`` is how the last
token of the prompt, which chooses the first word, looks at the image tokens in the last layer;
``question`` are the embedded words side by side, ``combined`` the hidden states that the words of
the answers are chosen by.
"""

from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from vqax.adapters.vision_language.families import Family, Inputs
from vqax.adapters.vision_language.language import Read, go_on, image_features, read_prompt
from vqax.adapters.vision_language.layers import attention_layers
from vqax.adapters.vision_language.prompt import Layout, Prompt
from vqax.adapters.vision_language.scores import Scores
from vqax.models.attention_layers import AttentionLayers
from vqax.models.forward import Forward
from vqax.text.tokens import PAD_INDEX

ROWS_AT_ONCE = 8


class Part(NamedTuple):
    """What is computed for some of the questions."""

    combined: Float[Tensor, "b c"]
    attention: Float[Tensor, "b l"] | None


class VisionLanguageModel(nn.Module):
    """The language model above its image tokens, for images of one layout.

    ``inputs`` are what the processor makes of such an image, ``rows_at_once`` questions are
    computed together: without gradients the others wait, with gradients each part is computed
    again when its turn comes, so that memory is that of one part.
    """

    def __init__(
        self,
        network: Any,
        family: Family,
        prompt: Prompt,
        layout: Layout,
        inputs: Inputs,
        scores: Scores,
        *,
        rows_at_once: int = ROWS_AT_ONCE,
    ) -> None:
        super().__init__()
        self.network, self.family, self.prompt = network, family, prompt
        self.layout, self.inputs, self.scores = layout, inputs, scores
        self.rows_at_once = rows_at_once

    def forward(self, visual: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"]) -> Forward:
        words = self._embedded(tokens)
        question = words.flatten(1)
        words = question.view_as(words)
        order = self._together(tokens)
        several = len(order) > 1 and torch.is_grad_enabled()
        parts = [
            self._part(visual[rows], words[rows], tokens[rows], again=several) for rows in order
        ]
        back = torch.cat(order).argsort()
        combined, attention = (
            None if some[0] is None else torch.cat([one.to(visual.device) for one in some])[back]
            for some in zip(*parts, strict=True)
        )
        assert combined is not None
        logits = torch.cat([self._logits(rows) for rows in combined.split(self.rows_at_once)])
        return Forward(
            logits=logits,
            attention=attention,
            attended=visual if attention is None else attention[:, :, None] * visual,
            visual=visual,
            question=question,
            combined=combined,
            variance=None,
        )

    def _together(self, tokens: Int[Tensor, "b t"]) -> list[Int[Tensor, "n"]]:
        """Questions of one length, so that no padding is between the words and the answer."""
        lengths = (tokens != PAD_INDEX).sum(1)
        return [
            rows
            for length in lengths.unique().tolist()
            for rows in (lengths == length).nonzero()[:, 0].split(self.rows_at_once)
        ]

    def _embedded(self, tokens: Int[Tensor, "b t"]) -> Float[Tensor, "b t e"]:
        """Words looked up by the very ``tokens`` given, so that explainers of words find them."""
        look_up = self.network.get_input_embeddings()
        rows = look_up(self.prompt.ids_of(look_up.weight.device))
        return functional.embedding(tokens.to(rows.device), rows)

    def _part(self, visual: Tensor, words: Tensor, tokens: Tensor, *, again: bool) -> Part:
        """Some questions of one length, computed ``again`` for their gradients."""
        read = tokens != PAD_INDEX
        ids = self.prompt.ids_of(tokens.device)[tokens[read]].view(len(tokens), -1)
        given = visual, words[read.to(words.device)].view(*ids.shape, -1), ids.to(words.device)
        if not again:
            return self._combined(*given)
        made: Part = checkpoint(self._combined, *given, use_reentrant=False)
        return made

    def _combined(self, visual: Tensor, words: Tensor, ids: Tensor) -> Part:
        read = self.read(visual, words, ids)
        return Part(self._states(read).flatten(1), self._attention(read, ids.shape[1]))

    def read(
        self, visual: Float[Tensor, "n l d"], words: Float[Tensor, "n t e"], ids: Int[Tensor, "n t"]
    ) -> Read:
        """The prompts of questions of one length with their image tokens."""
        embedded, prompt, types = self.laid_out(words, ids)
        mask = torch.ones_like(prompt)
        positions = self.family.positions(self.network, prompt, mask, types, self.inputs)
        image = image_features(self.family, visual, words.shape[2], words)
        return read_prompt(self.network, embedded, mask, positions, image, types)

    def laid_out(
        self, words: Float[Tensor, "n t e"], ids: Int[Tensor, "n t"]
    ) -> tuple[Float[Tensor, "n p e"], Int[Tensor, "n p"], dict[str, Int[Tensor, "n p"]]]:
        """Words in their prompts: embedded, as token ids, and what else is said of each token."""
        look_up = self.network.get_input_embeddings()
        sides = self.layout.before, self.layout.after
        first, last = (look_up(ids.new_tensor(side)).expand(len(ids), -1, -1) for side in sides)
        types = {
            name: _around(torch.zeros_like(ids), *rows) for name, rows in self.layout.types.items()
        }
        return torch.cat([first, words, last], dim=1), _around(ids, *sides), types

    def prompt_read(self, visual: Float[Tensor, "1 l d"], tokens: Int[Tensor, "1 t"]) -> Read:
        """The prompt of one question, for who goes on from it."""
        return self.read(visual, *self._without_padding(tokens))

    def _without_padding(
        self, tokens: Int[Tensor, "1 t"]
    ) -> tuple[Float[Tensor, "1 w e"], Int[Tensor, "1 w"]]:
        """Embedded words of one question, and their token ids."""
        words = self._embedded(tokens)
        read = (tokens != PAD_INDEX).to(words.device)
        ids = self.prompt.ids_of(words.device)[tokens.to(words.device)[read]]
        return words[read][None], ids[None]

    def attention_layers(
        self, visual: Float[Tensor, "1 l d"], tokens: Int[Tensor, "1 t"], answer: Int[Tensor, "1"]
    ) -> AttentionLayers:
        """Attention among all tokens of a prompt and its answer; as ``layers.attention_layers``."""
        return attention_layers(self, visual, *self._without_padding(tokens), int(answer))

    def _states(self, read: Read) -> Float[Tensor, "b n d"]:
        """Hidden states before each token of the candidates: one for all first tokens, then a·m."""
        candidates = self.scores.candidates
        b, a, m = len(read.last), len(candidates), candidates.shape[1] - 1
        if not m:
            return read.last[:, None]
        look_up = self.network.get_input_embeddings()
        following = look_up(candidates[:, :-1].to(look_up.weight.device).repeat(b, 1))
        later = go_on(self.network, read, following, a).view(b, a * m, -1)
        return torch.cat([read.last[:, None], later.to(read.last.device)], dim=1)

    def _logits(self, combined: Float[Tensor, "n c"]) -> Float[Tensor, "n k"]:
        """What the candidates' tokens are scored by, at least in single precision."""
        a, m = self.scores.candidates.shape
        hidden = combined.unflatten(1, (1 + a * (m - 1), -1))
        scores = self.network.get_output_embeddings()(hidden)
        scores = scores.to(torch.promote_types(scores.dtype, torch.float32))
        chosen = self._chosen(scores.log_softmax(dim=2))
        logits: Tensor = self.scores.reduce(chosen, self.scores.written.to(chosen.device))
        return logits.to(combined.device)

    def _chosen(self, log_p: Float[Tensor, "b n v"]) -> Float[Tensor, "b a m"]:
        """log p of each token of each candidate."""
        candidates = self.scores.candidates.to(log_p.device)
        a, m = candidates.shape
        first = log_p[:, 0, candidates[:, 0]][:, :, None]
        later = log_p[:, 1:].reshape(len(log_p), a, m - 1, log_p.shape[2])
        index = candidates[None, :, 1:, None].expand(len(log_p), -1, -1, 1)
        chosen = torch.cat([first, later.gather(3, index)[..., 0]], dim=2)
        return chosen * self.scores.written.to(log_p.device)

    def _attention(self, read: Read, words: int) -> Float[Tensor, "b l"] | None:
        if read.attention is None:
            return None
        at = read.attention[:, self.image_places(words).to(read.attention.device)]
        return at / at.sum(dim=1, keepdim=True)

    def image_places(self, words: int) -> Bool[Tensor, "n"]:
        """Which tokens of a prompt with so many words are of the image."""
        token = self.network.config.image_token_id
        prompt = [*self.layout.before, *[-1] * words, *self.layout.after]
        return torch.tensor([index == token for index in prompt])


def _around(middle: Int[Tensor, "n t"], before: list[int], after: list[int]) -> Int[Tensor, "n p"]:
    first, last = (middle.new_tensor(row).expand(len(middle), -1) for row in (before, after))
    return torch.cat([first, middle, last], dim=1)
