"""What must be known of a model to ask it in words and to draw where it looks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from vqax.errors import UsageError
from vqax.explain.pixels import PixelModel


class Reading(NamedTuple):
    """A question as a model reads it: an index for each of ``words``, padding (0) before them.

    ``unknown`` are the words that the model cannot tell apart, ``unread`` those beyond its limit.
    """

    words: tuple[str, ...]
    tokens: tuple[int, ...]
    unknown: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Foreign:
    """A model of pictures with what it reads and answers; made by ``of_forward`` and its like.

    ``model`` takes pictures (b,3,y,x) of ``size_px`` (rows, columns) with RGB in 0..255, and
    tokens as ``read`` makes them. ``answers`` name the columns of its logits. ``grid`` lays its
    cells out; None for a black box, which has neither cells nor gradients.

    Raises:
        UsageError: ``model`` is no ``PixelModel``, there is no answer, or one stands there twice.
    """

    model: PixelModel
    answers: tuple[str, ...]
    read: Callable[[str], Reading]
    size_px: tuple[int, int]
    grid: tuple[int, int] | None
    name: str

    def __post_init__(self) -> None:
        if not isinstance(self.model, PixelModel):
            raise UsageError(
                f"{self.name}: {type(self.model).__name__} is given cells; wrap it with what "
                "makes them from a picture: vqax.explain.PixelModel(trunk, model)"
            )
        twice = [answer for answer in self.answers if self.answers.count(answer) > 1]
        if twice or not self.answers:
            raise UsageError(
                f"{self.name}: {len(self.answers)} answers{', ' + repr(twice[0]) if twice else ''}"
                f"{' among them more than once' if twice else ''}; name each column of the logits"
            )

    @property
    def has_gradient(self) -> bool:
        return self.grid is not None
