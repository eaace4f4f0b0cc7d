"""Stage ``train``: one run of params.yaml, from its data set to its weights and history."""

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import pandas as pd
from torch import nn

from project.dataset import Prepared, load_prepared
from project.device import checked
from project.feature_files import open_feature_file
from project.models import build, identity, trained
from project.params import Params, named
from project.questions import questions_of
from project.schema import Training
from project.workspace import Workspace
from vqax.data import Example, Skipped
from vqax.files import write_parquet
from vqax.learning import OBJECTIVES
from vqax.learning.checkpoint import remove_checkpoint
from vqax.learning.loop import silent, train
from vqax.learning.objective import check_objective
from vqax.learning.weights import save_model
from vqax.locks import locked
from vqax.settings import OptimiserSettings, TrainSettings
from vqax.vision import FeatureFile


def run(
    params: Params,
    workspace: Workspace,
    name: str,
    *,
    resume: bool = False,
    device: str = "cpu",
    workers: int = 2,
    progress: Any = None,
    note: Callable[[str], object] = silent,
) -> dict[str, Any]:
    """Train run ``name``; leave model.safetensors, model.json and history.parquet.

    Checkpoints lie in a folder named after the settings, so a changed run starts anew and an
    interrupted one goes on; a finished one needs them no more. ``note`` is told where one cannot
    be used.

    Raises:
        BadData: as ``vqax.learning.loop.train``; or another process trains this run.
    """
    options = {"resume": resume, "device": device, "workers": workers, "note": note}
    options |= {} if progress is None else {"progress": progress}
    params.run(name)  # before it becomes a path
    with locked(workspace.lock("runs", name)) if _writes() else nullcontext():
        return _train(params, workspace, name, **options)


def _train(
    params: Params, workspace: Workspace, name: str, *, device: str, **options: Any
) -> dict[str, Any]:
    spec = params.run(name)
    make = named(OBJECTIVES, spec.objective.name, "objective", "vqax.learning.OBJECTIVES")
    training = params.training_of(name)
    prepared = load_prepared(params, workspace, spec.dataset)
    feature_file = open_feature_file(params, workspace, spec.features)
    examples = {
        "train": share(prepared.train, spec.train_share, params.seed_of(name)),
        "validation": prepared.validation,
    }
    parts = {
        part: questions_of(params, name, examples[part], prepared, feature_file, workspace)
        for part in examples
    }
    model = starting_point(params, workspace, name, prepared, feature_file)
    fingerprint = identity(params, name, prepared, feature_file)
    objective = make(**spec.objective.options)
    if len(parts["train"]):
        check_objective(model, objective, parts["train"])
    checkpoints = workspace.checkpoints(f"{name}-{_short_hash(fingerprint)}")
    history = train(
        model,
        objective,
        parts["train"],
        parts["validation"],
        train_settings(training, params.seed_of(name)),
        checkpoint_dir=checkpoints,
        fingerprint=fingerprint,
        device=checked(device),
        **options,
    )
    out = workspace.run(name)
    if _writes():
        curves = history.frame()
        curves.insert(0, "run", name)
        write_parquet(out / "history.parquet", curves)
        skipped = [record for dataset in parts.values() for record in dataset.skipped]
        write_parquet(out / "skipped.parquet", pd.DataFrame(skipped, columns=Skipped._fields))
        save_model(out, model, fingerprint)
        remove_checkpoint(checkpoints)
    return {
        "run": name,
        "questions": {part: len(dataset) for part, dataset in parts.items()},
        "without features": sum(len(dataset.skipped) for dataset in parts.values()),
        "best epoch": history.best_epoch(),
        "validation accuracy": max(history.curve("val", "accuracy").values(), default=None),
        "weights": str(out / "model.safetensors"),
    }


def _writes() -> bool:
    """Under torchrun one process writes for all."""
    return os.environ.get("RANK", "0") == "0"


def starting_point(
    params: Params, workspace: Workspace, name: str, prepared: Prepared, feature_file: FeatureFile
) -> nn.Module:
    """The untrained model of a run; of a fine-tuned one, its backbone as training left it.

    Raises:
        MissingArtefact: the backbone is not trained.
        BadData: its weights are of other settings or data than params.yaml has now.
    """
    run = params.run(name)
    if run.backbone_run is not None and not run.fresh:
        backbone = workspace.run(run.backbone_run)
        return trained(params, run.backbone_run, prepared, feature_file, backbone)
    return build(params, name, prepared, feature_file.width)


def share(examples: list[Example], part: float, seed: int) -> list[Example]:
    """The questions about a seeded ``part`` of the images; a smaller one lies in a larger."""
    images = np.unique([example.image_id for example in examples])
    order = np.random.default_rng(seed).permutation(images)
    kept = set(order[: max(1, round(part * len(order)))].tolist())
    return [example for example in examples if example.image_id in kept]


def train_settings(training: Training, seed: int) -> TrainSettings:
    """The loop's settings; the variance head may have an optimiser of its own."""
    settings = training.model_dump(exclude={"optimiser", "variance_optimiser"})
    own = training.variance_optimiser
    return TrainSettings(
        **settings,
        seed=seed,
        optimiser=OptimiserSettings(**training.optimiser.model_dump()),
        groups={} if own is None else {"variance": OptimiserSettings(**own.model_dump())},
    )


def _short_hash(value: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:8]
