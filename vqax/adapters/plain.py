"""A model that returns ``Forward``, or any function of images and questions, as ``Foreign``."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn

from vqax.adapters.foreign import Foreign, Reading
from vqax.errors import UsageError
from vqax.explain.black_box import black_box
from vqax.explain.pixels import PixelModel
from vqax.text.tokens import (
    MAX_TOKENS,
    PAD,
    SPECIAL,
    UNKNOWN,
    QuestionVocabulary,
    SpecialTokens,
    tokenise,
)


def of_forward(
    image_encoder: nn.Module,
    model: nn.Module,
    *,
    words: Sequence[str] = (),
    answers: Sequence[str],
    grid: tuple[int, int],
    size_px: tuple[int, int],
    max_tokens: int = MAX_TOKENS,
    read: Callable[[str], Reading] | None = None,
    special: SpecialTokens = SPECIAL,
) -> Foreign:
    """``model(visual, tokens) -> Forward`` over the cells (p,l,d) that ``image_encoder`` makes.

    ``words`` name the rows of its embedding: 0 is padding, 1 any other word. Questions are read
    as ``vqax.text.tokens`` does. A model with a tokeniser of its own gives ``read``, which uses
    it, and ``special``, its indices of padding and of an unknown word, instead of ``words``. The
    whole image is squeezed to ``size_px``.

    Raises:
        UsageError: as ``Foreign``; neither or both of ``words`` and ``read`` are given, or
            ``special`` without ``read``.
    """
    name = type(model).__name__
    if (read is None) == (not words) or (read is None and special != SPECIAL):
        raise UsageError(
            f"{name}: {len(words)} words, {'no' if read is None else 'a'} reader and {special}; "
            "give words, whose padding is 0 and unknown word 1, or read and special"
        )
    return Foreign(
        model=PixelModel(image_encoder, model),
        answers=tuple(answers),
        read=read or reader(QuestionVocabulary(tuple(words)), max_tokens),
        size_px=size_px,
        grid=grid,
        name=name,
        special=special,
    )


def of_function(
    answer: Callable[[Tensor, list[str]], Any],
    *,
    answers: Sequence[str],
    size_px: tuple[int, int],
    name: str = "",
) -> Foreign:
    """``answer(images, questions) -> probabilities`` (b,a): a black box (``BlackBox``).

    It is given questions as they were asked, words between single blanks.

    Raises:
        UsageError: as ``Foreign``.
    """
    read = OpenWords()
    model = black_box(answer, ())
    inner: Any = model.model
    inner.words = read.words
    name = name or getattr(answer, "__name__", type(answer).__name__)
    return Foreign(model, tuple(answers), read, size_px, None, name)


def reader(vocabulary: QuestionVocabulary, max_tokens: int) -> Callable[[str], Reading]:
    """Reads a question by a fixed vocabulary, as the models of this project are trained."""

    def read(question: str) -> Reading:
        words = tokenise(question)
        kept = tuple(words[:max_tokens])
        unknown = dict.fromkeys(word for word in kept if word not in vocabulary.index)
        tokens = tuple(vocabulary.encode(question, max_tokens))
        return Reading(kept, tokens, tuple(unknown), tuple(words[max_tokens:]))

    return read


class OpenWords:
    """Reads a question for who takes texts: a word gets an index when it is first seen."""

    def __init__(self) -> None:
        self.words = [PAD, UNKNOWN]
        self.index: dict[str, int] = {}

    def __call__(self, question: str) -> Reading:
        words = tuple(question.split())
        return Reading(words, tuple(self._index(word) for word in words))

    def _index(self, word: str) -> int:
        if word not in self.index:
            self.index[word] = len(self.words)
            self.words.append(word)
        return self.index[word]
