"""Stage ``classify``: one training of a classifier of the settings."""

from typing import Any

import torch

from project.params import Params
from project.workspace import Workspace
from studies.edl.images import Parts, read_parts
from studies.edl.trained import build, identity
from vqax.errors import UsageError
from vqax.evidential.heads import predict
from vqax.evidential.images import Images
from vqax.evidential.train import accuracy, train
from vqax.files import write_parquet
from vqax.learning.weights import save_model
from vqax.locks import locked
from vqax.settings import ClassifierTraining


def run(
    params: Params, workspace: Workspace, name: str, seed: int, *, progress: Any = None
) -> dict[str, Any]:
    """Train classifier ``name`` with ``seed``; leave model.safetensors, .json, history.parquet.

    The test images are looked at once, after the last epoch, for the summary.

    Raises:
        UsageError: the settings have no such classifier, or give it no such seed.
        BadData: another process makes this training.
    """
    seeds = params.classifier_seeds(name)  # before it becomes a path
    if seed not in seeds:
        raise UsageError(
            f"classifiers.{name}.seeds: has no {seed}, only {', '.join(map(str, seeds))}; add it"
        )
    with locked(workspace.lock("classifiers", f"{name}_seed{seed}")):
        return _train(params, workspace, name, seed, progress)


def _train(
    params: Params, workspace: Workspace, name: str, seed: int, progress: Any
) -> dict[str, Any]:
    parts = read_parts(params, params.classifier(name).images, workspace.root)
    model, head = build(params, name, parts.train, seed)
    settings = ClassifierTraining(seed=seed, **params.classifier_training_of(name).model_dump())
    history = train(model, *tensors(parts.train), head, settings, progress=progress)
    out = workspace.classifier(name, seed)
    curves = history.frame()
    curves.insert(0, "run", name)
    write_parquet(out / "history.parquet", curves)
    save_model(out, model, identity(params, name, parts.train, seed))
    pixels, labels = tensors(parts.test)
    found = predict(model, head, pixels, seed=seed)
    return {
        "classifier": name,
        "seed": seed,
        "images": _sizes(parts),
        "test accuracy": accuracy(found.label, labels),
        "mean uncertainty": found.uncertainty.mean().item(),
    }


def tensors(images: Images) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.from_numpy(images.pixels), torch.from_numpy(images.labels)


def _sizes(parts: Parts) -> dict[str, int]:
    return {part: len(found.labels) for part, found in parts._asdict().items()}
