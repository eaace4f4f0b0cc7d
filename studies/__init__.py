"""The papers: a folder each. A new paper is its folder, and its name among the `folders` of
params.yaml.

Modules that a paper's folder may have, and what is read from them:

    tables.py       NAME, TABLES, NOTES     its printed tables, and those added to them
    claims.py       RULES, NOT_TRAINED      claim_id -> the rule that tests it; what is not trained
    figures.py      FIGURES                 figure -> what collects the frames it is drawn from
    analyses.py     ANALYSES                what is measured on trained runs beyond their scores
    experiments.py  EXPERIMENTS             what is measured on trained classifiers

Each is imported when it is needed: a claim is tested without what draws a figure.
"""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from vqax.report.captions import Captions

if TYPE_CHECKING:
    from project.tables import Table
    from vqax.claims.rules import Rule
    from vqax.report.frames import Part

PAPERS = tuple(sorted(module.name for module in iter_modules(__path__) if module.ispkg))

Measurement = Callable[..., dict[str, Any]]
"""``run(params, workspace, **options) -> summary``; the options stand in the settings."""


def tables() -> "dict[str, Table]":
    """``paper/name`` -> the metrics and the caption of that table."""
    return {
        f"{paper}/{name}": table
        for paper, found in _of_each("tables", "TABLES").items()
        for name, table in found.items()
    }


def notes() -> dict[str, str]:
    """Metric -> what a table says beside its values."""
    return _merged("tables", "NOTES")


def captions() -> Captions:
    """What the papers and their tables are called."""
    return Captions(
        papers=_of_each("tables", "NAME"),
        tables={name: table.caption for name, table in tables().items()},
    )


def claim_rules() -> "dict[str, Mapping[str, Rule]]":
    """Paper -> the rule of each of its claims."""
    return _of_each("claims", "RULES")


def not_trained() -> dict[str, tuple[str, ...]]:
    """Paper -> patterns of the rows of its analyses that no training made."""
    return _of_each("claims", "NOT_TRAINED")


def figures() -> "dict[str, Callable[..., list[Part]]]":
    """Figure -> what collects the frames it is drawn from."""
    return _merged("figures", "FIGURES")


def analyses() -> dict[str, Measurement]:
    """What is asked of trained runs beyond the maps and scores that every run gets.

    An analysis leaves Parquet files in data/analyses/NAME; one called metrics.parquet, with
    ``run`` = "NAME/row", may be a row of a table.
    """
    return _merged("analyses", "ANALYSES")


def experiments() -> dict[str, Measurement]:
    """What is asked of trained classifiers; the files are those of an analysis.

    image_values.parquet holds a row for each image and ``row``.
    """
    return _merged("experiments", "EXPERIMENTS")


def _merged(module: str, name: str) -> dict[str, Any]:
    return {key: one for part in _of_each(module, name).values() for key, one in part.items()}


@cache
def _of_each(module: str, name: str) -> dict[str, Any]:
    """Paper -> ``name`` in its ``module``, of the papers that have it."""
    paths = {paper: f"{__name__}.{paper}.{module}" for paper in PAPERS}
    modules = {paper: import_module(path) for paper, path in paths.items() if find_spec(path)}
    return {paper: getattr(found, name) for paper, found in modules.items() if hasattr(found, name)}
