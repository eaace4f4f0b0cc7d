"""Questions as tokens and indices, by the rule of bottom-up top-down attention.

Anderson et al. (2018), tokeniser of hengyuan-hu/bottom-up-attention-vqa: lower case, no comma and
question mark, ``'s`` split off; the first 14 tokens, padded on the left.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from vqax.text.vocabulary_file import read_list, write_list

PAD, UNKNOWN = "<pad>", "<unk>"
PAD_INDEX, UNKNOWN_INDEX = 0, 1
MAX_TOKENS = 14


class SpecialTokens(NamedTuple):
    """The indices by which a tokeniser says *no word* and *another word*."""

    padding: int = PAD_INDEX
    unknown: int = UNKNOWN_INDEX


SPECIAL = SpecialTokens()
"""Those of this project's vocabularies."""


def tokenise(question: str) -> list[str]:
    """``"What's the dog's colour, red?"`` gives ``what 's the dog 's colour red``."""
    text = question.lower().replace(",", "").replace("?", "").replace("'s", " 's")
    return text.split()


@dataclass(frozen=True)
class QuestionVocabulary:
    """Words by index: 0 is padding, 1 any word that is not in the list.

    Build it from training questions only: a word seen first in the test split is unknown.
    """

    words: tuple[str, ...]

    @classmethod
    def from_questions(cls, questions: Iterable[str], min_count: int = 1) -> "QuestionVocabulary":
        """The words that occur at least ``min_count`` times, the frequent ones first."""
        counts = Counter(token for question in questions for token in tokenise(question))
        kept = [w for w, n in counts.items() if n >= min_count and w not in (PAD, UNKNOWN)]
        kept.sort(key=lambda word: (-counts[word], word))
        return cls((PAD, UNKNOWN, *kept))

    @cached_property
    def index(self) -> dict[str, int]:
        """Index of each word; the two special entries cannot be typed in a question."""
        return {word: k for k, word in enumerate(self.words) if k > UNKNOWN_INDEX}

    def encode(self, question: str, max_tokens: int = MAX_TOKENS) -> list[int]:
        """``max_tokens`` indices, padding first, so that the last one is the last word kept."""
        tokens = tokenise(question)[:max_tokens]
        indices = [self.index.get(token, UNKNOWN_INDEX) for token in tokens]
        return [PAD_INDEX] * (max_tokens - len(indices)) + indices

    def __len__(self) -> int:
        return len(self.words)

    def to_json(self, path: Path) -> None:
        """Write the words."""
        write_list(path, "words", self.words)

    @classmethod
    def from_json(cls, path: Path) -> "QuestionVocabulary":
        """Read what ``to_json`` wrote.

        Raises:
            MissingArtefact: there is no such file.
            BadData: it is cut or not a vocabulary.
        """
        return cls(read_list(path, "words"))
