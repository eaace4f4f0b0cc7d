"""How sure is the level of a run: its interval over trainings and test images."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import scipy  # its special functions are imported when first used

from vqax.stats.power import satterthwaite
from vqax.stats.seed_variance import SeedVariance, pooled_seed_variance

NORMAL = 1.96
"""Half the width of an interval over images, in standard errors."""


def over_trainings(metrics: pd.DataFrame, families: Mapping[str, str]) -> pd.DataFrame:
    """``metrics`` of runs with intervals over trainings, too.

    ``by_seed`` holds the value of each training. The variance is s² / n, s² pooled over the runs of
    a family, plus that of the interval over images, which counts what single trainings do on single
    images again: the interval is a little too wide. A family that was trained once keeps its own.
    """
    kind = metrics["run"].map(families)
    pooled = {
        key: pooled_seed_variance([np.array(one) for one in part["by_seed"] if _known(one)])
        for key, part in metrics.groupby([kind, "metric"], sort=False)
    }
    found = metrics.copy()
    for row, key in zip(metrics.index, zip(kind, metrics["metric"], strict=True), strict=True):
        seeds = pooled[key]
        if seeds.df and _known(metrics.at[row, "by_seed"]):
            found.loc[row, ["ci_low", "ci_high"]] = _interval(metrics.loc[row], seeds)
    return found


def _known(values: list[float]) -> bool:
    return not np.isnan(values).any()


def _interval(row: pd.Series, seeds: SeedVariance) -> tuple[float, float]:
    """Value ± t · √(s²/n + V), V from the interval over images."""
    between = seeds.variance / len(row["by_seed"])
    over_images = ((row["ci_high"] - row["ci_low"]) / 2 / NORMAL) ** 2
    parts = (np.array([between]), seeds.df), (np.array([over_images]), np.inf)
    df = float(satterthwaite(*parts)[0])
    half = float(scipy.special.stdtrit(df, 0.975) * np.sqrt(between + over_images))
    return row["value"] - half, row["value"] + half
