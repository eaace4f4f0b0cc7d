"""Stage ``classify``: train one classifier of params.yaml."""

from typing import Any

import torch

from project.params import Params
from project.workspace import Workspace
from studies.edl.images import Parts, read_parts
from studies.edl.trained import build, identity
from vqax.evidential.heads import predict
from vqax.evidential.images import Images
from vqax.evidential.train import accuracy, train
from vqax.files import write_parquet
from vqax.learning.weights import save_model
from vqax.locks import locked
from vqax.settings import ClassifierTraining


def run(params: Params, workspace: Workspace, name: str, *, progress: Any = None) -> dict[str, Any]:
    """Train classifier ``name``; leave model.safetensors, model.json and history.parquet.

    The test images are looked at once, after the last epoch, for the summary.

    Raises:
        BadData: another process trains this classifier.
    """
    params.classifier(name)  # before it becomes a path
    with locked(workspace.lock("classifiers", name)):
        return _train(params, workspace, name, progress)


def _train(params: Params, workspace: Workspace, name: str, progress: Any) -> dict[str, Any]:
    spec = params.classifier(name)
    parts = read_parts(params, spec.images, workspace.root)
    seed = params.seed if spec.seed is None else spec.seed
    model, head = build(params, name, parts.train, seed)
    settings = ClassifierTraining(seed=seed, **params.classifier_training_of(name).model_dump())
    history = train(model, *tensors(parts.train), head, settings, progress=progress)
    out = workspace.classifier(name)
    curves = history.frame()
    curves.insert(0, "run", name)
    write_parquet(out / "history.parquet", curves)
    save_model(out, model, identity(params, name, parts.train, seed))
    pixels, labels = tensors(parts.test)
    found = predict(model, head, pixels, seed=seed)
    return {
        "classifier": name,
        "images": _sizes(parts),
        "test accuracy": accuracy(found.label, labels),
        "mean uncertainty": found.uncertainty.mean().item(),
    }


def tensors(images: Images) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.from_numpy(images.pixels), torch.from_numpy(images.labels)


def _sizes(parts: Parts) -> dict[str, int]:
    return {part: len(found.labels) for part, found in parts._asdict().items()}
