"""What an explorer of all test questions shows, as plain data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from jaxtyping import Float
from PIL import Image

from vqax.report.tables import require

QUESTION_COLUMNS = [
    *["question_id", "image_id", "question", "question_type", "answer_type", "truth"],
    "human_answers",
]
ANSWER_COLUMNS = ["question_id", "answer", "probability", "accuracy_official"]
Maps = Float[np.ndarray, "n h w"]


@dataclass(frozen=True, eq=False)
class ExplorerRun:
    """What one run said to every question, and where it looked.

    ``answers`` has a row per question, in the order of the explorer's questions: the columns
    ``ANSWER_COLUMNS`` and any measures per question. ``maps`` are raw and signed, by method; a map
    of NaN is a question without one.
    """

    name: str
    label: str
    answers: pd.DataFrame
    maps: Mapping[str, Maps] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class ExplorerContent:
    """All test questions of one data set, and the runs that answered them.

    ``questions`` has the columns ``QUESTION_COLUMNS``; ``human_answers`` are texts, one a person.
    ``open_image`` opens the image of an image id. ``human_maps`` (n,h,w) is NaN for a question
    that no person has a map of. ``pair`` names the two runs that are shown at first.

    Raises:
        BadData: a frame lacks a column.
    """

    title: str
    dataset: str
    questions: pd.DataFrame
    runs: tuple[ExplorerRun, ...]
    open_image: Callable[[int], Image.Image]
    human_maps: Maps
    pair: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        require(self.questions, QUESTION_COLUMNS, "explorer: questions")
        for run in self.runs:
            require(run.answers, ANSWER_COLUMNS, f"explorer: answers of {run.name}")

    def part(self, start: int, end: int) -> "ExplorerContent":
        """The questions from ``start`` up to ``end`` alone."""
        runs = tuple(
            ExplorerRun(
                run.name,
                run.label,
                run.answers.iloc[start:end],
                {method: maps[start:end] for method, maps in run.maps.items()},
            )
            for run in self.runs
        )
        return ExplorerContent(
            self.title,
            self.dataset,
            self.questions.iloc[start:end],
            runs,
            self.open_image,
            self.human_maps[start:end],
            self.pair,
        )
