"""What the command prints: one JSON object, or lines for a reader."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stages.explain_one.question import EncodedQuestion
from vqax.metrics.catalogue import METRICS
from vqax.report.one_image import UNCERTAINTIES, Explained, percent, unsure

Summary = dict[str, Any]
Say = Callable[[str], None]


def quiet(line: str) -> None:
    """Say nothing: a program reads the summary."""


def of_question(
    explained: Explained, question: EncodedQuestion, files: Mapping[str, Path]
) -> Summary:
    """Everything numeric of one question; None where the run estimates nothing."""
    return {
        "question": explained.question,
        "answer": explained.answer,
        "top5": [{"answer": text, "probability": share} for text, share in explained.top5],
        "uncertainty": {name: finite(value) for name, value in explained.uncertainties.items()},
        "truth": explained.truth or None,
        "explained": {"answer": explained.explained, "probability": explained.probability},
        "maps": {method: of_map(raw_map) for method, raw_map in explained.maps.items()},
        "words": {
            method: [
                {"word": word, "score": finite(float(score))}
                for word, score in zip(explained.words, scores, strict=True)
            ]
            for method, scores in explained.word_scores.items()
        },
        "unknown_words": list(question.unknown),
        "words_not_read": len(question.unread),
        "notes": list(explained.notes),
        "files": {kind: str(path) for kind, path in files.items()},
    }


def of_map(raw_map: np.ndarray) -> Summary:
    """Shape, range, and the centre of the highest place as fractions of width and height."""
    height, width = raw_map.shape
    row, column = divmod(int(raw_map.argmax()), width)
    return {
        "shape": [height, width],
        "lowest": float(raw_map.min()),
        "highest": float(raw_map.max()),
        "highest_at": {"x": (column + 0.5) / width, "y": (row + 0.5) / height},
    }


def meanings() -> dict[str, str]:
    return {name: METRICS[name].meaning for name in UNCERTAINTIES}


def finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def lines(explained: Explained) -> list[str]:
    """One question for a reader at a terminal, before there are maps."""
    text = [
        explained.question,
        f"  answer: {explained.answer} ({percent(explained.probability)})"
        if explained.explained == explained.answer
        else f"  answer: {explained.answer} ({percent(explained.top5[0][1])}); explained: "
        f"{explained.explained} ({percent(explained.probability)})",
        "  top 5: " + ", ".join(f"{answer} {percent(share)}" for answer, share in explained.top5),
    ]
    if explained.truth:
        text.append(f"  right answer: {explained.truth}")
    values = ", ".join(f"{name} {value}" for name, value, _ in unsure(explained))
    text.append(f"  uncertainty: {values}")
    return text + [f"  note: {note}" for note in explained.notes]


def closing(
    explained: Explained,
    written: Sequence[Mapping[str, Path]],
    left_out: Mapping[str, tuple[str, ...]],
) -> list[str]:
    """What the numbers mean, what was left out and where the files of each question are."""
    text = [f"{name}: {meaning}" for name, _, meaning in unsure(explained)]
    text += left_out_lines(left_out)
    for number, files in enumerate(written, 1):
        of = f" of question {number}" if len(written) > 1 else ""
        text += [f"{kind}{of}: {path}" for kind, path in files.items()]
    return text


def left_out_lines(left_out: Mapping[str, tuple[str, ...]]) -> list[str]:
    return [f"left out: {name}, needs {' and '.join(needs)}" for name, needs in left_out.items()]
