"""Telling right answers from wrong ones by features of the question and its answer.

Interp (Goyal et al. 2016, section 4.2) predicts "success/failure accurately 72% of the times" from
how often occlusion changes the answer, and says neither predictor nor split nor chance level. Here
it is a logistic regression on standardised features, fitted on half of the clusters (images)
and asked about the other half, and the other way round.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Shaped

from vqax.errors import MissingArtefact
from vqax.metrics.checks import as_flags, check_one_each


def predict_failure(
    features: Float[np.ndarray, "n k"],
    right: Bool[np.ndarray, "n"],
    *,
    clusters: Shaped[np.ndarray, "n"],
    seed: int,
) -> Float[np.ndarray, "n"]:
    """The probability of a right answer in [0, 1], from the images a question is not about.

    ``features`` are finite. Where all answers of the half that is fitted are alike, or there are
    no features, it is their share of right ones.

    Raises:
        UsageError: features, answers and clusters differ in length.
        MissingArtefact: scikit-learn is not installed.
    """
    check_one_each(features=features, answers=right, clusters=clusters)
    right = as_flags(right, "right")
    probability = np.empty(len(right))
    second = halves(clusters, seed)
    for asked in (second, ~second):
        fitted = ~asked
        share = float(right[fitted].mean()) if fitted.any() else 0.5
        probability[asked] = share
        if 0 < share < 1 and asked.any() and features.shape[1]:
            model = _regression().fit(features[fitted], right[fitted])
            probability[asked] = model.predict_proba(features[asked])[:, 1]
    return probability


def halves(clusters: Shaped[np.ndarray, "n"], seed: int) -> Bool[np.ndarray, "n"]:
    """Whether each question is in the second half of the clusters, drawn by ``seed``."""
    distinct, which = np.unique(clusters, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(distinct))
    return (order >= len(distinct) // 2)[which]


def _regression() -> Any:
    if find_spec("sklearn") is None:
        raise MissingArtefact("scikit-learn: not installed; run `pip install scikit-learn`")
    scaler = import_module("sklearn.preprocessing").StandardScaler()
    logistic = import_module("sklearn.linear_model").LogisticRegression()
    return import_module("sklearn.pipeline").make_pipeline(scaler, logistic)
