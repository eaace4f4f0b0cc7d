"""One row a metric: value and interval, ceiling, floors, and the share of the way between them."""

from typing import Any

import numpy as np
from jaxtyping import Float, Int

from vqax.alignment.floors import FLOORS
from vqax.metrics.alignment import AlignmentMetric
from vqax.stats.bootstrap import Interval, bootstrap_mean, bootstrap_statistic

COLUMNS = [
    *("metric", "value", "ci_low", "ci_high", "n", "unit", "direction", "resizing"),
    *("ceiling", "n_ceiling", *FLOORS, "best_floor", "share", "share_low", "share_high"),
]


def metric_row(
    name: str,
    metric: AlignmentMetric,
    scores: dict[str, Float[np.ndarray, "n"]],
    image: Int[np.ndarray, "n"],
    *,
    seed: int,
    samples: int,
) -> dict[str, Any]:
    """The row of a metric; ``scores`` hold value, ceiling and each floor by question.

    The interval draws whole images. NaN where nothing is defined.
    """
    mean = bootstrap_mean(scores["value"], samples=samples, seed=seed, clusters=image)
    means = {key: _mean(values) for key, values in scores.items()}
    best = metric.best(means[floor] for floor in FLOORS)
    share = _share(metric, scores, image, seed=seed, samples=samples)
    return {
        "metric": name,
        "value": mean.value, "ci_low": mean.low, "ci_high": mean.high, "n": mean.n,
        "unit": metric.unit, "direction": metric.direction, "resizing": str(metric.resizing),
        "ceiling": means["ceiling"],
        "n_ceiling": int(np.isfinite(scores["ceiling"]).sum()),
        **{floor: means[floor] for floor in FLOORS},
        "best_floor": next((f for f in FLOORS if means[f] == best), ""),
        "share": share.value, "share_low": share.low, "share_high": share.high,
    }  # fmt: skip


def share_of_the_way(value: float, floor: float, ceiling: float, direction: str) -> float:
    """(value - floor) / (ceiling - floor): 0 at the floor, 1 at the ceiling, neither is a bound.

    NaN where the ceiling is not better than the floor: then there is no way to go.
    """
    way = ceiling - floor if direction == "higher" else floor - ceiling
    return (value - floor) / (ceiling - floor) if way > 0 else float("nan")


def _share(
    metric: AlignmentMetric,
    scores: dict[str, Float[np.ndarray, "n"]],
    image: Int[np.ndarray, "n"],
    *,
    seed: int,
    samples: int,
) -> Interval:
    """The share over the questions that have value, ceiling and floors; images resampled whole."""
    columns = np.stack([scores["value"], scores["ceiling"], *(scores[f] for f in FLOORS)])
    whole = np.isfinite(columns[:2]).all(axis=0)
    usable = columns[:, whole]
    if not whole.any():
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    floors = [_mean(row) for row in usable[2:]]
    best = metric.best(floors)
    if np.isnan(best):
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    floor = usable[2 + floors.index(best)]

    def statistic(*means: Float[np.ndarray, "_"]) -> float:
        value, ceiling, low = (_mean(part) for part in means)
        return share_of_the_way(value, low, ceiling, metric.direction)

    return bootstrap_statistic(
        statistic, usable[0], usable[1], floor,
        samples=samples, seed=seed, clusters=image[whole],
    )  # fmt: skip


def _mean(values: Float[np.ndarray, "_"]) -> float:
    defined = values[np.isfinite(values)]
    return float(defined.mean()) if defined.size else float("nan")
