"""Which examples make up which step."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64


@dataclass(frozen=True, slots=True)
class Sampler:
    """Which rows make up step ``k`` of an epoch, and which of them this process takes.

    ``batch_size`` counts the rows of all processes together, so the rows of a step are the same
    for every ``world_size``. The last batch may be smaller; a process it leaves without a row
    gets the first one with weight 0, so that all processes take part in every step.
    """

    size: int
    batch_size: int
    seed: int = 0
    shuffle: bool = True
    rank: int = 0
    world_size: int = 1

    @property
    def steps(self) -> int:
        return -(-self.size // self.batch_size)

    def together(self, step: int) -> int:
        """How many rows all processes see in this step."""
        return min(self.batch_size, self.size - step * self.batch_size)

    def weight(self, step: int) -> float:
        """This process's share of the rows of a step; the shares add up to 1."""
        together = self.together(step)
        return len(range(self.rank, together, self.world_size)) / together

    def rows(self, epoch: int, start: int = 0) -> Iterator[Int64[np.ndarray, "b"]]:
        """The rows of this process, step by step from step ``start`` of the epoch."""
        order = np.arange(self.size, dtype=np.int64)
        if self.shuffle:
            order = np.random.default_rng([self.seed, epoch]).permutation(order)
        for step in range(start, self.steps):
            rows = order[step * self.batch_size : (step + 1) * self.batch_size]
            mine = rows[self.rank :: self.world_size]
            yield mine if len(mine) else rows[:1]
