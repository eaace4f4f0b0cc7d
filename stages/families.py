"""Names in params.yaml that stand for code: models and their sizes, explainers, extractors."""

import inspect
from collections.abc import Collection
from typing import Any

from pydantic import ConfigDict, ValidationError, create_model

from stages.params import mistakes
from stages.tables import PRINTED
from vqax.explain import EXPLAINERS
from vqax.models import MODELS
from vqax.vision import GRIDS

GIVEN_BY_THE_STAGE = ("words", "answers", "visual_dim", "variance")


def unknown_members(raw: dict[str, Any]) -> list[str]:
    """One line for every name no family has; works on settings with other mistakes."""
    models = _mapping(raw, "models")
    used: list[tuple[str, Any, Collection[str]]] = [("models", name, MODELS) for name in models]
    used += [("tables", name, PRINTED) for name in _mapping(raw, "tables")]
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
    return wrong + [
        line for name, sizes in models.items() if name in MODELS for line in _sizes(name, sizes)
    ]


def _mapping(raw: dict[str, Any], section: str) -> dict[str, Any]:
    value = raw.get(section)
    return value if isinstance(value, dict) else {}


def _sizes(name: str, sizes: Any) -> list[str]:
    """What the model's constructor would not take."""
    fields = {
        key: (parameter.annotation, parameter.default)
        for key, parameter in inspect.signature(MODELS[name]).parameters.items()
        if key not in GIVEN_BY_THE_STAGE
    }
    settings = create_model(name, __config__=ConfigDict(extra="forbid", strict=True), **fields)
    try:
        settings.model_validate(sizes)
    except ValidationError as error:
        return [f"models.{name}.{line}" for line in mistakes(error)]
    return []
