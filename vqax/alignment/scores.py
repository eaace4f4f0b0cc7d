"""The scores of maps against people, and of annotators against each other, question by question."""

from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import Float, Int

from vqax.alignment.floors import FLOORS, sum_of_others
from vqax.alignment.inputs import Human
from vqax.metrics.alignment import AlignmentMetric
from vqax.metrics.inter_annotator_agreement import mean_by_group
from vqax.metrics.resizing import Resizing

PAIRS_AT_ONCE = 512
PARTNERS = 5
"""Of how many other people each person is compared with: all of up to six, then the next five."""


class HumanScores:
    """Scores on human maps, and what is compared with a model: ceiling and floors.

    ``human.question`` numbers the questions from 0, ``image`` (n,) their images.
    """

    def __init__(self, human: Human, image: Int[np.ndarray, "n"], seed: int) -> None:
        self.human, self.image, self.seed = human, image, seed
        self._made: dict[tuple[str, Resizing], np.ndarray] = {}

    def of_maps(
        self, metric: AlignmentMetric, maps: Float[np.ndarray, "n h w"]
    ) -> Float[np.ndarray, "n"]:
        """Each map against each person of its question, averaged over these."""
        annotators = np.arange(len(self.human.question))
        return self._averaged(metric, maps, self.human.question, annotators)

    def floor(self, metric: AlignmentMetric, name: str) -> Float[np.ndarray, "n"]:
        """The same of an image-blind map of ``FLOORS``."""
        return self.of_maps(metric, self._floor_map(name, metric.resizing))

    def ceiling(self, metric: AlignmentMetric) -> Float[np.ndarray, "n"]:
        """Inter-annotator agreement: each person's map against the others of the question.

        NaN where only one person looked.
        """
        first, second = partners(self.human.question)
        maps = self.human.densities[metric.resizing]
        return self._averaged(metric, maps, first, second)

    def _averaged(
        self,
        metric: AlignmentMetric,
        maps: Float[np.ndarray, "_ h w"],
        rows: Int[np.ndarray, "pairs"],
        annotators: Int[np.ndarray, "pairs"],
    ) -> Float[np.ndarray, "n"]:
        """Map ``rows[i]`` against person ``annotators[i]``, averaged by the question."""
        human = self.human
        grids = human.densities if metric.target == "human_map" else human.fixations
        targets, question = grids[metric.resizing], human.question[annotators]
        scores = np.full(len(rows), np.nan)
        for part in _chunks(len(rows)):
            third = (self._given(metric)[question[part]],) if metric.given else ()
            scores[part] = metric.compute(maps[rows[part]], targets[annotators[part]], *third)
        return mean_by_group(scores, question, len(self.image))

    def _given(self, metric: AlignmentMetric) -> Float[np.ndarray, "n h w"]:
        """What is known without the image: its third argument."""
        if metric.given == "mean_human_map":
            return self._floor_map(metric.given, metric.resizing)
        fixations, question = self.human.fixations[metric.resizing], self.human.question
        return self._once(
            (metric.given, metric.resizing), lambda: sum_of_others(fixations, question, self.image)
        )

    def _floor_map(self, name: str, rule: Resizing) -> Float[np.ndarray, "n h w"]:
        arguments = self.human.densities[rule], self.human.question, self.image, self.seed
        return self._once((name, rule), lambda: FLOORS[name](*arguments))

    def _once(
        self, key: tuple[str, Resizing], make: Callable[[], np.ndarray]
    ) -> Float[np.ndarray, "n h w"]:
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]


def partners(
    question: Int[np.ndarray, "p"],
) -> tuple[Int[np.ndarray, "pairs"], Int[np.ndarray, "pairs"]]:
    """Ordered pairs of different people of one question; ``question`` is sorted."""
    _, starts, counts = np.unique(question, return_index=True, return_counts=True)
    first, second = [], []
    for start, count in zip(starts.tolist(), counts.tolist(), strict=True):
        here = np.arange(count)
        for step in range(1, min(PARTNERS, count - 1) + 1):
            first.append(start + here)
            second.append(start + (here + step) % count)
    empty = np.empty(0, dtype=np.int64)
    return (np.concatenate([empty, *first]), np.concatenate([empty, *second]))


def _chunks(count: int) -> Iterator[slice]:
    for start in range(0, count, PAIRS_AT_ONCE):
        yield slice(start, start + PAIRS_AT_ONCE)
