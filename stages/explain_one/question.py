"""What was asked: the words the model knows, those it does not, and the answer to explain."""

import difflib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from project.dataset import PARTS, Prepared
from stages.explain_one.loaded_model import LoadedModel
from vqax.errors import UsageError
from vqax.text.answers import AnswerVocabulary, normalise_answer

PREDICTED, TRUTH = "predicted", "truth"
NEAR = 5


@dataclass(frozen=True, slots=True)
class EncodedQuestion:
    """A question as the model reads it: ``words`` are its first ones, ``unread`` those beyond."""

    text: str
    words: tuple[str, ...]
    unread: tuple[str, ...]
    unknown: tuple[str, ...]
    tokens: tuple[int, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know before trusting the answer."""
        notes = []
        if self.unknown:
            notes.append(
                "No word of the question is known to the model, so it answers from the image "
                f"alone: {', '.join(self.unknown)}."
                if set(self.unknown) == set(self.words)
                else f"Words the model does not know: {', '.join(self.unknown)}."
            )
        if self.unread:
            notes.append(
                f"The model reads {len(self.words)} words and leaves out {len(self.unread)}."
            )
        return tuple(notes)


def check_question(text: str) -> None:
    """Raise UsageError if there is no letter or digit of any script in it."""
    if not re.search(r"\w", text):
        raise UsageError(f"question {text!r}: holds no word; ask something")


def ask(loaded: LoadedModel, text: str) -> EncodedQuestion:
    """Encode a question for ``loaded``; raises UsageError if it holds no word."""
    check_question(text)
    reading = loaded.read(text)
    if not reading.words:
        raise UsageError(f"question {text!r}: {loaded.name} reads no word of it; ask another way")
    return EncodedQuestion(
        text=" ".join(text.split()),
        words=reading.words,
        unread=reading.unread,
        unknown=reading.unknown,
        tokens=reading.tokens,
    )


def index_of(answers: AnswerVocabulary, text: str) -> int:
    """The index of an answer in any spelling; a foreign model's own spelling comes first.

    Raises:
        UsageError: the model cannot give it; the message names the nearest it can.
    """
    index = answers.index_of(text)
    if index is not None:
        return index
    near = difflib.get_close_matches(normalise_answer(text), answers.answers, NEAR, 0.4)
    hint = (
        f"near ones are {', '.join(near)}; give one" if near else "no answer comes near; give one"
    )
    raise UsageError(
        f"answer {text!r}: not one of the {len(answers)} answers of this model; {hint} "
        f"that it has, or use {PREDICTED}"
    )


@dataclass(frozen=True)
class Truths:
    """The right answers of a data set, by image and question."""

    loaded: LoadedModel

    def get(self, image: Path, question: str) -> str:
        """The answer most people gave; "" if the question is not one of the data set."""
        number = re.search(r"\d+$", image.stem) if self.loaded.prepared else None
        key = (int(number[0]), _plain(question)) if number else None
        if key is None or key not in self._by_question:
            return ""
        there = self._prepared.image_path(key[0])
        return self._by_question[key] if there.resolve() == image.resolve() else ""

    def demand(self, image: Path, question: str) -> str:
        """As ``get``; raises UsageError where there is none."""
        answer = self.get(image, question)
        if not answer:
            raise UsageError(
                f"answer {TRUTH!r}: {question!r} about {image} is no question of "
                f"{self.loaded.facts.get('data set', 'a data set')}, so its right answer is not "
                "known; give the answer itself"
            )
        return answer

    @cached_property
    def _by_question(self) -> dict[tuple[int, str], str]:
        return {
            (example.image_id, _plain(example.question)): example.multiple_choice_answer
            for part in PARTS
            for example in getattr(self._prepared, part)
        }

    @property
    def _prepared(self) -> Prepared:
        assert self.loaded.prepared is not None  # or ``get`` has returned before
        return self.loaded.prepared


def _plain(question: str) -> str:
    return " ".join(question.split())
