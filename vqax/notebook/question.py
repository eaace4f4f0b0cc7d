"""One question about one image, as a model of any kind is given it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from PIL import Image
from torch import Tensor, nn

from vqax.adapters.foreign import Foreign, Reading
from vqax.adapters.vision_language import VisionLanguage, spread, write
from vqax.errors import UsageError
from vqax.explain.black_box import ANY_GRID
from vqax.explain.pixels import PixelModel
from vqax.text.tokens import SPECIAL, SpecialTokens
from vqax.vision.resize import squeezed

ALL_ELSE = "(anything else)"
"""The other answer, where a model wrote one by itself."""


@dataclass(frozen=True, eq=False)
class Question:
    """``model`` is given ``tokens`` (1,t) and ``cells`` (1,l,d), or ``pixels`` by its encoder.

    ``grid`` is None for a black box. ``boxes_rel`` (l,4) say where cells lie that are no grid.
    ``written``: the first of the two ``answers`` is one the model wrote, the other all else.
    """

    text: str
    reading: Reading
    image: Image.Image
    model: PixelModel
    cells: Float[Tensor, "1 *cells"]
    pixels: Float[Tensor, "1 3 y x"]
    tokens: Int[Tensor, "1 t"]
    grid: tuple[int, int] | None
    answers: tuple[str, ...]
    special: SpecialTokens
    boxes_rel: Float[Tensor, "l 4"] | None = None
    written: bool = False

    @property
    def layout(self) -> tuple[int, int]:
        """The grid that explainers are told."""
        return self.grid or ANY_GRID

    @property
    def above(self) -> nn.Module:
        """The model of cells."""
        return self.model.model

    def on_image(self, maps: Float[Tensor, "1 h w"]) -> Float[Tensor, "1 y x"]:
        """Maps of cells that are no grid, spread over the image; others as they are."""
        if self.boxes_rel is None or maps.shape[1:] != self.grid:
            return maps
        return spread(maps.flatten(1), self.boxes_rel, (self.image.height, self.image.width))


def of_foreign(model: Foreign, image: Image.Image, text: str) -> Question:
    """A question to a model that reads whole images; raises UsageError if it reads no word."""
    reading = _read(model.read(text), text, model.name)
    place = next((weight.device for weight in model.model.parameters()), torch.device("cpu"))
    pixels = squeezed(image, model.size_px).to(place)
    with torch.no_grad():
        cells = model.model.image_encoder(pixels)
    return Question(
        text=text,
        reading=reading,
        image=image,
        model=model.model,
        cells=cells,
        pixels=pixels,
        tokens=torch.tensor([reading.tokens], device=place),
        grid=model.grid,
        answers=model.answers,
        special=model.special,
    )


def of_vision_language(
    model: VisionLanguage,
    image: Image.Image,
    text: str,
    *,
    answer: str | None = None,
    choices: Sequence[str] = (),
) -> Question:
    """A question to a vision-language model: choose among ``choices``, or say something.

    Without choices the answer is explained against all else: ``answer``, or what it writes.
    """
    reading = _read(model.prompt(text), text, model.name)
    encoded = model.encode(image)
    tokens = torch.tensor([reading.tokens], device=encoded.cells.device)
    if choices:
        answers, answering = tuple(choices), model.listed(encoded, choices)
    elif answer is not None:
        answers = answer, ALL_ELSE
        answering = model.said(encoded, model.answer_tokens(answer))
    else:
        speaking: Any = model.said(encoded, [0]).model
        (said,) = write(speaking, encoded.cells, tokens)
        answers, answering = (said.text, ALL_ELSE), model.said(encoded, said.tokens)
    return Question(
        text=text,
        reading=reading,
        image=image,
        model=answering,
        cells=encoded.cells,
        pixels=encoded.pixels,
        tokens=tokens,
        grid=encoded.grid,
        answers=answers,
        special=SPECIAL,
        boxes_rel=encoded.boxes,
        written=not choices,
    )


def _read(reading: Reading, text: str, name: str) -> Reading:
    if not reading.words:
        raise UsageError(f"question {text!r}: {name} reads no word of it; ask another way")
    return reading
