"""Answers without looking: the plain baselines of AttReg's table 4 (Teney et al. 2020).

Where train and test have opposite priors, answering by the inverse of the training prior scores
well on test and badly in domain, so a gain on test alone says nothing about grounding.
"""

import numpy as np
from jaxtyping import Bool, Float, Int

Shares = Float[np.ndarray, "n a"]


def random_answers(shares: Shares, seed: int) -> Int[np.ndarray, "n"]:
    """An answer for every question, drawn by the ``shares`` of its type; -1 where all are 0."""
    totals = shares.sum(axis=1)
    drawn = np.random.default_rng(seed).random(len(shares)) * totals
    chosen = (shares.cumsum(axis=1) <= drawn[:, None]).sum(axis=1)
    last = shares.shape[1] - 1 - (shares[:, ::-1] > 0).argmax(axis=1)  # a sum may round above
    return np.where(totals > 0, np.minimum(chosen, last), -1)


def inverted(shares: Shares) -> Shares:
    """Shares proportional to 1 / share over the answers that were given, 0 for all others."""
    seen: Bool[np.ndarray, "n a"] = shares > 0
    inverse = np.divide(1.0, shares, out=np.zeros_like(shares), where=seen)
    total = inverse.sum(axis=1, keepdims=True)
    return np.divide(inverse, total, out=np.zeros_like(shares), where=total > 0)


def top_answer_masked(scores: Float[np.ndarray, "n a"]) -> Int[np.ndarray, "n"]:
    """The best answer once the best one has the lowest possible score: the second best."""
    masked = scores.copy()
    masked[np.arange(len(scores)), scores.argmax(axis=1)] = -np.inf
    return masked.argmax(axis=1)
