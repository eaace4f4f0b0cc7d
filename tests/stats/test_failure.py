import numpy as np
import pytest
from scipy.optimize import minimize

from vqax.errors import MissingArtefact
from vqax.stats import failure
from vqax.stats.failure import halves, predict_failure


@pytest.fixture
def told():
    """Features of which the first tells right from wrong mostly, four questions an image."""
    rng = np.random.default_rng(3)
    features = rng.normal(size=(200, 2))
    right = features[:, 0] + 0.5 * rng.normal(size=200) > 0.2
    return features, right, np.repeat(np.arange(50), 4)


def slow_regression(features, right, asked):
    """-log likelihood + |w|²/2 on features standardised by mean and deviation, minimised."""
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    x, sign = (features - mean) / deviation, np.where(right, 1.0, -1.0)

    def loss(w):
        return np.logaddexp(0, -sign * (x @ w[1:] + w[0])).sum() + 0.5 * w[1:] @ w[1:]

    w = minimize(loss, np.zeros(1 + features.shape[1]), tol=1e-10).x
    return 1 / (1 + np.exp(-(((asked - mean) / deviation) @ w[1:] + w[0])))


def test_each_half_is_told_by_the_other(told):
    features, right, images = told
    found = predict_failure(features, right, clusters=images, seed=0)
    second = halves(images, 0)
    for asked in (second, ~second):
        expected = slow_regression(features[~asked], right[~asked], features[asked])
        np.testing.assert_allclose(found[asked], expected, atol=1e-3)
    assert ((found > 0.5) == right).mean() > 0.8


def test_a_question_is_not_told_by_itself(told):
    """Another answer to a question changes what is said about the other half only."""
    features, right, images = told
    before = predict_failure(features, right, clusters=images, seed=0)
    changed = right.copy()
    changed[7] = not changed[7]
    after = predict_failure(features, changed, clusters=images, seed=0)
    same = halves(images, 0) == halves(images, 0)[7]
    np.testing.assert_array_equal(before[same], after[same])
    assert (before[~same] != after[~same]).all()


def test_halves_keep_pictures_whole(told):
    images = told[2]
    second = halves(images, 5)
    assert all(len(set(second[images == one])) == 1 for one in range(50))
    assert second.sum() == 100
    assert not np.array_equal(second, halves(images, 6))


def test_without_a_choice_it_says_the_share(told):
    features, right, images = told
    found = predict_failure(features, np.ones_like(right), clusters=images, seed=0)
    assert (found == 1).all()
    nothing = predict_failure(features[:, :0], right, clusters=images, seed=0)
    second = halves(images, 0)
    np.testing.assert_allclose(nothing[second], right[~second].mean())


def test_features_that_say_nothing_are_no_better_than_chance(told):
    _, right, images = told
    noise = np.random.default_rng(0).normal(size=(200, 2))
    found = predict_failure(noise, right, clusters=images, seed=0)
    assert abs(((found > 0.5) == right).mean() - 0.5) < 0.15


def test_missing_scikit_learn_is_named(told, monkeypatch):
    monkeypatch.setattr(failure, "find_spec", lambda name: None)
    features, right, images = told
    with pytest.raises(MissingArtefact, match="scikit-learn: not installed"):
        predict_failure(features, right, clusters=images, seed=0)
