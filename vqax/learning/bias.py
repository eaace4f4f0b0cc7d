"""What the type of a question alone says about its answer."""

from collections import Counter
from collections.abc import Iterable

import numpy as np
from jaxtyping import Float32

from vqax.data.records import Example
from vqax.text.answers import AnswerVocabulary, soft_scores


def answer_bias(
    examples: Iterable[Example], vocabulary: AnswerVocabulary
) -> dict[str, Float32[np.ndarray, "a"]]:
    """Mean soft score, in [0, 1], of every answer to the questions of each type.

    Of training examples alone (Clark et al. 2019). A type that train lacks has no entry.
    """
    sums: dict[str, np.ndarray] = {}
    counts = Counter[str]()
    for example in examples:
        counts[example.question_type] += 1
        total = sums.setdefault(example.question_type, np.zeros(len(vocabulary)))
        for answer, score in soft_scores(example.answers).items():
            if answer in vocabulary.index:
                total[vocabulary.index[answer]] += score
    return {kind: (total / counts[kind]).astype(np.float32) for kind, total in sums.items()}
