"""A model of which nothing is known but its answers: probabilities = f(images, questions).

It gets what needs no more than that: ``occlusion``, ``rise`` and ``word_occlusion``, and, if it
is given features instead of images, ``region_occlusion`` and ``region_rise``.

    vocabulary = QuestionVocabulary.from_questions(questions)
    model = black_box(f, vocabulary.words)
    tokens = torch.tensor([vocabulary.encode(question) for question in questions])
    maps = EXPLAINERS["occlusion"](model, images, tokens, answer, ANY_GRID)
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.errors import BadData
from vqax.explain.pixels import PixelModel
from vqax.models.forward import Forward
from vqax.text.tokens import PAD_INDEX

ANY_GRID = (1, 1)
"""What explainers are told as grid where there are no cells: it is not looked at."""
ROUNDING = 1e-2


class BlackBox(nn.Module):
    """``answer(visual, questions)`` as a model: logits are log p, and there is nothing else.

    ``visual`` (b, ...) is passed on as it comes, questions are the texts of the tokens: the
    ``words`` of their indices with blanks between. The function returns probabilities (b,a), as
    a tensor, array or nested list, that sum to 1 for each question.

    Raises:
        BadData: it returned something else.
    """

    def __init__(self, answer: Callable[[Tensor, list[str]], Any], words: Sequence[str]) -> None:
        super().__init__()
        self.answer, self.words = answer, tuple(words)

    def forward(self, visual: Float[Tensor, "b *cells"], tokens: Int[Tensor, "b t"]) -> Forward:
        questions = [
            " ".join(self.words[index] for index in row if index != PAD_INDEX)
            for row in tokens.tolist()
        ]
        with torch.no_grad():
            given = torch.as_tensor(self.answer(visual.detach(), questions))
        probabilities = given.to(visual.device, visual.dtype)
        _check(probabilities, len(tokens))
        logits = probabilities.clamp_min(torch.finfo(visual.dtype).tiny).log()
        cells = visual.detach().flatten(2).transpose(1, 2) if visual.dim() == 4 else visual.detach()
        nothing = visual.new_zeros(len(tokens), 0)
        return Forward(logits, None, cells, cells, nothing, nothing, None)


def black_box(answer: Callable[[Tensor, list[str]], Any], words: Sequence[str]) -> PixelModel:
    """A ``BlackBox`` of images (b,3,y,x), RGB in 0..255, for the explainers at the pixels."""
    return PixelModel(nn.Identity(), BlackBox(answer, words))


def _check(probabilities: Tensor, questions: int) -> None:
    shape = tuple(probabilities.shape)
    if len(shape) != 2 or shape[0] != questions:
        raise BadData(
            f"the black box returned {shape} for {questions} questions; "
            "it must return one row of answer probabilities for each"
        )
    total = probabilities.sum(dim=1)
    if not bool((probabilities >= 0).all() and ((total - 1).abs() < ROUNDING).all()):
        raise BadData(
            f"the black box returned rows that sum to {total.min():.3g} up to {total.max():.3g}, "
            f"smallest {probabilities.min():.3g}; return probabilities, for example a softmax"
        )
