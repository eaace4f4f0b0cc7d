"""Compare with several people per question: every human map by itself, then the mean."""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations

import numpy as np
from jaxtyping import Float, Int, Real

from vqax.errors import UsageError

MapMetric = Callable[[np.ndarray, np.ndarray], np.ndarray]


def human_alignment(
    metric: MapMetric,
    maps: Real[np.ndarray, "n h w"],
    human_maps: Sequence[Real[np.ndarray, "_ h w"]],
) -> Float[np.ndarray, "n"]:
    """Score each map against each human map of its question and average, one value a question.

    ``human_maps[i]`` holds the k maps of question i (k may differ, and may be 0). Pairs that
    have no value (constant maps) are left out of the mean; NaN where none has one.

    Raises:
        UsageError: not one set of human maps for each map.
    """
    if len(maps) != len(human_maps):
        raise UsageError(
            f"{len(maps)} maps and the human maps of {len(human_maps)} questions do not belong "
            "together; give one of each for every question"
        )
    question = np.repeat(np.arange(len(maps)), [len(annotators) for annotators in human_maps])
    if question.size == 0:
        return np.full(len(maps), np.nan)
    scores = metric(maps[question], np.concatenate(list(human_maps)))
    return mean_by_group(scores, question, len(maps))


def inter_annotator_agreement(
    maps_by_question: Mapping[int, Real[np.ndarray, "_ h w"]], metric: MapMetric
) -> dict[int, float]:
    """The mean of ``metric`` over all pairs of people who looked at the same question.

    The ceiling for a model: .623 rank correlation on VQA-HAT (Das et al. 2016). NaN where a
    question has fewer than two maps.
    """
    first, second, question = [], [], []
    for row, annotators in enumerate(maps_by_question.values()):
        for i, j in combinations(range(len(annotators)), 2):
            first.append(annotators[i])
            second.append(annotators[j])
            question.append(row)
    if not question:
        return dict.fromkeys(maps_by_question, float("nan"))
    scores = metric(np.stack(first), np.stack(second))
    means = mean_by_group(scores, np.array(question), len(maps_by_question))
    return dict(zip(maps_by_question, means.tolist(), strict=True))


def mean_by_group(
    scores: Float[np.ndarray, "p"], group: Int[np.ndarray, "p"], groups: int
) -> Float[np.ndarray, "groups"]:
    valid = ~np.isnan(scores)
    sums = np.bincount(group[valid], scores[valid], minlength=groups)
    counts = np.bincount(group[valid], minlength=groups)
    return np.divide(sums, counts, out=np.full(groups, np.nan), where=counts > 0)
