"""Which questions a reader gets to see, and what is shown of each."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float
from PIL import Image

from vqax.errors import BadData
from vqax.report.tables import require

RANDOM = "drawn at random"
CERTAIN_WRONG = "most certain, yet wrong"
UNCERTAIN_RIGHT = "least certain, yet right"


@dataclass(frozen=True, slots=True)
class RunAnswer:
    """What one run said to one question.

    ``top5`` are (answer, probability); ``accuracy`` is the official one in [0, 1];
    ``aleatoric`` is the predicted variance in squared logits, ``entropy`` and ``epistemic`` are
    in nats; ``raw_map`` is the signed map of ``method`` ("attention", or "grad_cam" where the
    model has no attention). Uncertainties are NaN where the run does not estimate them.
    """

    run: str
    answer: str
    top5: tuple[tuple[str, float], ...]
    accuracy: float
    aleatoric: float
    epistemic: float
    predictive: float
    method: str
    raw_map: Float[np.ndarray, "h w"] | None
    entropy: float = math.nan


@dataclass(frozen=True, slots=True)
class GalleryItem:
    """One question with its image, what people said and where they looked, and every run."""

    question_id: int
    question: str
    question_type: str
    answer_type: str
    reason: str
    image: Image.Image
    truth: str
    human_answers: tuple[str, ...]
    human_map: Float[np.ndarray, "h w"] | None
    answers: tuple[RunAnswer, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """The chosen questions in order, why each was chosen, and the rule in words."""

    question_ids: tuple[int, ...]
    reasons: tuple[str, ...]
    rule: str


def select(
    predictions: pd.DataFrame,
    *,
    count: int,
    seed: int,
    uncertainty: str = "predictive",
    run_label: str = "the run",
    among: str = "the test questions",
) -> Selection:
    """Half at random, a quarter most certain but wrong, a quarter least certain but right.

    ``predictions`` has question_id, accuracy_official in [0, 1] and the column ``uncertainty``
    of the run that decides. Wrong is an official accuracy of 0, right is 1. No question comes
    twice; ties go to the smaller question_id, and the order of the rows has no influence. Where
    one quarter finds too few questions, more are drawn at random.

    Raises:
        BadData: a column is missing or a question occurs twice.
    """
    columns = ["question_id", "accuracy_official", uncertainty]
    require(predictions, columns, "predictions")
    if predictions["question_id"].duplicated().any():
        raise BadData("predictions: a question_id occurs twice; give the predictions of one run")
    table = predictions[columns].sort_values("question_id").set_index("question_id")
    quarter = count // 4
    wrong = _extreme(table[table["accuracy_official"] == 0.0][uncertainty], quarter, lowest=True)
    right = _extreme(table[table["accuracy_official"] == 1.0][uncertainty], quarter, lowest=False)
    rest = table.index.difference([*wrong, *right]).to_numpy()
    drawn = min(count - len(wrong) - len(right), len(rest))
    random = np.random.default_rng(seed).choice(rest, drawn, replace=False).tolist()
    rule = (
        f"Chosen from {among} by a fixed rule, not by hand: {len(random)} {RANDOM} "
        f"(seed {seed}), the {len(wrong)} on which {run_label} was {CERTAIN_WRONG}, and the "
        f"{len(right)} on which it was {UNCERTAIN_RIGHT}, by {uncertainty} uncertainty. "
        "Wrong means an official accuracy of 0, right means 1."
    )
    reasons = [RANDOM] * len(random)
    reasons += [CERTAIN_WRONG] * len(wrong) + [UNCERTAIN_RIGHT] * len(right)
    return Selection((*map(int, random), *wrong, *right), tuple(reasons), rule)


def _extreme(values: pd.Series, count: int, *, lowest: bool) -> list[int]:
    """The question ids with the lowest or highest finite values, most extreme first."""
    finite = values[np.isfinite(values.to_numpy(dtype=float))]
    ordered = finite.sort_values(ascending=lowest, kind="stable")
    return [int(question_id) for question_id in ordered.index[:count]]
