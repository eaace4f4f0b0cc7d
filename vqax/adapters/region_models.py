"""A model of regions from elsewhere, with what it reads and answers."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from vqax.adapters.foreign import Reading, check_answer_names
from vqax.text.tokens import SPECIAL, SpecialTokens


@dataclass(frozen=True, eq=False)
class ForeignOfRegions:
    """A model of regions with what it reads and answers; made by ``of_lxmert`` and its like.

    ``model`` takes regions (b,l,d), d being ``width`` and the four numbers of a box behind it where
    the model ``reads_boxes``, and tokens as ``read`` makes them. Their features must be those of
    the detector that the model was trained on. As a grid of cells they are (1, l).

    Raises:
        UsageError: there is no answer, or one stands there twice.
    """

    model: nn.Module
    answers: tuple[str, ...]
    read: Callable[[str], Reading]
    width: int
    name: str
    special: SpecialTokens = SPECIAL

    def __post_init__(self) -> None:
        check_answer_names(self.name, self.answers)
