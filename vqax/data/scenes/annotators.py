"""Ten annotators per question, with an explicit model of how people differ.

Each hesitates with the question's difficulty. Who hesitates errs with ``ERROR_OF_HESITANT``, who
does not with ``SLIP``; an error is one of the question's alternatives (near colours, one more or
one less, another thing of the kind). Right names may be replaced by synonyms.
"""

from collections import Counter

import numpy as np

from vqax.data.records import ANSWERS, Answer
from vqax.data.scenes.glyphs import THINGS
from vqax.data.scenes.template import Truth

ERROR_OF_HESITANT = 0.60
SLIP = 0.015
CONFIDENCES = ("yes", "maybe", "no")
CONFIDENCE_OF_HESITANT = (0.20, 0.62, 0.18)
CONFIDENCE_OF_SURE = (0.96, 0.04, 0.0)
SYNONYMS: dict[str, tuple[tuple[str, float], ...]] = {
    **{thing.name: thing.synonyms for thing in THINGS},
    "center": (("middle", 0.30),),
    "gray": (("grey", 0.20),),
    "red": (("dark red", 0.03),),
    "blue": (("dark blue", 0.04), ("royal blue", 0.02)),
    "green": (("dark green", 0.05),),
    "purple": (("violet", 0.04),),
    "left": (("on left", 0.05),),
    "right": (("on right", 0.05),),
    "0": (("none", 0.15), ("zero", 0.03)),
    "1": (("one", 0.03),),
    "2": (("two", 0.03),),
    "3": (("three", 0.03),),
}


def annotate(truth: Truth, rng: np.random.Generator) -> tuple[Answer, ...]:
    """The ten answers to a question, ``answer_id`` 1 to 10."""
    answers = []
    for answer_id in range(1, ANSWERS + 1):
        hesitant = rng.random() < truth.difficulty
        text = _said(truth, ERROR_OF_HESITANT if hesitant else SLIP, rng)
        shares = CONFIDENCE_OF_HESITANT if hesitant else CONFIDENCE_OF_SURE
        confidence = CONFIDENCES[int(rng.choice(len(CONFIDENCES), p=shares))]
        answers.append(Answer(text, confidence, answer_id))
    return tuple(answers)


def most_common(answers: tuple[Answer, ...]) -> str:
    """The ``multiple_choice_answer``; of equally common ones the first given."""
    return Counter(answer.answer for answer in answers).most_common(1)[0][0]


def _said(truth: Truth, error: float, rng: np.random.Generator) -> str:
    if truth.alternatives and rng.random() < error:
        weights = np.array([weight for _, weight in truth.alternatives])
        chosen = int(rng.choice(len(weights), p=weights / weights.sum()))
        return truth.alternatives[chosen][0]
    point = rng.random()
    for synonym, share in SYNONYMS.get(truth.answer, ()):
        if point < share:
            return synonym
        point -= share
    return truth.answer
