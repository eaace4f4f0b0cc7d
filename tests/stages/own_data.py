"""Small data sets in the official layout, as people make them of their own questions."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vqax.data.folder import annotations_name, image_name, questions_name

SPLITS = ("train2014", "val2014")


def own_data(
    root: Path,
    *,
    splits: tuple[str, ...] = SPLITS,
    questions: int = 4,
    answers: Any = ("cat",) * 10,
    same_ids: bool = False,
    suffix: str = ".png",
) -> Path:
    """``questions`` of each split, one an image of 6×4 px; ``answers`` are those of every question.

    ``answers`` may be a function of the question_id. ``same_ids``: image ids start anew at 1 in
    each split.
    """
    for place, split in enumerate(splits):
        first = 100 * place + 1
        asked = [first + k for k in range(questions)]
        image_of = {one: k + 1 if same_ids else one for k, one in enumerate(asked)}
        _write(root / questions_name(split), "questions", [
            {"question_id": one, "image_id": image_of[one], "question": "What is it?"}
            for one in asked
        ])  # fmt: skip
        _write(root / annotations_name(split), "annotations", [
            _annotation(one, image_of[one], answers(one) if callable(answers) else answers)
            for one in asked
        ])  # fmt: skip
        for one in asked:
            path = root / "images" / split / image_name(split, image_of[one], suffix)
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = np.random.default_rng(one).integers(0, 256, (4, 6, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(path)
    return root


def _annotation(question_id: int, image_id: int, answers: tuple[str, ...]) -> dict[str, Any]:
    return {
        "question_id": question_id,
        "image_id": image_id,
        "question_type": "what is",
        "answer_type": "other",
        "multiple_choice_answer": answers[0],
        "answers": [
            {"answer": text, "answer_confidence": "yes", "answer_id": k}
            for k, text in enumerate(answers, start=1)
        ],
    }


def _write(path: Path, key: str, entries: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({key: entries}), encoding="utf-8")
