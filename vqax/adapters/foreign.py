"""What must be known of a model to ask it in words and to draw where it looks."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from vqax.errors import UsageError
from vqax.explain.pixels import PixelModel
from vqax.text.tokens import SPECIAL, SpecialTokens


class Reading(NamedTuple):
    """A question as a model reads it: an index for each of ``words``, padding before them.

    ``unknown`` are the words that the model cannot tell apart, ``unread`` those beyond its limit.
    """

    words: tuple[str, ...]
    tokens: tuple[int, ...]
    unknown: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Foreign:
    """A model of images with what it reads and answers; made by ``of_forward`` and its like.

    ``model`` takes images (b,3,y,x) of ``size_px`` (rows, columns) with RGB in 0..255, and
    tokens as ``read`` makes them. ``answers`` name the columns of its logits. ``grid`` lays its
    cells out; None for a black box, which has neither cells nor gradients. ``special`` are the
    indices of padding and of an unknown word in what ``read`` makes.

    Raises:
        UsageError: ``model`` is no ``PixelModel``, there is no answer, or one stands there twice.
    """

    model: PixelModel
    answers: tuple[str, ...]
    read: Callable[[str], Reading]
    size_px: tuple[int, int]
    grid: tuple[int, int] | None
    name: str
    special: SpecialTokens = SPECIAL

    def __post_init__(self) -> None:
        if not isinstance(self.model, PixelModel):
            raise UsageError(
                f"{self.name}: {type(self.model).__name__} is given cells; wrap it with what "
                "makes them from an image: vqax.explain.PixelModel(image_encoder, model)"
            )
        check_answer_names(self.name, self.answers)

    @property
    def has_gradient(self) -> bool:
        return self.grid is not None


def check_answer_names(name: str, answers: tuple[str, ...]) -> None:
    """Raise UsageError if ``answers`` do not name each column of the logits by another name."""
    twice = [answer for answer, count in Counter(answers).items() if count > 1]
    if twice or not answers:
        raise UsageError(
            f"{name}: {len(answers)} answers{', ' + repr(twice[0]) if twice else ''}"
            f"{' among them more than once' if twice else ''}; name each column of the logits"
        )
