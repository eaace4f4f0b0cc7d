"""The uncertainties of one question, as a person is told them."""

from math import nan

from vqax.explain.predict import Prediction
from vqax.metrics.uncertainty import uncertainties

OF_PASSES = ("epistemic", "probability_variance")
"""What compares several passes: one pass says nothing of it."""


def uncertainties_of(prediction: Prediction) -> dict[str, float]:
    """Of the first question each measure; NaN where it compares passes and there is one."""
    variance, vacuity = prediction.variance, prediction.vacuity
    measures = uncertainties(
        prediction.probabilities.double().cpu().numpy(),
        None if variance is None else variance.double().cpu().numpy(),
        None if vacuity is None else vacuity.double().cpu().numpy(),
    )
    single = len(prediction.probabilities) == 1
    return {
        name: nan if single and name in OF_PASSES else float(values[0])
        for name, values in measures.items()
    }
