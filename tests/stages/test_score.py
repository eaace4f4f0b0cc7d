"""Metrics of a run: their intervals know that questions about one image are not independent."""

import numpy as np
import pandas as pd
import pytest

from stages.score import UNCERTAINTIES, _metrics

MEANS = ("accuracy_simple", "accuracy_official", "probability_variance", "nll_of_error")


def questions(images=15):
    rng = np.random.default_rng(0)
    columns = {name: rng.random(images) for name in (*MEANS, *UNCERTAINTIES, "margin")}
    columns |= {"attention_rank_correlation": rng.random(images)}
    table = pd.DataFrame({"image_id": np.arange(images), "answer_type": "other", **columns})
    return table.assign(top5_probabilities=[np.array([p, 0.0]) for p in rng.random(images)])


def intervals(table):
    found = _metrics(table, 40, seed=0)
    return {one.metric: (one.value, one.ci_low, one.ci_high) for one in found}


def test_asking_everything_three_times_makes_no_metric_surer():
    once, thrice = questions(), pd.concat([questions()] * 3, ignore_index=True)
    expected, found = intervals(once), intervals(thrice)
    assert {"auroc_entropy", "ece", "brier", "aurc", "uncertainty_map_correlation_entropy"} <= set(
        found
    )
    for metric, values in expected.items():  # AURC of thrice as many is not quite the same
        assert found[metric] == pytest.approx(values, nan_ok=True, rel=0.01), metric
