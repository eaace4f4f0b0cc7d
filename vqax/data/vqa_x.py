"""VQA-X, the sentences: why an answer is right, in people's words.

Park et al., Multimodal Explanations: Justifying Decisions and Pointing to the Evidence (2018).
``{part}_exp_anno.json`` is ``{question_id as text: [sentence, ...]}``, one or more for train,
three for val and test. The regions that people outlined: ``vqax.data.vqa_x_maps``.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from vqax.data.checks import AGAIN, RecordError, Report, fail
from vqax.data.json_list import read_any_json, write_any_json
from vqax.data.records import Skipped
from vqax.errors import BadData

NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")


def read_explanations(
    path: Path, known: Collection[int] | None = None, skipped: list[Skipped] | None = None
) -> dict[int, tuple[str, ...]]:
    """The sentences by question_id, in file order; ``known`` are the ids that may occur.

    Unusable entries are appended to ``skipped``; without it the first one raises.

    Raises:
        MissingArtefact: there is no such file.
        BadData: the file is cut or no object, or (without ``skipped``) an entry has an id that is
            not a number or not ``known``, or anything else than one or more sentences.
    """
    value = read_any_json(path)
    if not isinstance(value, dict):
        raise BadData(
            f"{path}: holds {type(value).__name__}, not an object of question ids; "
            "give an official *_exp_anno.json file"
        )
    report: Report = fail if skipped is None else skipped.append
    wanted = None if known is None else frozenset(known)
    found = {}
    for key, sentences in value.items():
        try:
            found[parse_question_id(key, wanted)] = _sentences(sentences)
        except RecordError as problem:
            report(Skipped(str(path), f"question_id {key}", str(problem)))
    return found


def write_explanations(path: Path, explanations: Mapping[int, Sequence[str]]) -> None:
    """Write the sentences of a part; ``.gz`` names are compressed."""
    write_any_json(path, {str(key): list(said) for key, said in explanations.items()})


def parse_question_id(text: str, known: frozenset[int] | None) -> int:
    """The id that ``text`` writes; with ``known`` one of these.

    Raises:
        RecordError: it is not a number as people write it, or not known.
    """
    if NUMBER.fullmatch(text) is None:
        raise RecordError("is not a question_id; rename it to the number of its question")
    if known is not None and int(text) not in known:
        raise RecordError(
            f"is not among the {len(known)} questions of the split; "
            "delete it or give the split it belongs to"
        )
    return int(text)


def _sentences(raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, list) or not raw:
        raise RecordError(f"has {raw!r}, not a list of sentences; {AGAIN}")
    for sentence in raw:
        if not isinstance(sentence, str) or not sentence.strip():
            raise RecordError(f"has the explanation {sentence!r}, not a sentence; {AGAIN}")
    return tuple(raw)
