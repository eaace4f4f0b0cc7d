import numpy as np
import pytest
from scipy.stats import spearmanr

from vqax.metrics.emd import spatial_emd
from vqax.metrics.inter_annotator_agreement import human_alignment, inter_annotator_agreement
from vqax.metrics.rank_correlation import rank_correlation


@pytest.fixture
def human_maps():
    """Three, one, no and two human maps, one of the last two constant."""
    rng = np.random.default_rng(0)
    maps = [rng.random((k, 2, 3)) for k in (3, 1, 0, 2)]
    maps[3][0] = 1.0
    return maps


def test_every_human_map_by_itself_then_the_mean(human_maps):
    maps = np.random.default_rng(1).random((4, 2, 3))
    scores = human_alignment(rank_correlation, maps, human_maps)

    def rho(question, person):
        return spearmanr(maps[question].ravel(), human_maps[question][person].ravel()).statistic

    assert scores[0] == pytest.approx((rho(0, 0) + rho(0, 1) + rho(0, 2)) / 3)
    assert scores[1] == pytest.approx(rho(1, 0))
    assert np.isnan(scores[2])
    assert scores[3] == pytest.approx(rho(3, 1))


def test_the_mean_is_not_the_score_of_the_mean_map(human_maps):
    maps = np.random.default_rng(1).random((1, 2, 3))
    single = human_alignment(rank_correlation, maps, human_maps[:1])
    assert single != pytest.approx(rank_correlation(maps, human_maps[0].mean(0)[None]), abs=1e-3)


def test_people_agree_as_the_mean_over_pairs(human_maps):
    agreement = inter_annotator_agreement(
        dict(zip((7, 3, 5, 9), human_maps, strict=True)), spatial_emd
    )
    a, b, c = human_maps[0]
    pairs = [spatial_emd(x[None], y[None])[0] for x, y in ((a, b), (a, c), (b, c))]
    assert list(agreement) == [7, 3, 5, 9]
    assert agreement[7] == pytest.approx(np.mean(pairs))
    assert np.isnan(agreement[3])
    assert np.isnan(agreement[5])
    assert not np.isnan(agreement[9])
    assert np.isnan(inter_annotator_agreement({9: human_maps[3]}, rank_correlation)[9])


def test_without_any_human_map_nothing_has_a_value():
    none = np.empty((0, 2, 3))
    assert np.isnan(human_alignment(rank_correlation, np.ones((2, 2, 3)), [none] * 2)).all()
    assert np.isnan(inter_annotator_agreement({1: none}, rank_correlation)[1])
