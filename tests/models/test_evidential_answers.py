"""log α as logits: softmax of them is α/S, and K/S can be read from them."""

import math

import pytest
import torch

from tests.models.small import build, inputs
from vqax.errors import UsageError
from vqax.explain.predict import mc_predict
from vqax.models.evidence import (
    EvidenceOverflow,
    dirichlet,
    expected_probabilities,
    uncertainty_mass,
)
from vqax.models.evidential_answers import EvidentialAnswers, alpha_of, is_evidential, vacuity


def evidential(evidence="softplus", **options):
    model = build("san", **options)
    model.head = EvidentialAnswers(model.head, evidence)
    return model.eval()


@pytest.mark.parametrize("evidence", ["softplus", "exp", "relu"])
def test_softmax_of_the_logits_is_the_expected_probability(evidence):
    visual, tokens = inputs(3)
    model = evidential(evidence, variance="none")
    logits = model(visual, tokens).logits
    plain = build("san", variance="none").eval()
    plain.load_state_dict(
        {name.replace("head.inner.", "head."): value for name, value in model.state_dict().items()}
    )
    alpha = dirichlet(plain(visual, tokens).logits, evidence)
    torch.testing.assert_close(logits.softmax(-1), expected_probabilities(alpha))
    torch.testing.assert_close(vacuity(logits), uncertainty_mass(alpha))
    torch.testing.assert_close(alpha_of(model, logits), alpha)


def test_without_evidence_nothing_is_known():
    log_alpha = torch.zeros(2, 7)
    assert vacuity(log_alpha).tolist() == [1.0, 1.0]
    assert vacuity(torch.tensor([[0.0, math.log(8.0)]])).item() == pytest.approx(2 / 9)


def test_the_variance_head_is_left_as_it_was():
    visual, tokens = inputs(2)
    output = evidential(variance="scalar")(visual, tokens)
    assert output.variance.shape == (2, 1)
    assert (output.variance > 0).all()


def test_monte_carlo_passes_tell_the_vacuity_of_evidential_models_alone():
    visual, tokens = inputs(2)
    found = mc_predict(evidential(dropout=0.5, variance="none"), visual, tokens, 4, 0)
    assert found.vacuity.shape == (4, 2)
    assert ((found.vacuity > 0) & (found.vacuity <= 1)).all()
    assert mc_predict(build("san", dropout=0.5), visual, tokens, 4, 0).vacuity is None


def test_other_models_have_no_evidence():
    model = build("san")
    assert not is_evidential(model)
    assert alpha_of(model, torch.zeros(1, 5)) is None


def test_bad_evidence_is_named():
    with pytest.raises(UsageError, match="evidence: 'square' is not known"):
        EvidentialAnswers(build("san").head, "square")
    visual, tokens = inputs(1)
    model = evidential("exp", variance="none")
    with torch.no_grad():
        model.head.inner.answer.bias.fill_(31.0)
    with pytest.raises(EvidenceOverflow, match="use evidence softplus or relu"):
        model(visual, tokens)
