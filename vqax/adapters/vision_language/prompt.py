"""From a question to the prompt of a vision-language model, with the question's tokens apart."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from vqax.adapters.foreign import Reading
from vqax.adapters.vision_language.families import QUESTION, Family
from vqax.errors import UsageError

MARK = "\0"
TYPES = ("token_type_ids", "mm_token_type_ids")


class Layout(NamedTuple):
    """Token ids around a question about an image of one size; those of the image are among them.

    ``types`` are what else the processor says of each token, by its name, before and after.
    """

    before: list[int]
    after: list[int]
    types: dict[str, tuple[list[int], list[int]]]


class Prompt:
    """Reads questions, and lays them out in the prompt that the model was trained for.

    ``Reading.tokens`` are numbers of its own, given to token ids as they are first seen: 0 is
    padding and 1 any unknown word, as everywhere here, which they are in no model's vocabulary.
    """

    def __init__(self, processor: Any, family: Family) -> None:
        self.processor, self.family = processor, family
        self.tokenizer = processor.tokenizer
        self.before, self.after = family.prompt(processor)
        padding = self.tokenizer.pad_token_id
        unknown = self.tokenizer.unk_token_id
        spare = 0 if padding is None else padding
        self.ids = [spare, spare if unknown is None else unknown]
        self.index: dict[int, int] = {}

    def __call__(self, question: str) -> Reading:
        ids, words = self._words(" ".join(question.split()))
        unknown = dict.fromkeys(
            word for index, word in zip(ids, words, strict=True)
            if index == self.tokenizer.unk_token_id
        )  # fmt: skip
        return Reading(words, tuple(self._number(index) for index in ids), tuple(unknown))

    def layout(self, size_px: tuple[int, int]) -> Layout:
        """What stands around any question about an image of ``size_px`` (rows, columns)."""
        blank = torch.zeros(3, *size_px, dtype=torch.uint8)
        text = self.before + QUESTION + self.after
        start = self.tokenizer.bos_token or MARK
        given = self.processor(
            images=[blank], text=[text], add_special_tokens=not text.startswith(start)
        )
        _, first, last, count = self._parts(QUESTION)
        tail, words = count - last, last - first

        def around(row: list[int]) -> tuple[list[int], list[int]]:
            return row[: len(row) - tail - words], row[len(row) - tail :]

        types = {name: around(list(given[name][0])) for name in TYPES if name in given}
        return Layout(*around(list(given["input_ids"][0])), types)

    def ids_of(self, device: torch.device) -> Int[Tensor, "v"]:
        """The token id of each number given so far."""
        return torch.tensor(self.ids, device=device)

    def _words(self, question: str) -> tuple[list[int], tuple[str, ...]]:
        """Token ids of the question where it stands in the prompt, and their texts."""
        ids, first, last, _ = self._parts(question)
        words = ids[first:last]
        return words, tuple(self.tokenizer.decode([index]).strip() or " " for index in words)

    def _parts(self, question: str) -> tuple[list[int], int, int, int]:
        """All token ids with an image of one token, the question's first, the one after, all."""
        text = self.family.tokenised(self.processor, self.before + question + self.after)
        marked = self.family.tokenised(self.processor, self.before + MARK + self.after)
        begin, end = marked.index(MARK), marked.index(MARK) + len(question)
        start = self.tokenizer.bos_token or MARK
        found = self.tokenizer(
            text, return_offsets_mapping=True, add_special_tokens=not text.startswith(start)
        )
        places = [
            place for place, (left, right) in enumerate(found["offset_mapping"])
            if left < end and right > begin
        ]  # fmt: skip
        if not places:
            raise UsageError(
                f"question {question!r}: the tokeniser makes nothing of it; ask another way"
            )
        ids = found["input_ids"]
        return ids, places[0], places[-1] + 1, len(ids)

    def _number(self, index: int) -> int:
        if index not in self.index:
            self.index[index] = len(self.ids)
            self.ids.append(index)
        return self.index[index]
