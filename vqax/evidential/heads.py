"""How a classifier's logits become probabilities and one uncertainty, and what it is trained on.

Four heads with the same two questions: ``losses`` of labelled images, one value per sample, and
``predict``. The uncertainty is always in [0, 1], 1 where nothing is known: u = K/S of an
evidential head, entropy over log K of the others.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from vqax.errors import UsageError
from vqax.evidential.classifier import Classifier
from vqax.evidential.variational import VariationalLinear, kl_of
from vqax.explain.state import left_as_found, seed_draws, start_sampling
from vqax.learning.evidential_losses import annealing_weight, evidential_loss, one_hot
from vqax.models.evidence import (
    belief_masses,
    dirichlet,
    expected_probabilities,
    uncertainty_mass,
)


class Prediction(NamedTuple):
    """``probabilities`` (b,k) sum to 1; ``uncertainty`` (b,) in [0, 1].

    ``label`` (b,) is the class of the highest logit or mean probability: the highest logit also
    where ReLU left no evidence and all probabilities are equal. ``belief`` (b,k) are the masses
    that sum to 1 with the uncertainty, None for heads that are not evidential.
    """

    probabilities: Float[Tensor, "b k"]
    uncertainty: Float[Tensor, "b"]
    label: Int[Tensor, "b"]
    belief: Float[Tensor, "b k"] | None


def relative_entropy(probabilities: Float[Tensor, "b k"]) -> Float[Tensor, "b"]:
    """H(p) / log K, in [0, 1]: 1 for equal probabilities."""
    entropy = torch.special.entr(probabilities).sum(-1)
    return (entropy / math.log(probabilities.shape[-1])).clamp(0, 1)


def _of_probabilities(probabilities: Float[Tensor, "b k"]) -> Prediction:
    uncertainty = relative_entropy(probabilities)
    return Prediction(probabilities, uncertainty, probabilities.argmax(-1), None)


def _cross_entropy(
    model: Classifier, images: Float[Tensor, "b c y x"], labels: Int[Tensor, "b"]
) -> Float[Tensor, "b"]:
    logits = model(images)
    return -(one_hot(labels, logits.shape[-1]) * logits.log_softmax(-1)).sum(-1)


def _sampled(
    model: Classifier, images: Float[Tensor, "b c y x"], samples: int
) -> Float[Tensor, "b k"]:
    """Mean probabilities of passes through the random end; the convolutions run once."""
    features = model.features(images)
    start_sampling(model)
    passes = [functional.softmax(model.classify(features), -1) for _ in range(samples)]
    model.eval()
    return torch.stack(passes).mean(0)


@dataclass(frozen=True)
class SoftmaxHead:
    """Cross entropy; dropout in training alone."""

    linear: Callable[[int, int], nn.Module] = nn.Linear

    def losses(
        self,
        model: Classifier,
        images: Float[Tensor, "b c y x"],
        labels: Int[Tensor, "b"],
        epoch: int,  # noqa: ARG002
    ) -> Float[Tensor, "b"]:
        return _cross_entropy(model, images, labels)

    def predict(self, model: Classifier, images: Float[Tensor, "b c y x"]) -> Prediction:
        return _of_probabilities(functional.softmax(model(images), -1))


@dataclass(frozen=True)
class EvidentialHead:
    """The logits are evidence of a Dirichlet distribution; options as ``evidential_loss``."""

    risk: str = "squared_error"
    evidence: str = "relu"
    annealing: int = 10
    linear: Callable[[int, int], nn.Module] = nn.Linear

    def losses(
        self,
        model: Classifier,
        images: Float[Tensor, "b c y x"],
        labels: Int[Tensor, "b"],
        epoch: int,
    ) -> Float[Tensor, "b"]:
        logits = model(images)
        targets = one_hot(labels, logits.shape[-1])
        options = {"risk": self.risk, "evidence": self.evidence}
        return evidential_loss(logits, targets, epoch, annealing=self.annealing, **options)

    def predict(self, model: Classifier, images: Float[Tensor, "b c y x"]) -> Prediction:
        logits = model(images)
        alpha = dirichlet(logits, self.evidence)
        return Prediction(
            expected_probabilities(alpha),
            uncertainty_mass(alpha),
            logits.argmax(-1),
            belief_masses(alpha),
        )


@dataclass(frozen=True)
class MonteCarloDropoutHead:
    """Cross entropy; the mean of ``samples`` passes with dropout (Gal and Ghahramani 2016).

    The dropout is that of the dense layers; without any, all passes are the same.
    """

    samples: int = 25
    linear: Callable[[int, int], nn.Module] = nn.Linear

    def losses(
        self,
        model: Classifier,
        images: Float[Tensor, "b c y x"],
        labels: Int[Tensor, "b"],
        epoch: int,  # noqa: ARG002
    ) -> Float[Tensor, "b"]:
        return _cross_entropy(model, images, labels)

    def predict(self, model: Classifier, images: Float[Tensor, "b c y x"]) -> Prediction:
        return _of_probabilities(_sampled(model, images, self.samples))


@dataclass(frozen=True)
class GaussianDropoutHead:
    """Cross entropy + min(1, epoch / annealing) · KL / ``examples``: the ELBO per sample.

    ``examples`` is the size of the training set; ``kl`` a name of ``KL_FORMS``. The model must be
    built with ``linear``, and needs no dropout besides.
    """

    examples: int
    samples: int = 25
    annealing: int = 10
    kl: str = "molchanov"
    linear: Callable[[int, int], nn.Module] = VariationalLinear

    def losses(
        self,
        model: Classifier,
        images: Float[Tensor, "b c y x"],
        labels: Int[Tensor, "b"],
        epoch: int,
    ) -> Float[Tensor, "b"]:
        if not any(isinstance(layer, VariationalLinear) for layer in model.modules()):
            raise UsageError(
                f"{type(model).__name__} has no variational layer; build it with linear=head.linear"
            )
        weight = annealing_weight(epoch, self.annealing) / self.examples
        return _cross_entropy(model, images, labels) + weight * kl_of(model, self.kl)

    def predict(self, model: Classifier, images: Float[Tensor, "b c y x"]) -> Prediction:
        return _of_probabilities(_sampled(model, images, self.samples))


Head = SoftmaxHead | EvidentialHead | MonteCarloDropoutHead | GaussianDropoutHead

HEADS: dict[str, type[Head]] = {
    "softmax": SoftmaxHead,
    "evidential": EvidentialHead,
    "monte_carlo_dropout": MonteCarloDropoutHead,
    "gaussian_dropout": GaussianDropoutHead,
}


def predict(
    model: Classifier,
    head: Head,
    images: Float[Tensor, "n c y x"],
    *,
    seed: int,
    batch_size: int = 500,
) -> Prediction:
    """The predictions for any number of images, without gradients; the model as it was.

    ``seed`` decides the passes of a head that samples; they depend on ``batch_size``, too.

    Raises:
        UsageError: no image, or images of another size than the model's.
    """
    if len(images) == 0:
        raise UsageError("no image to predict; give at least one")
    with left_as_found(model), torch.no_grad():
        seed_draws(model, seed)
        parts = [head.predict(model, chunk) for chunk in images.split(batch_size)]
    probabilities, uncertainty, label, belief = zip(*parts, strict=True)
    masses = None if belief[0] is None else torch.cat(belief)
    return Prediction(torch.cat(probabilities), torch.cat(uncertainty), torch.cat(label), masses)
