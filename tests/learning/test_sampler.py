"""The order of examples: every row once, whatever the number of processes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vqax.learning.sampler import Sampler

sizes = st.integers(1, 40)


@given(size=sizes, batch_size=st.integers(1, 9), world_size=st.integers(1, 4))
def test_processes_share_the_rows_of_each_step(size: int, batch_size: int, world_size: int) -> None:
    alone = list(Sampler(size, batch_size, seed=3).rows(epoch=2))
    samplers = [Sampler(size, batch_size, 3, True, rank, world_size) for rank in range(world_size)]
    shares = [list(sampler.rows(epoch=2)) for sampler in samplers]
    assert sorted(np.concatenate(alone)) == list(range(size))
    for step, together in enumerate(alone):
        mine = [mean_share[step] for mean_share in shares]
        weights = [sampler.weight(step) for sampler in samplers]
        counted = np.concatenate([rows for rows, w in zip(mine, weights, strict=True) if w > 0])
        assert sorted(counted) == sorted(together)
        assert np.allclose(
            weights, [len(r) / len(together) * (w > 0) for r, w in zip(mine, weights, strict=True)]
        )
        assert all(len(rows) > 0 for rows in mine)
        assert samplers[0].together(step) == len(together)
    assert {len(mean_share) for mean_share in shares} == {samplers[0].steps} == {len(alone)}


@given(size=sizes, batch_size=st.integers(1, 9), start=st.integers(0, 50))
def test_starting_later_gives_the_rest_of_the_same_epoch(
    size: int, batch_size: int, start: int
) -> None:
    sampler = Sampler(size, batch_size, seed=1)
    whole, rest = list(sampler.rows(5)), list(sampler.rows(5, start))
    assert [rows.tolist() for rows in whole[start:]] == [rows.tolist() for rows in rest]


def test_order_changes_with_epoch_and_seed_only() -> None:
    def order(seed: int, epoch: int) -> list[int]:
        return np.concatenate(list(Sampler(50, 7, seed).rows(epoch))).tolist()

    assert order(0, 0) == order(0, 0)
    assert len({tuple(order(0, 0)), tuple(order(0, 1)), tuple(order(1, 0))}) == 3


def test_unshuffled_rows_come_in_order() -> None:
    rows = list(Sampler(5, 2, shuffle=False).rows(epoch=9))
    assert [part.tolist() for part in rows] == [[0, 1], [2, 3], [4]]
