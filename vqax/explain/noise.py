"""What a model answers when its input is disturbed a little: U-CAM, figure 4 and section V.

Noise is keyed by (``seed``, question_id): a question is disturbed alike in any batch.
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from vqax.errors import UsageError
from vqax.explain.state import left_as_found
from vqax.learning.regions import features_of
from vqax.learning.sampling import GOLDEN
from vqax.models.order import top_answer
from vqax.text.tokens import PAD_INDEX, UNKNOWN_INDEX

FIRST_WORD = UNKNOWN_INDEX + 1


class NoisyAnswers(NamedTuple):
    """Softmax probabilities of the answers ``before`` and ``after`` each disturbance.

    ``questions`` are the words as they were put then.
    """

    before: Float[Tensor, "b a"]
    after: Float[Tensor, "s b a"]
    questions: Int[Tensor, "s b t"]

    @property
    def flipped(self) -> Bool[Tensor, "s b"]:
        """Where the top answer is another one; the mean is the flip rate."""
        top = self.before.argmax(dim=1)
        return torch.stack([top_answer(after, top) for after in self.after]) != top


def answers_under_noise(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    question_ids: Int[Tensor, "b"],
    *,
    strength: float = 0.0,
    words: int | None = None,
    samples: int = 1,
    seed: int = 0,
) -> NoisyAnswers:
    """Answers without dropout, undisturbed and under ``samples`` disturbances of each question.

    ``strength`` > 0 adds noise to the image (``noisy_features``; boxes stay where they are),
    ``words``, the size of the vocabulary, replaces a word of the question (``other_word``). The
    model is left as found.

    Raises:
        UsageError: neither is given, the strength is negative, or there is no other word.
    """
    if strength < 0 or (strength == 0 and words is None):
        raise UsageError(
            f"noise: strength={strength}, words={words} disturb nothing; give a strength above 0 "
            "or the number of words of the vocabulary"
        )
    sources = [torch.Generator().manual_seed(_key(seed, i)) for i in question_ids.tolist()]
    after, questions = [], []
    with left_as_found(model), torch.no_grad():
        before = model(visual, tokens).logits.softmax(dim=1)
        for _ in range(samples):
            cells = _disturbed(model, visual, strength, sources) if strength else visual
            question = tokens if words is None else other_word(tokens, words, sources)
            questions.append(question)
            after.append(model(cells, question).logits.softmax(dim=1))
    return NoisyAnswers(before, torch.stack(after), torch.stack(questions))


def _key(seed: int, question_id: int) -> int:
    return (seed + question_id * GOLDEN) % 2**32


def _disturbed(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    strength: float,
    sources: list[torch.Generator],
) -> Float[Tensor, "b l d"]:
    cells = visual.clone()
    features = features_of(model, cells)
    features.copy_(noisy_features(features, strength, sources))
    return cells


def noisy_features(
    visual: Float[Tensor, "b l d"], strength: float, sources: list[torch.Generator]
) -> Float[Tensor, "b l d"]:
    """visual + strength · σ · N(0, 1), with σ the standard deviation of an image's features."""
    draws = [torch.randn(visual.shape[1:], generator=source) for source in sources]
    noise = torch.stack(draws).to(visual.device, visual.dtype)
    deviation = visual.flatten(1).std(dim=1, correction=0)
    return visual + strength * deviation[:, None, None] * noise


def other_word(
    tokens: Int[Tensor, "b t"], words: int, sources: list[torch.Generator]
) -> Int[Tensor, "b t"]:
    """One word of each question, any but the padding, is any other known word of the vocabulary.

    A question without words stays as it is.

    Raises:
        UsageError: the vocabulary has no two words besides padding and unknown.
    """
    if words < FIRST_WORD + 2:
        raise UsageError(
            f"words: a vocabulary of {words} has no other word to put in a question; "
            f"it needs {FIRST_WORD + 2} entries, padding and unknown included"
        )
    changed = tokens.clone()
    for row, source in zip(changed, sources, strict=True):
        places = (row != PAD_INDEX).nonzero()[:, 0]
        if len(places):
            place = places[_below(len(places), source)]
            row[place] = _other_than(int(row[place]), words, source)
    return changed


def _other_than(word: int, words: int, source: torch.Generator) -> int:
    known = word >= FIRST_WORD
    drawn = FIRST_WORD + _below(words - FIRST_WORD - known, source)
    return drawn + (known and drawn >= word)


def _below(count: int, source: torch.Generator) -> int:
    return int(torch.randint(count, (), generator=source))
