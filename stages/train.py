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
from project.params import Params
from project.plan import RunPlan
from project.questions import questions_of
from project.resolve import run_plan
from project.workspace import Workspace
from vqax.data import Example, Skipped
from vqax.files import write_parquet
from vqax.learning import OBJECTIVES
from vqax.learning.checkpoint import remove_checkpoint
from vqax.learning.history import History
from vqax.learning.loop import silent, train
from vqax.learning.objective import check_objective
from vqax.learning.weights import save_model
from vqax.locks import locked
from vqax.models.options import option
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
    on_epoch: Callable[[int, dict[str, float]], None] = silent,
    note: Callable[[str], object] = silent,
) -> dict[str, Any]:
    """Train run ``name``; leave model.safetensors, model.json and history.parquet.

    Checkpoints lie in a folder named after the settings, so a changed run starts anew and an
    interrupted one goes on; a finished one needs them no more. ``note`` is told where one cannot
    be used, ``on_epoch`` what was measured in each epoch.

    Raises:
        BadData: as ``vqax.learning.loop.train``; or another process trains this run.
    """
    plan = run_plan(params, workspace, name)
    options = {"resume": resume, "device": device, "workers": workers}
    options |= {"note": note, "on_epoch": on_epoch}
    options |= {} if progress is None else {"progress": progress}
    with locked(plan.lock) if _writes() else nullcontext():
        return _train(plan, **options)


def _train(plan: RunPlan, *, device: str, **options: Any) -> dict[str, Any]:
    prepared, feature_file = load_prepared(plan.data), open_feature_file(plan.features)
    examples = {
        "train": share(prepared.train, plan.train_share, plan.seed),
        "validation": prepared.validation,
    }
    parts = {
        part: questions_of(plan, found, prepared, feature_file, to_train=True)
        for part, found in examples.items()
    }
    model, fingerprint = (
        starting_point(plan, prepared, feature_file),
        identity(plan, prepared, feature_file),
    )
    objective = option(OBJECTIVES, plan.objective.name, "objective")(**plan.objective.options)
    if len(parts["train"]):
        check_objective(model, objective, parts["train"])
    checkpoints = plan.checkpoints.with_name(f"{plan.name}-{_short_hash(fingerprint)}")
    history = train(
        model,
        objective,
        parts["train"],
        parts["validation"],
        plan.training,
        checkpoint_dir=checkpoints,
        fingerprint=fingerprint,
        device=checked(device),
        **options,
    )
    if _writes():
        _write(plan, history, [one for dataset in parts.values() for one in dataset.skipped])
        save_model(plan.folder, model, fingerprint)
        remove_checkpoint(checkpoints)
    return {
        "run": plan.name,
        "questions": {part: len(dataset) for part, dataset in parts.items()},
        "without features": sum(len(dataset.skipped) for dataset in parts.values()),
        "best epoch": history.best_epoch(),
        "validation accuracy": max(history.curve("val", "accuracy").values(), default=None),
        "weights": str(plan.folder / "model.safetensors"),
    }


def _write(plan: RunPlan, history: History, skipped: list[Skipped]) -> None:
    curves = history.frame()
    curves.insert(0, "run", plan.name)
    write_parquet(plan.folder / "history.parquet", curves)
    lost = pd.DataFrame(skipped, columns=Skipped._fields)
    write_parquet(plan.folder / "skipped.parquet", lost)


def _writes() -> bool:
    """Under torchrun one process writes for all."""
    return os.environ.get("RANK", "0") == "0"


def starting_point(plan: RunPlan, prepared: Prepared, feature_file: FeatureFile) -> nn.Module:
    """The untrained model of a run; of a fine-tuned one, its backbone as training left it.

    Raises:
        MissingArtefact: the backbone is not trained.
        BadData: its weights are of other settings or data than params.yaml has now.
    """
    if plan.backbone is not None and not plan.fresh:
        return trained(plan.backbone, prepared, feature_file)
    return build(plan, prepared, feature_file.width)


def share(examples: list[Example], part: float, seed: int) -> list[Example]:
    """The questions about a seeded ``part`` of the images; a smaller one lies in a larger."""
    images = np.unique([example.image_id for example in examples])
    order = np.random.default_rng(seed).permutation(images)
    kept = set(order[: max(1, round(part * len(order)))].tolist())
    return [example for example in examples if example.image_id in kept]


def _short_hash(value: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:8]
