"""Names in params.yaml that stand for code: models, objectives, explainers, extractors."""

import inspect
from collections.abc import Callable, Collection
from typing import Any

from pydantic import ConfigDict, ValidationError, create_model

from stages.analyses import ANALYSES
from stages.figures import COLLECT
from stages.params import mistakes
from stages.tables import PRINTED
from vqax.errors import UsageError
from vqax.explain import EXPLAINERS
from vqax.learning import OBJECTIVES
from vqax.models import MODELS
from vqax.vision import GRIDS

GIVEN_BY_THE_STAGE = ("words", "answers", "visual_dim", "variance", "variance_input")


def unknown_members(raw: dict[str, Any]) -> list[str]:
    """One line for every name no family has; works on settings with other mistakes."""
    models = _mapping(raw, "models")
    used: list[tuple[str, Any, Collection[str]]] = [("models", name, MODELS) for name in models]
    for study in _mapping(raw, "studies"):
        for section in ("tables", "added"):
            tables = _mapping(_mapping(_mapping(raw, "studies"), study), section)
            used += [(f"studies.{study}.{section}", name, PRINTED) for name in tables]
        figures = _mapping(_mapping(_mapping(_mapping(raw, "studies"), study), "report"), "figures")
        used += [(f"studies.{study}.report.figures", name, COLLECT) for name in figures]
    analyses = _mapping(raw, "analyses")
    used += [("analyses", name, ANALYSES) for name in analyses]
    methods = _mapping(raw, "explain").get("methods")
    used += [
        ("explain.methods", name, EXPLAINERS)
        for name in (methods if isinstance(methods, list) else [])
    ]
    if "extractor" in (features := _mapping(raw, "features")):
        used.append(("features.extractor", features["extractor"], GRIDS))
    wrong = [
        f"{where}: {name!r} is not one of {', '.join(known)}"
        for where, name, known in used
        if name not in known
    ]
    wrong += [
        line
        for name, sizes in models.items()
        if name in MODELS
        for line in _call(f"models.{name}", MODELS[name], sizes, GIVEN_BY_THE_STAGE)
    ]
    wrong += [
        line
        for name, options in analyses.items()
        if name in ANALYSES
        for line in _call(f"analyses.{name}", ANALYSES[name], options, ("params", "workspace"))
    ]
    return wrong + [
        line for name, run in _mapping(raw, "runs").items() for line in _objective(name, run)
    ]


def _objective(run: str, settings: Any) -> list[str]:
    """What is wrong with the objective of a run: its name, its options, or their values."""
    given = dict(_mapping(settings, "objective")) if isinstance(settings, dict) else {}
    name, where = given.pop("name", None), f"runs.{run}.objective"
    if name not in OBJECTIVES:
        return [f"{where}.name: {name!r} is not one of {', '.join(OBJECTIVES)}"]
    wrong = _call(where, OBJECTIVES[name], given)
    if wrong:
        return wrong
    try:
        OBJECTIVES[name](**given)
    except (TypeError, UsageError) as error:
        return [f"{where}: {error}"]
    return []


def _mapping(raw: dict[str, Any], section: str) -> dict[str, Any]:
    value = raw.get(section)
    return value if isinstance(value, dict) else {}


def _call(
    where: str, function: Callable[..., Any], given: Any, skip: Collection[str] = ()
) -> list[str]:
    """Which of the keyword arguments ``given`` the function would not take."""
    fields = {
        key: (parameter.annotation, parameter.default)
        for key, parameter in inspect.signature(function).parameters.items()
        if key not in skip
    }
    settings = create_model(where, __config__=ConfigDict(extra="forbid", strict=True), **fields)
    try:
        settings.model_validate(given)
    except ValidationError as error:
        return [f"{where}.{line}" for line in mistakes(error)]
    return []
