"""Entries of official files as Python objects, and small files made of them."""

import json
from pathlib import Path
from typing import Any


def question_entry(question_id: int = 7, **changes: Any) -> dict[str, Any]:
    entry = {"image_id": 70, "question": "What's that?", "question_id": question_id}
    return entry | changes


def annotation_entry(question_id: int = 7, **changes: Any) -> dict[str, Any]:
    answers = [
        {"answer": f"dog {k}", "answer_confidence": "maybe", "answer_id": k} for k in range(1, 11)
    ]
    entry = {
        "question_type": "what's",
        "multiple_choice_answer": "dog 1",
        "answers": answers,
        "image_id": 70,
        "answer_type": "other",
        "question_id": question_id,
    }
    return entry | changes


def write_pair(folder: Path, questions: list[Any], annotations: list[Any]) -> tuple[Path, Path]:
    questions_path, annotations_path = folder / "questions.json", folder / "annotations.json"
    questions_path.write_text(json.dumps({"questions": questions}))
    annotations_path.write_text(json.dumps({"annotations": annotations}))
    return questions_path, annotations_path
