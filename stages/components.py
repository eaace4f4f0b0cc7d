"""Names in params.yaml that stand for code: models, objectives, explainers, extractors."""

import inspect
from collections.abc import Callable, Collection, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

import studies
from project.params import Params, checked, mistakes
from project.references import all_analyses, not_one_of, section, training_runs
from project.settings_files import read_whole
from stages.analyses import FOR_DVC, own_options
from vqax.errors import UsageError
from vqax.evidential.heads import HEADS
from vqax.evidential.networks import NETWORKS
from vqax.evidential.sources import SOURCES
from vqax.explain import EXPLAINERS
from vqax.learning import NEEDS_EVIDENCE, NEEDS_KEY_OBJECTS, NEEDS_VARIANCE, OBJECTIVES
from vqax.models import MODELS
from vqax.vision import GRIDS

# the stage explain hands out stored features; images only reach an analysis
OF_CELLS = [name for name, explainer in EXPLAINERS.items() if "pixels" not in explainer.needs]
NEEDED = inspect.Parameter.empty
GIVEN_BY_THE_CLASSIFIER = ("classes", "channels", "size", "linear", "weights", "examples")
GIVEN_BY_THE_STAGE = ("words", "answers", "visual_dim", "variance", "variance_input")


def load_whole(path: Path = Path("params.yaml")) -> Params:
    """As ``params.load``, and names that stand for code are checked too; that imports torch.

    Raises:
        MissingArtefact: no such file.
        UsageError: as ``check_whole``.
    """
    return check_whole(read_whole(path), str(path))


def check_whole(raw: dict[str, Any], source: str) -> Params:
    """The settings of ``source``.

    Raises:
        UsageError: every unknown, missing or wrong entry, one line each.
    """
    return checked(raw, source, unknown_members(raw))


def unknown_members(raw: dict[str, Any]) -> list[str]:
    """One line for every name no family has; works on settings with other mistakes."""
    unknown = [
        not_one_of(where, name, known)
        for where, name, known in _used(raw)
        if not (isinstance(name, str) and name in known)
    ]
    wrong = (_wrong_options, _wrong_experiments, _sizes, _objectives)
    return [*unknown, *(line for check in wrong for line in check(raw))]


def _used(raw: dict[str, Any]) -> Iterator[tuple[str, Any, Collection[str]]]:
    """Where a name stands for code, the name, and the family it should be of."""
    yield from (("models", name, MODELS) for name in section(raw, "models"))
    yield from _used_by_studies(raw)
    for name, options in all_analyses(raw).items():
        yield "analyses", name, studies.analyses()
        for row, source in section(options, "rows").items():
            if isinstance(source, dict) and "method" in source:
                yield f"analyses.{name}.rows.{row}.method", source["method"], EXPLAINERS
    yield from _classifier_names(raw)
    methods = section(raw, "explain").get("methods")
    for name in methods if isinstance(methods, list) else []:
        yield "explain.methods", name, OF_CELLS
    for name, settings in section(raw, "grids").items():
        if isinstance(settings, dict) and "extractor" in settings:
            yield f"grids.{name}.extractor", settings["extractor"], GRIDS


def _used_by_studies(raw: dict[str, Any]) -> Iterator[tuple[str, Any, Collection[str]]]:
    for name, study in section(raw, "studies").items():
        for part in ("tables", "extra_tables"):
            for table in section(study, part):
                yield f"studies.{name}.{part}", table, studies.tables()
        report, where = section(study, "report"), f"studies.{name}.report"
        yield from (
            (f"{where}.figures", one, studies.figures()) for one in section(report, "figures")
        )
        if report.get("claims") is not None:
            yield f"{where}.claims", report["claims"], studies.claim_rules()


def _wrong_options(raw: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the options of models, analyses and figures."""
    for name, sizes in section(raw, "models").items():
        if name in MODELS:
            yield from _call(f"models.{name}", MODELS[name], sizes, GIVEN_BY_THE_STAGE)
    for name, options in all_analyses(raw).items():
        if name in studies.analyses():
            yield from _analysis(name, options, grids=name in section(raw, "analyses"))
    for name, study in section(raw, "studies").items():
        where = f"studies.{name}.report.figures"
        for figure, options in section(section(study, "report"), "figures").items():
            if figure in studies.figures():
                yield from _call(
                    f"{where}.{figure}", studies.figures()[figure], options, ("measured",)
                )


def _analysis(name: str, options: Any, *, grids: bool) -> list[str]:
    where, given = f"analyses.{name}", options if isinstance(options, dict) else {}
    lacking = [
        f"{where}.{key}: dvc.yaml reads it, name it"
        for key in (FOR_DVC if grids else FOR_DVC[:2])
        if key not in given
    ]
    own = own_options(given)
    return lacking + _call(where, studies.analyses()[name], own, ("params", "workspace"))


def _classifier_names(raw: dict[str, Any]) -> list[tuple[str, Any, Collection[str]]]:
    """Where images come from, what classifiers are made of, which experiments there are."""
    images, classifiers = section(raw, "images"), section(raw, "classifiers")
    used: list[tuple[str, Any, Collection[str]]] = [
        (f"images.{name}.source", section(images, name).get("source"), SOURCES) for name in images
    ]
    for name in classifiers:
        for part, members in (("network", NETWORKS), ("head", HEADS)):
            chosen = section(section(classifiers, name), part).get("name")
            used.append((f"classifiers.{name}.{part}.name", chosen, members))
    return used + [
        ("experiments", name, studies.experiments()) for name in section(raw, "experiments")
    ]


def _wrong_experiments(raw: dict[str, Any]) -> list[str]:
    """What is wrong with the options of networks, heads and experiments."""
    wrong = []
    classifiers = section(raw, "classifiers")
    for name in classifiers:
        for part, members in (("network", NETWORKS), ("head", HEADS)):
            given = dict(section(section(classifiers, name), part))
            kind = given.pop("name", None)
            if isinstance(kind, str) and kind in members:
                where = f"classifiers.{name}.{part}"
                wrong += _call(where, members[kind], given, GIVEN_BY_THE_CLASSIFIER)
    for name, options in section(raw, "experiments").items():
        if name in studies.experiments():
            skip = ("params", "workspace")
            wrong += _call(f"experiments.{name}", studies.experiments()[name], options, skip)
    return wrong


def _sizes(raw: dict[str, Any]) -> list[str]:
    """What is wrong with the sizes that runs override; those of `models` are told there."""
    wrong = []
    for run, settings in training_runs(raw).values():
        model, where = settings.get("model"), f"{run}.sizes"
        if settings.get("sizes") and str(model) in MODELS:
            shared = section(section(raw, "models"), model)
            told = _call(where, MODELS[model], shared, GIVEN_BY_THE_STAGE)
            sizes = {**shared, **section(settings, "sizes")}
            lines = _call(where, MODELS[model], sizes, GIVEN_BY_THE_STAGE)
            wrong += [line for line in lines if line not in told]
    return wrong


def _objectives(raw: dict[str, Any]) -> list[str]:
    runs = training_runs(raw).values()
    return [line for where, run in runs for line in _objective(where, run)]


def _objective(run: str, settings: Any) -> list[str]:
    """What is wrong with the objective of a run: its name, its options, or their values."""
    given = dict(section(settings, "objective"))
    name, where = given.pop("name", None), f"{run}.objective"
    if not isinstance(name, str) or name not in OBJECTIVES:
        return [not_one_of(f"{where}.name", name, OBJECTIVES)]
    wrong = _call(where, OBJECTIVES[name], given)
    if name in NEEDS_VARIANCE and settings.get("variance", "none") == "none":
        wrong.append(f"{run}.variance: objective {name} needs scalar or per_answer, not none")
    if name in NEEDS_EVIDENCE and settings.get("evidence", "none") == "none":
        wrong.append(f"{run}.evidence: objective {name} needs softplus, exp or relu, not none")
    if name in NEEDS_KEY_OBJECTS and settings.get("key_objects", "none") == "none":
        wrong.append(f"{run}.key_objects: objective {name} needs an entry of key_objects, not none")
    if wrong:
        return wrong
    try:
        OBJECTIVES[name](**given)
    except (TypeError, UsageError) as error:
        return [f"{where}: {error}"]
    return []


def _parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Its keyword arguments; of a class that passes others on, those of its base too."""
    every = dict(inspect.signature(function).parameters)
    passed_on = [key for key, one in every.items() if one.kind is inspect.Parameter.VAR_KEYWORD]
    if not passed_on or not isinstance(function, type) or function.__base__ is None:
        return every
    del every[passed_on[0]]
    return _parameters(function.__base__) | every


def _call(
    where: str, function: Callable[..., Any], given: Any, skip: tuple[str, ...] = ()
) -> list[str]:
    """Which of the keyword arguments ``given`` the function would not take, or lacks."""
    try:
        _options(function, skip).model_validate(given)
    except ValidationError as error:
        return [f"{where}.{line}" for line in mistakes(error)]
    return []


@cache
def _options(function: Callable[..., Any], skip: tuple[str, ...]) -> type[BaseModel]:
    """The keyword arguments of a function as settings; made once, for many runs call the same."""
    fields: dict[str, Any] = {
        key: (parameter.annotation, ... if parameter.default is NEEDED else parameter.default)
        for key, parameter in _parameters(function).items()
        if key not in skip
    }
    strict = ConfigDict(extra="forbid", strict=True)
    return create_model("Options", __config__=strict, **fields)
