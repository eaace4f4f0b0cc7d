"""Build a classifier of the settings, and load its trainings with the weights they left."""

import hashlib
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np
import torch

from project.params import Params, named
from project.workspace import Workspace
from studies.edl.images import Parts, read_parts
from vqax.errors import BadData
from vqax.evidential.classifier import Classifier
from vqax.evidential.heads import HEADS, Head, Prediction, predict
from vqax.evidential.images import Images
from vqax.evidential.networks import NETWORKS
from vqax.evidential.train import initialised
from vqax.learning.fingerprint import differences
from vqax.learning.weights import META, load_model_weights


class Trained(NamedTuple):
    """One training of a classifier, in evaluation mode, with the images of its data set."""

    name: str
    model: Classifier
    head: Head
    parts: Parts
    seed: int

    def predict(self, pixels: np.ndarray) -> Prediction:
        """The same draws for any set of images of one size."""
        return predict(self.model, self.head, torch.from_numpy(pixels), seed=self.seed)


def load_trainings(params: Params, workspace: Workspace, name: str) -> list[Trained]:
    """Every training of classifier ``name``, a seed each, in the order of the settings.

    Raises:
        MissingArtefact: one was not made.
        BadData: the weights are of other settings or images.
    """
    parts = read_parts(params, params.classifier(name).images, workspace.root)
    seeds = params.classifier_seeds(name)
    return [_loaded(params, workspace, name, parts, seed) for seed in seeds]


def _loaded(params: Params, workspace: Workspace, name: str, parts: Parts, seed: int) -> Trained:
    model, head = build(params, name, parts.train, seed)
    folder = workspace.classifier(name, seed)
    made_with = load_model_weights(folder, model)
    if differing := differences(made_with, identity(params, name, parts.train, seed)):
        raise BadData(
            f"{folder / META}: the weights are of other settings: {'; '.join(differing[:5])}; "
            f"run `vqax edl train {name} --seed {seed}` or restore these settings"
        )
    return Trained(name, model.eval(), head, parts, seed)


def build(params: Params, name: str, images: Images, seed: int) -> tuple[Classifier, Head]:
    """The untrained classifier and its head; a head that counts examples is told how many."""
    spec = params.classifier(name)
    kind = named(HEADS, spec.head.name, "head", "vqax.evidential.heads.HEADS")
    counted = {"examples": len(images.labels)} if "examples" in _names(kind) else {}
    head = kind(**{**counted, **spec.head.options})
    make = named(NETWORKS, spec.network.name, "network", "vqax.evidential.networks.NETWORKS")
    channels, *size = images.pixels.shape[1:]
    model = initialised(
        lambda: make(
            len(images.classes),
            **{"channels": channels, "size": tuple(size), "linear": head.linear},
            **spec.network.options,
        ),
        seed=seed,
    )
    return model, head


def _names(kind: Any) -> set[str]:
    return {field.name for field in fields(kind)}


def identity(params: Params, name: str, images: Images, seed: int) -> dict[str, Any]:
    """What makes weights this classifier's."""
    spec = params.classifier(name)
    labels = hashlib.sha256(images.labels.tobytes())
    return {
        "classifier": name,
        "network": spec.network.model_dump(mode="json"),
        "head": spec.head.model_dump(mode="json"),
        "training": params.classifier_training_of(name).model_dump(mode="json"),
        "seed": seed,
        "classes": list(images.classes),
        "images": params.images[spec.images].model_dump(mode="json", exclude={"folder", "label"}),
        "shape": list(images.pixels.shape),
        "labels": labels.hexdigest()[:16],
    }
