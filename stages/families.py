"""Names in params.yaml that stand for code: models, objectives, explainers, extractors."""

import inspect
from collections.abc import Callable, Collection
from typing import Any

from pydantic import ConfigDict, ValidationError, create_model

from stages.analyse import FOR_DVC, own_options
from stages.analyses import ANALYSES
from stages.claims import PAPERS
from stages.edl import EXPERIMENTS
from stages.figures import COLLECT
from stages.params import mistakes
from stages.tables import PRINTED
from vqax.errors import UsageError
from vqax.evidential.heads import HEADS
from vqax.evidential.networks import NETWORKS
from vqax.evidential.sources import SOURCES
from vqax.explain import EXPLAINERS
from vqax.learning import NEEDS_EVIDENCE, NEEDS_VARIANCE, OBJECTIVES
from vqax.models import MODELS
from vqax.vision import GRIDS

# the stage explain hands out stored features; pictures only reach an analysis
OF_CELLS = [name for name, explainer in EXPLAINERS.items() if "pixels" not in explainer.needs]
NEEDED = inspect.Parameter.empty
GIVEN_BY_THE_CLASSIFIER = ("classes", "channels", "size", "linear", "weights", "examples")
GIVEN_BY_THE_STAGE = ("words", "answers", "visual_dim", "variance", "variance_input")


def unknown_members(raw: dict[str, Any]) -> list[str]:
    """One line for every name no family has; works on settings with other mistakes."""
    models, figures = _mapping(raw, "models"), []
    used: list[tuple[str, Any, Collection[str]]] = [("models", name, MODELS) for name in models]
    for study in _mapping(raw, "studies"):
        for section in ("tables", "added"):
            tables = _mapping(_mapping(_mapping(raw, "studies"), study), section)
            used += [(f"studies.{study}.{section}", name, PRINTED) for name in tables]
        report = _mapping(_mapping(_mapping(raw, "studies"), study), "report")
        where = f"studies.{study}.report"
        used += [(f"{where}.figures", name, COLLECT) for name in _mapping(report, "figures")]
        if report.get("claims") is not None:
            used.append((f"{where}.claims", report["claims"], PAPERS))
        figures += [(f"{where}.figures", *item) for item in _mapping(report, "figures").items()]
    analyses = {**_mapping(raw, "analyses"), **_mapping(raw, "region_analyses")}
    used += [("analyses", name, ANALYSES) for name in analyses]
    for name in analyses:
        rows = _mapping(_mapping(analyses, name), "rows")
        used += [
            (f"analyses.{name}.rows.{row}.method", source["method"], EXPLAINERS)
            for row, source in rows.items()
            if isinstance(source, dict) and "method" in source
        ]
    used += _classifier_names(raw)
    methods = _mapping(raw, "explain").get("methods")
    used += [
        ("explain.methods", name, OF_CELLS)
        for name in (methods if isinstance(methods, list) else [])
    ]
    used += [
        (f"grids.{name}.extractor", settings["extractor"], GRIDS)
        for name, settings in _mapping(raw, "grids").items()
        if isinstance(settings, dict) and "extractor" in settings
    ]
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
        for line in _analysis(name, options, grids=name in _mapping(raw, "analyses"))
    ]
    wrong += [
        line
        for where, name, options in figures
        if name in COLLECT
        for line in _call(f"{where}.{name}", COLLECT[name], options, ("measured",))
    ]
    wrong += _wrong_experiments(raw)
    wrong += _sizes(raw)
    return wrong + [
        line
        for kind in ("runs", "fine_tuned")
        for name, run in _mapping(raw, kind).items()
        for line in _objective(f"{kind}.{name}", run)
    ]


def _analysis(name: str, options: Any, *, grids: bool) -> list[str]:
    where, given = f"analyses.{name}", options if isinstance(options, dict) else {}
    lacking = [
        f"{where}.{key}: dvc.yaml reads it, name it"
        for key in FOR_DVC[: 1 + grids]
        if key not in given
    ]
    own = own_options(given)
    return lacking + _call(where, ANALYSES[name], own, ("params", "workspace"))


def _classifier_names(raw: dict[str, Any]) -> list[tuple[str, Any, Collection[str]]]:
    """Where pictures come from, what classifiers are made of, which experiments there are."""
    pictures, classifiers = _mapping(raw, "pictures"), _mapping(raw, "classifiers")
    used: list[tuple[str, Any, Collection[str]]] = [
        (f"pictures.{name}.source", _mapping(pictures, name).get("source"), SOURCES)
        for name in pictures
    ]
    for name in classifiers:
        for part, members in (("network", NETWORKS), ("head", HEADS)):
            chosen = _mapping(_mapping(classifiers, name), part).get("name")
            used.append((f"classifiers.{name}.{part}.name", chosen, members))
    return used + [("experiments", name, EXPERIMENTS) for name in _mapping(raw, "experiments")]


def _wrong_experiments(raw: dict[str, Any]) -> list[str]:
    """What is wrong with the options of networks, heads and experiments."""
    wrong = []
    classifiers = _mapping(raw, "classifiers")
    for name in classifiers:
        for part, members in (("network", NETWORKS), ("head", HEADS)):
            given = dict(_mapping(_mapping(classifiers, name), part))
            kind = given.pop("name", None)
            if kind in members:
                where = f"classifiers.{name}.{part}"
                wrong += _call(where, members[kind], given, GIVEN_BY_THE_CLASSIFIER)
    for name, options in _mapping(raw, "experiments").items():
        if name in EXPERIMENTS:
            skip = ("params", "workspace")
            wrong += _call(f"experiments.{name}", EXPERIMENTS[name], options, skip)
    return wrong


def _sizes(raw: dict[str, Any]) -> list[str]:
    """What is wrong with the sizes that runs override."""
    models = _mapping(raw, "models")
    return [
        line
        for kind in ("runs", "fine_tuned")
        for name, run in _mapping(raw, kind).items()
        if isinstance(run, dict) and run.get("sizes") and run.get("model") in MODELS
        for line in _call(
            f"{kind}.{name}.sizes",
            MODELS[run["model"]],
            {**_mapping(models, run["model"]), **_mapping(run, "sizes")},
            GIVEN_BY_THE_STAGE,
        )
    ]


def _objective(run: str, settings: Any) -> list[str]:
    """What is wrong with the objective of a run: its name, its options, or their values."""
    given = dict(_mapping(settings, "objective")) if isinstance(settings, dict) else {}
    name, where = given.pop("name", None), f"{run}.objective"
    if name not in OBJECTIVES:
        return [f"{where}.name: {name!r} is not one of {', '.join(OBJECTIVES)}"]
    wrong = _call(where, OBJECTIVES[name], given)
    if name in NEEDS_VARIANCE and settings.get("variance", "none") == "none":
        wrong.append(f"{run}.variance: objective {name} needs scalar or per_answer, not none")
    if name in NEEDS_EVIDENCE and settings.get("evidence", "none") == "none":
        wrong.append(f"{run}.evidence: objective {name} needs softplus, exp or relu, not none")
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


def _parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Its keyword arguments; of a class that passes others on, those of its base too."""
    every = dict(inspect.signature(function).parameters)
    passed_on = [key for key, one in every.items() if one.kind is inspect.Parameter.VAR_KEYWORD]
    if not passed_on or not isinstance(function, type) or function.__base__ is None:
        return every
    del every[passed_on[0]]
    return _parameters(function.__base__) | every


def _call(
    where: str, function: Callable[..., Any], given: Any, skip: Collection[str] = ()
) -> list[str]:
    """Which of the keyword arguments ``given`` the function would not take, or lacks."""
    fields: dict[str, Any] = {
        key: (parameter.annotation, ... if parameter.default is NEEDED else parameter.default)
        for key, parameter in _parameters(function).items()
        if key not in skip
    }
    settings = create_model(where, __config__=ConfigDict(extra="forbid", strict=True), **fields)
    try:
        settings.model_validate(given)
    except ValidationError as error:
        return [f"{where}.{line}" for line in mistakes(error)]
    return []
