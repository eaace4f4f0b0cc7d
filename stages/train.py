"""Stage ``train``: one run of params.yaml, from its data set to its weights and history."""

import hashlib
import json
import shutil
from typing import Any

from stages.models import build, identity
from stages.params import Objective as ObjectiveParams
from stages.params import Params, Training, named
from stages.prepare import load_prepared
from stages.workspace import Workspace
from vqax.files import write_parquet
from vqax.learning.batches import VqaDataset
from vqax.learning.certainty import CertaintySettings
from vqax.learning.loop import TrainSettings, train
from vqax.learning.objective import OBJECTIVES, Objective
from vqax.learning.optimiser import OptimiserSettings
from vqax.learning.weights import save_model
from vqax.vision import FeatureStore


def run(
    params: Params,
    workspace: Workspace,
    name: str,
    *,
    resume: bool = False,
    device: str = "cpu",
    workers: int = 2,
    progress: Any = None,
) -> dict[str, Any]:
    """Train run ``name``; leave model.safetensors, model.json and history.parquet.

    Checkpoints lie in a folder named after the settings, so a changed run starts anew and an
    interrupted one goes on; a finished one needs them no more.
    """
    spec = params.run(name)
    training = params.training_of(name)
    prepared = load_prepared(params, workspace, spec.dataset)
    store = FeatureStore(workspace.features(spec.dataset), extractor=params.features.extractor)
    parts = {
        part: VqaDataset(
            getattr(prepared, part), store, prepared.questions, prepared.answers,
            params.text.max_tokens,
        )
        for part in ("train", "validation")
    }  # fmt: skip
    model = build(params, name, prepared, store.width)
    who = identity(params, name, prepared, store)
    checkpoints = workspace.checkpoints(f"{name}-{_short_hash(who)}")
    history = train(
        model,
        objective(spec.objective),
        parts["train"],
        parts["validation"],
        train_settings(training, params.seed),
        checkpoint_dir=checkpoints,
        fingerprint=who,
        resume=resume,
        device=device,
        workers=workers,
        **({} if progress is None else {"progress": progress}),
    )
    out = workspace.run(name)
    write_parquet(out / "history.parquet", history.frame().assign(run=name))
    save_model(out, model, who)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return {
        "run": name,
        "questions": {part: len(dataset) for part, dataset in parts.items()},
        "without features": sum(len(dataset.skipped) for dataset in parts.values()),
        "best epoch": history.best_epoch(),
        "validation accuracy": max(history.curve("val", "accuracy").values(), default=None),
        "weights": str(out / "model.safetensors"),
    }


def objective(spec: ObjectiveParams) -> Objective:
    """What is minimised, from its section of params.yaml."""
    make = named(OBJECTIVES, spec.name, "objective", "vqax.learning.OBJECTIVES")
    if spec.name == "answer":
        return make()
    settings = spec.model_dump(exclude={"name", "certainty"})
    certainty = spec.certainty and CertaintySettings(**spec.certainty.model_dump())
    return make(**settings, certainty=certainty)


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
