"""Which column of a table is the image, the question, its answers, its id, its split."""

import ast
import json
from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any

from vqax.errors import UsageError

USUAL: dict[str, tuple[str, ...]] = {
    "image": ("image", "image_path", "image_name", "img_name", "image_filename", "image_file",
              "imageId", "image_id", "img_id", "img"),
    "question": ("question", "sent", "query"),
    "answers": ("answers", "answer", "multiple_choice_answer", "label"),
    "id": ("question_id", "questionId", "qid", "id"),
    "split": ("split", "set_name", "subset"),
    "question_type": ("question_type",),
    "answer_type": ("answer_type",),
}  # fmt: skip
NEEDED = ("image", "question")


@dataclass(frozen=True)
class Columns:
    """The name of each column; None: the first of the ``USUAL`` names that a table has."""

    image: str | None = None
    question: str | None = None
    answers: str | None = None
    id: str | None = None
    split: str | None = None
    question_type: str | None = None
    answer_type: str | None = None

    def found(self, there: Collection[str], table: str) -> dict[str, str]:
        """What each column is called in a table.

        Raises:
            UsageError: it has none for the image or the question, or none of a name that was given.
        """
        names: dict[str, str] = {}
        for kind in (one.name for one in fields(self)):
            given = getattr(self, kind)
            known = [name for name in (USUAL[kind] if given is None else (given,)) if name in there]
            if known:
                names[kind] = known[0]
            elif given is not None or kind in NEEDED:
                option = f"--{kind.replace('_', '-')}"
                raise UsageError(
                    f"{table}: no column {given or ' or '.join(USUAL[kind])}; it has "
                    f"{', '.join(there) or 'none'}: name one by {option}"
                )
        return names


def answers_in(value: Any) -> list[str]:
    """One answer or many: a text, a list of them or of {answer: …}, or such a list as text."""
    if isinstance(value, str) and value.strip()[:1] in ("[", "{"):
        value = _parsed(value)
    if isinstance(value, dict):
        value = value.get("answer", list(value))
    every = value if isinstance(value, list | tuple) else [value]
    texts = (one.get("answer") if isinstance(one, dict) else one for one in every)
    return [text for text in (as_text(one) for one in texts) if text]


def _parsed(text: str) -> Any:
    """A list as JSON or Python writes it; what is neither is a text."""
    for parse in (json.loads, ast.literal_eval):
        try:
            return parse(text)
        except (ValueError, SyntaxError):
            continue
    return text


def as_text(value: Any) -> str:
    """A cell as a text without blanks around it; nothing for what is missing."""
    missing = value is None or (isinstance(value, float) and value != value)
    return "" if missing else str(value).strip()
