"""The evidential objective against the loss of the classifiers, over epochs."""

import pytest
import torch

from tests.learning.test_objective import a_batch, generator
from tests.models.small import build
from vqax.errors import UsageError
from vqax.learning.evidential import evidential_objective
from vqax.learning.evidential_losses import evidential_loss
from vqax.learning.objective import answer_objective, at_epoch
from vqax.models.evidential_answers import EvidentialAnswers


def evidential():
    model = build("san", variance="none").double()
    model.head = EvidentialAnswers(model.head, "softplus")
    return model


@pytest.mark.parametrize("epoch", [0, 3, 20])
@pytest.mark.parametrize("risk", ["type_two_likelihood", "squared_error", "cross_entropy"])
def test_the_objective_is_the_loss_of_the_scores(epoch, risk):
    model, batch = evidential(), a_batch()
    objective = at_epoch(evidential_objective(risk=risk, annealing=10), epoch)
    step = objective(model, batch, generator())
    scores, _ = model.head.inner(model(batch.visual, batch.tokens).combined)
    targets = batch.targets / batch.targets.sum(1, keepdim=True)
    options = {"risk": risk, "evidence": "softplus", "annealing": 10}
    torch.testing.assert_close(step.loss, evidential_loss(scores, targets, epoch, **options).mean())


def test_kl_scales_the_misleading_evidence_alone():
    model, batch = evidential(), a_batch()
    losses = [
        evidential_objective(kl=kl, annealing=0)(model, batch, generator()).loss
        for kl in (0.0, 1.0, 3.0)
    ]
    torch.testing.assert_close(losses[2] - losses[0], 3 * (losses[1] - losses[0]))


def test_a_question_without_known_answers_unlearns_its_evidence():
    model, batch = evidential(), a_batch()
    batch = batch._replace(targets=torch.zeros_like(batch.targets))
    objective = evidential_objective(annealing=0)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.05)
    seen = []
    for _ in range(20):
        step = objective(model, batch, generator())
        optimiser.zero_grad()
        step.loss.backward()
        optimiser.step()
        seen.append(step.parts["vacuity"].item())
    assert seen[-1] > seen[0]


def test_other_objectives_are_the_same_in_every_epoch():
    objective = answer_objective()
    assert at_epoch(objective, 7) is objective


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"risk": "hinge"}, "objective.risk: 'hinge' is not known"),
        ({"kl": -1.0}, "objective.kl: -1.0"),
        ({"annealing": -1}, "objective.annealing: -1"),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(UsageError, match=message):
        evidential_objective(**options)
