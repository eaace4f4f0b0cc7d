"""A vision-language model of ``transformers`` and its processor, to be asked about images."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from PIL import Image
from torch import Tensor

from vqax.adapters.vision_language.families import FAMILIES, Family, Inputs
from vqax.adapters.vision_language.image_tokens import ImageTokens, processed
from vqax.adapters.vision_language.model import ROWS_AT_ONCE, VisionLanguageModel
from vqax.adapters.vision_language.places import token_boxes
from vqax.adapters.vision_language.prompt import Layout, Prompt
from vqax.adapters.vision_language.scores import (
    Reduce,
    candidates_of,
    each,
    mean,
    said,
    said_at,
    total,
)
from vqax.errors import UsageError
from vqax.explain.pixels import PixelModel
from vqax.explain.state import left_as_found


class EncodedImage(NamedTuple):
    """An image as the language model is given it, encoded once for all its questions.

    ``boxes`` are x1, y1, x2, y2 of each token as fractions of the image (``token_boxes``),
    ``pixels`` (1,3,y,x) its own in 0..255.
    """

    cells: Float[Tensor, "1 l d"]
    boxes: Float[Tensor, "l 4"]
    pixels: Float[Tensor, "1 3 y x"]
    layout: Layout
    inputs: Inputs

    @property
    def size_px(self) -> tuple[int, int]:
        return self.pixels.shape[2], self.pixels.shape[3]

    @property
    def grid(self) -> tuple[int, int]:
        """Of the cells: a list, because tiles of several sizes are no grid."""
        return 1, self.cells.shape[1]


@dataclass(frozen=True, eq=False)
class VisionLanguage:
    """``network`` is an ``AutoModelForImageTextToText``, ``processor`` its ``AutoProcessor``.

    Raises:
        UsageError: no such family, or no attribute of its processor that its prompt needs.
    """

    network: Any
    processor: Any
    name: str
    rows_at_once: int = ROWS_AT_ONCE

    def __post_init__(self) -> None:
        kind = self.network.config.model_type
        if kind not in FAMILIES:
            raise UsageError(
                f"{self.name}: model_type {kind!r} is no family of vision-language models known "
                f"here; known are {', '.join(FAMILIES)}, a new one is an entry of "
                "vqax.adapters.vision_language.families.FAMILIES"
            )
        if self.processor.tokenizer.is_fast is not True:
            raise UsageError(f"{self.name}: its tokeniser tells no places; use a fast one")

    @property
    def family(self) -> Family:
        return FAMILIES[self.network.config.model_type]

    @cached_property
    def prompt(self) -> Prompt:
        return Prompt(self.processor, self.family)

    @cached_property
    def image_tokens(self) -> ImageTokens:
        return ImageTokens(self.network, self.processor, self.family).eval()

    def encode(self, image: Image.Image) -> EncodedImage:
        """The image tokens of an image of any size, by the processor's own rounding."""
        pixels = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)[None]
        size_px = pixels.shape[2], pixels.shape[3]
        with torch.no_grad():
            cells = self.image_tokens(pixels)
        boxes = token_boxes(self.network, self.processor, self.family, size_px, cells.shape[1])
        inputs = processed(self.processor, self.family, pixels)
        fixed = {name: inputs[name] for name in inputs if name != "pixel_values"}
        layout = self.prompt.layout(size_px)
        return EncodedImage(cells, boxes, pixels.float().to(cells.device), layout, fixed)

    def listed(
        self, encoded: EncodedImage, answers: Sequence[str], *, length_normalised: bool = False
    ) -> PixelModel:
        """A model that chooses among ``answers`` by the log-probability of all their tokens.

        Raises:
            UsageError: an answer without a token, or no answers.
        """
        if not answers:
            raise UsageError(f"{self.name}: no answers; give the texts to choose from")
        tokens = [self.answer_tokens(answer) for answer in answers]
        return self._model(encoded, tokens, mean if length_normalised else total)

    def said(
        self, encoded: EncodedImage, tokens: Sequence[int], *, token: int | None = None
    ) -> PixelModel:
        """A model of one answer against all else, whole or one of its tokens given those before.

        Raises:
            UsageError: there is no such token.
        """
        if token is not None and not 0 <= token < len(tokens):
            raise UsageError(
                f"token {token}: the answer has {len(tokens)} tokens; give 0 to {len(tokens) - 1}"
            )
        reduce = said if token is None else said_at(token)
        return self._model(encoded, [list(tokens)], reduce, token)

    def log_tokens(
        self, encoded: EncodedImage, tokens: Int[Tensor, "1 t"], answer: Sequence[int]
    ) -> tuple[float, ...]:
        """log p of each token of an answer to one question, given those before it."""
        model = self._model(encoded, [list(answer)], each).model
        with left_as_found(model), torch.no_grad():
            found: list[float] = model(encoded.cells, tokens).logits[0].tolist()
        return tuple(found)

    def answer_tokens(self, answer: str) -> list[int]:
        """Token ids of an answer; raises UsageError where there is none."""
        ids: list[int] = self.processor.tokenizer(answer, add_special_tokens=False)["input_ids"]
        if not ids:
            raise UsageError(f"answer {answer!r}: the tokeniser makes nothing of it; give a word")
        return ids

    def _model(
        self,
        encoded: EncodedImage,
        tokens: list[list[int]],
        reduce: Reduce,
        token: int | None = None,
    ) -> PixelModel:
        above = VisionLanguageModel(
            self.network,
            self.family,
            self.prompt,
            encoded.layout,
            encoded.inputs,
            candidates_of(tokens, reduce, encoded.cells.device, token),
            rows_at_once=self.rows_at_once,
        )
        return PixelModel(self.image_tokens, above).eval()
