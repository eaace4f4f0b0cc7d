"""``vqax runs``: what the settings define, and how far each run has come."""

from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from project.params import Params
from project.schema import Run
from project.workspace import Workspace
from vqax.files import read_json

MAIN_SCORE = "accuracy_all"
STATUSES = ("not trained", "trained", "explained", "scored")
Entry = dict[str, Any]


def run(
    params: Params,
    workspace: Workspace,
    *,
    group: str | None = None,
    study: str | None = None,
    stale: Collection[str] | None = None,
) -> dict[str, Entry]:
    """Run -> group, data, model, objective, status, main score; in the order of the settings.

    ``group`` and ``study`` keep the runs of one, ``stale`` those of which such a stage is among it.

    Raises:
        UsageError: no such study.
    """
    groups = None if study is None else params.study(study).groups
    return {
        name: entry(params, workspace, name)
        for name, spec in params.runs.items()
        if group in (None, spec.group)
        and (groups is None or spec.group in groups)
        and (stale is None or _is_among(name, stale))
    }


def entry(params: Params, workspace: Workspace, name: str) -> Entry:
    """What a list says of a run."""
    spec = params.run(name)
    status = status_of(workspace, name)
    return {
        "group": spec.group,
        "dataset": spec.dataset,
        "model": spec.model,
        "objective": objective_in_words(spec),
        "status": status,
        "trained": status != STATUSES[0],
        MAIN_SCORE: main_score(workspace, params.studies, name),
    }


def details(params: Params, workspace: Workspace, name: str) -> Entry:
    """All there is to say of a run: also its settings, its studies, and where its files are."""
    spec = params.run(name)
    studies = [study for study, one in params.studies.items() if spec.group in one.groups]
    return {
        "run": name,
        "label": params.label(name),
        **entry(params, workspace, name),
        "features": spec.features,
        "backbone": spec.backbone_run or "none",
        "seed": params.seed_of(name),
        "options of the model": params.sizes_of(name),
        "training": params.training_of(name).model_dump(mode="json", exclude_none=True),
        "studies": studies,
        "files": [str(path) for path in _outputs(workspace, name) if path.exists()],
    }


def status_of(workspace: Workspace, name: str) -> str:
    """How far a run has come by the files there are; whether they are stale DVC knows."""
    there = [path.exists() for path in _outputs(workspace, name)]
    return STATUSES[next((i for i in range(len(there), 0, -1) if there[i - 1]), 0)]


def _outputs(workspace: Workspace, name: str) -> list[Path]:
    """What training, explaining and scoring leave, in this order."""
    return [
        workspace.run(name) / "model.safetensors",
        workspace.explanation(name) / "predictions.parquet",
        workspace.scores(name) / "metrics.parquet",
    ]


def main_score(workspace: Workspace, studies: Iterable[str], name: str) -> float | None:
    """Accuracy over all questions, of the first study that measured it; None: not yet."""
    values = (_metrics(workspace.study(study) / "metrics.json").get(name, {}) for study in studies)
    return next((value[MAIN_SCORE] for value in values if MAIN_SCORE in value), None)


@cache
def _metrics(path: Path) -> dict[str, dict[str, float]]:
    return read_json(path) if path.exists() else {}


def objective_in_words(run: Run) -> str:
    """What is minimised, with options: ``uncertainty (source predictive, certainty: gain 1)``."""
    options = ", ".join(f"{_words(key)}{_value(value)}" for key, value in _options(run).items())
    return _words(run.objective.name) + (f" ({options})" if options else "")


def _options(run: Run) -> dict[str, Any]:
    return {key: value for key, value in run.objective.options.items() if value is not None}


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ": " + ", ".join(f"{_words(key)}{_value(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return " " + " + ".join(map(_words, value))
    return f" {value:g}" if isinstance(value, float) else f" {_words(value)}"


def _words(name: object) -> str:
    return str(name).replace("_", " ")


def _is_among(name: str, stages: Collection[str]) -> bool:
    return any(f"{kind}@{name}" in stages for kind in ("train", "explain", "score"))
