"""The content of an explorer as what its script reads: columns of JSON, and bytes in base64."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from vqax.report.explorer.content import ExplorerContent, ExplorerRun
from vqax.report.explorer.eight_bit import base64_of, eight_bit, places
from vqax.report.explorer.measures import described, values
from vqax.report.labels import METHODS, spaced


class Block(NamedTuple):
    """The maps of one run and method in base64; the page decodes a block when it is first drawn."""

    key: str
    text: str


def columns(content: ExplorerContent, names: list[str]) -> dict[str, Any]:
    """Everything but images and maps, column by column; ``names`` are the measures.

    ``names`` are those of the whole data set, so that all parts offer the same.
    """
    questions = content.questions
    images = {int(image): place for place, image in enumerate(image_ids(content))}
    return {
        "question_id": [int(key) for key in questions["question_id"]],
        "image_id": list(images),
        "image": [images[int(key)] for key in questions["image_id"]],
        "question": list(map(str, questions["question"])),
        **{name: _coded(questions[name]) for name in ("question_type", "answer_type")},
        "truth": list(map(str, questions["truth"])),
        "human_answers": [_votes(answers) for answers in questions["human_answers"]],
        "measures": [described(name) for name in names],
        "runs": [_run(run, names) for run in content.runs],
        "human": places(content.human_maps),
        "human_shape": list(content.human_maps.shape[1:]),
        "pair": list(content.pair or [run.name for run in content.runs[:2]]),
    }


def blocks(content: ExplorerContent) -> list[Block]:
    """The maps of people first, then of every run by method."""
    human = Block("human", base64_of(eight_bit(content.human_maps)))
    return [human] + [
        Block(f"{place}/{method}", base64_of(eight_bit(maps)))
        for place, run in enumerate(content.runs)
        for method, maps in run.maps.items()
    ]


def image_ids(content: ExplorerContent) -> list[int]:
    """Each once, in the order of the questions."""
    return list(dict.fromkeys(int(key) for key in content.questions["image_id"]))


def in_script(value: Any) -> str:
    """JSON that cannot end the script element it stands in, whatever its texts say."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _run(run: ExplorerRun, names: list[str]) -> dict[str, Any]:
    numbers: Mapping[str, Any] = {name: values(run.answers, name) for name in names}
    return {
        "name": run.name,
        "label": run.label,
        "answer": _coded(run.answers["answer"]),
        "probability": [round(float(p), 3) for p in run.answers["probability"]],
        "values": {name: column for name, column in numbers.items() if column is not None},
        "methods": {
            method: {
                "name": METHODS.get(method, spaced(method)),
                "shape": list(maps.shape[1:]),
                "places": places(maps),
            }
            for method, maps in run.maps.items()
        },
    }


def _coded(texts: pd.Series) -> dict[str, Any]:
    """Distinct texts once, and for every question the place of its own."""
    codes, distinct = pd.factorize(texts.astype(str))
    return {"texts": [str(text) for text in distinct], "codes": codes.tolist()}


def _votes(answers: Any) -> list[list[Any]]:
    return [[text, count] for text, count in Counter(map(str, answers)).most_common()]
