"""Reading 658,111 questions (VQA v2, train and val) as later stages do, against the official JSON.

The peer is the reader of the official files, which every stage called before questions were
prepared. Memory is the peak of a process of its own that reads once (Linux alone says it).
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from time import process_time

import numpy as np

from vqax.data import Example, read_split
from vqax.data.example_file import read_examples, write_examples

QUESTIONS, IMAGES, TYPES, ANSWERS = 658_111, 123_287, 65, 100_000
PEAK = """
import sys
from pathlib import Path
from vqax.data.example_file import read_examples
examples = read_examples(Path(sys.argv[1]))
lines = Path("/proc/self/status").read_text().splitlines()
print(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
"""


def made(rng: np.random.Generator) -> list[Example]:
    """Questions of seven words; ten answers each, some frequent and many rare ones."""
    words = rng.integers(0, 10_000, (QUESTIONS, 7)).tolist()
    answers = (rng.zipf(1.3, (QUESTIONS, 10)) % ANSWERS).tolist()
    images = rng.integers(0, IMAGES, QUESTIONS).tolist()
    return [
        Example(
            question_id=number,
            image_id=images[number],
            question=" ".join(f"word{one}" for one in words[number]) + "?",
            question_type=f"type {number % TYPES}",
            answer_type=("yes/no", "number", "other")[number % 3],
            multiple_choice_answer=f"answer {answers[number][0]}",
            answers=tuple(f"answer {one}" for one in answers[number]),
        )
        for number in range(QUESTIONS)
    ]


def write_official(folder: Path, examples: list[Example]) -> tuple[Path, Path]:
    questions, annotations = folder / "questions.json", folder / "annotations.json"
    keys = ("question_id", "image_id", "question")
    entries = [{key: getattr(one, key) for key in keys} for one in examples]
    questions.write_text(json.dumps({"questions": entries}))
    keys = ("question_id", "image_id", "question_type", "answer_type", "multiple_choice_answer")
    entries = [
        {
            **{key: getattr(one, key) for key in keys},
            "answers": [
                {"answer": text, "answer_confidence": "yes", "answer_id": place}
                for place, text in enumerate(one.answers, start=1)
            ],
        }
        for one in examples
    ]
    annotations.write_text(json.dumps({"annotations": entries}))
    return questions, annotations


def main() -> None:
    examples = made(np.random.default_rng(0))
    with tempfile.TemporaryDirectory() as name:
        prepared = Path(name) / "train.parquet"
        write_examples(prepared, examples)
        official = write_official(Path(name), examples)
        del examples
        start = process_time()
        fast = read_examples(prepared)
        middle = process_time()
        slow = read_split(*official).examples
        end = process_time()
        command = [sys.executable, "-c", PEAK, str(prepared)]
        peak = int(subprocess.run(command, capture_output=True, check=True, text=True).stdout) / 1e6
        print(
            f"{QUESTIONS} questions: {middle - start:.1f} CPU s and {peak:.2f} GB from Parquet "
            f"({prepared.stat().st_size / 1e6:.0f} MB), {end - middle:.1f} CPU s from the official "
            f"JSON; {(end - middle) / (middle - start):.0f} times as fast, equal: {fast == slow}"
        )


if __name__ == "__main__":
    main()
