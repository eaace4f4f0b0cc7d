"""From the settings to plans: the one place where a stage that is named a run learns what it is."""

from dataclasses import fields
from typing import Any

from project.params import Params, named
from project.plan import (
    DataPlan,
    ExplainPlan,
    FeaturePlan,
    ModelPlan,
    ObjectivePlan,
    OfficialFolder,
    RunPlan,
    ScorePlan,
)
from project.schema import Dataset, Grid, Run, Training
from project.workspace import Workspace
from vqax.data import VqaFolder
from vqax.data.vqa_cp import open_folder
from vqax.settings import OPTIONS_OF, OptimiserSettings, TrainSettings


def data_plan(params: Params, workspace: Workspace, name: str) -> DataPlan:
    """Data set ``name``; raises UsageError if the settings have none."""
    spec = named(params.datasets, name, "data set", "params.yaml: datasets")
    return DataPlan(
        folder=workspace.dataset(name),
        base=workspace.root,
        test=OfficialFolder(
            workspace.root / spec.root,
            spec.test or spec.train,
            None if spec.images is None else workspace.root / spec.images,
            spec.version,
        ),
        accuracy=spec.accuracy,
    )


def folders(spec: Dataset, workspace: Workspace) -> tuple[VqaFolder, VqaFolder]:
    """The official folders that hold the train and the test images (maybe the same)."""
    root = workspace.root / spec.root
    images = None if spec.images is None else workspace.root / spec.images
    train = open_folder(root, spec.train, images, spec.version)
    if spec.test is None:
        return train, train
    return train, open_folder(root, spec.test, images, spec.version)


def feature_plan(params: Params, workspace: Workspace, name: str) -> FeaturePlan:
    """Feature file ``name``; raises UsageError if the settings have none."""
    path = workspace.features(name)
    if name in params.imported_regions:
        return FeaturePlan(name, path, extractor=None)
    if name in params.regions:
        detector = params.regions[name].detector
        return FeaturePlan(name, path, detector, detector=workspace.detector(detector))
    grid: Grid = named(params.grids, name, "store of features", "params.yaml: grids")
    return FeaturePlan(name, path, grid.extractor, grid)


def run_plan(params: Params, workspace: Workspace, name: str) -> RunPlan:
    """Run ``name`` with those it starts from; raises UsageError if the settings have none."""
    run = params.run(name)
    backbone = run.backbone_run
    return RunPlan(
        name=name,
        data=data_plan(params, workspace, run.dataset),
        features=feature_plan(params, workspace, run.features),
        model=_model(params, name),
        objective=_objective(workspace, run),
        training=train_settings(params.training_of(name), params.seed_of(name)),
        train_share=run.train_share,
        backbone=None if backbone is None else run_plan(params, workspace, backbone),
        fresh=run.fresh,
        origin=_origin(params, run),
        settings=_settings(params, name),
        folder=workspace.run(name),
        checkpoints=workspace.checkpoints(name),
        lock=workspace.lock("runs", name),
    )


def explain_plan(params: Params, workspace: Workspace, name: str) -> ExplainPlan:
    """What the stage ``explain`` makes of run ``name``."""
    settings = params.explain
    return ExplainPlan(
        run=run_plan(params, workspace, name),
        methods=settings.methods,
        samples=settings.samples,
        batch_size=settings.batch_size,
        out=workspace.explanation(name),
    )


def score_plan(params: Params, workspace: Workspace, name: str) -> ScorePlan:
    """What the stage ``score`` makes of run ``name``."""
    return ScorePlan(
        run=name,
        data=workspace.dataset(params.run(name).dataset),
        explanations=workspace.explanation(name),
        out=workspace.scores(name),
        emd_questions=params.score.emd_questions,
        resamples=params.score.resamples,
        seed=params.seed,
    )


def _model(params: Params, name: str) -> ModelPlan:
    run = params.run(name)
    return ModelPlan(
        kind=run.model,
        sizes=params.sizes_of(name),
        variance=run.variance,
        variance_input=run.variance_input,
        evidence=run.evidence,
        vectors=params.text.vectors,
        max_tokens=params.text.max_tokens,
    )


def _objective(workspace: Workspace, run: Run) -> ObjectivePlan:
    mined = None if run.key_objects == "none" else workspace.key_objects(run.key_objects)
    return ObjectivePlan(run.objective.name, run.objective.options, mined)


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


def _origin(params: Params, run: Run) -> dict[str, Any]:
    """What a run sees besides its questions: other weights if any of it changes."""
    if run.key_objects == "none":
        return {}
    return {"key_objects": params.key_objects[run.key_objects].model_dump(mode="json")}


def _settings(params: Params, name: str) -> dict[str, Any]:
    """What of the settings makes weights this run's, but for what it starts from."""
    run = params.run(name)
    return {
        "model": run.model,
        "sizes": params.sizes_of(name),
        "objective": run.objective.model_dump(mode="json"),
        "variance": run.variance,
        "variance_input": run.variance_input,
        **({} if run.evidence == "none" else {"evidence": run.evidence}),
        "train_share": run.train_share,
        "training": _training(params.training_of(name)),
        "text": params.text.model_dump(mode="json"),
        "seed": params.seed_of(name),
    }


def _training(training: Training) -> dict[str, Any]:
    """The training settings; what only some optimisers have is named where it is not usual."""
    usual = {field.name: field.default for field in fields(OptimiserSettings)}
    special = {option for options in OPTIONS_OF.values() for option in options}
    value = training.model_dump(mode="json")
    for key in ("optimiser", "variance_optimiser"):
        settings = getattr(training, key)
        for option in special if settings is not None else ():
            if getattr(settings, option) == usual[option]:
                del value[key][option]
    return value
