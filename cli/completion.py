"""Names that a shell completes: of runs, studies, tables, profiles, methods and metrics."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from cli.cache import kept
from vqax.errors import VqaxError

PARAMS = Path("params.yaml")
SETTINGS = (PARAMS, Path("studies"))


def completes(*kinds: str) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """The names of these kinds; none in a folder without settings, or with wrong ones."""

    def complete(
        _ctx: click.Context, _parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return [
            CompletionItem(name)
            for kind in kinds
            for name in names_of(kind)
            if name.startswith(incomplete)
        ]

    return complete


def names_of(kind: str) -> list[str]:
    """Every name of a kind, a key of ``NAMES`` or a section of the settings."""
    make = NAMES.get(kind, lambda: _of_section(kind))
    try:
        names: list[str] = kept(["names", kind], SETTINGS, lambda: list(make()))
    except (VqaxError, OSError):
        return []
    return names


def _of_section(name: str) -> dict[str, Any]:
    from project.references import section
    from project.settings_files import read_whole

    return section(read_whole(PARAMS), name)


def _tables() -> Iterable[str]:
    studies = _of_section("studies").values()
    return {table: None for study in studies for table in study.get("tables", {})}


def _analyses() -> Iterable[str]:
    return [*_of_section("analyses"), *_of_section("region_analyses")]


def _profiles() -> Iterable[str]:
    return sorted(path.stem for path in Path("profiles").glob("*.yaml"))


def _methods() -> Iterable[str]:
    from vqax.explain import EXPLAINERS, WORD_EXPLAINERS

    return [*EXPLAINERS, *WORD_EXPLAINERS]


def _metrics() -> Iterable[str]:
    from vqax.metrics.catalogue import METRICS

    return METRICS


def _alignment_metrics() -> Iterable[str]:
    from vqax.metrics.alignment import ALIGNMENT_METRICS

    return ALIGNMENT_METRICS


def _measures() -> Iterable[str]:
    from vqax.evaluation.measures import MEASURES

    return MEASURES


def _groups() -> Iterable[str]:
    return sorted({run["group"] for run in _of_section("runs").values()})


def _stages() -> Iterable[str]:
    from vqax.yaml_files import read_yaml

    return read_yaml(Path("dvc.yaml"))["stages"]


NAMES: dict[str, Callable[[], Iterable[str]]] = {
    "tables": _tables,
    "all_analyses": _analyses,
    "profiles": _profiles,
    "methods": _methods,
    "metrics": _metrics,
    "alignment_metrics": _alignment_metrics,
    "measures": _measures,
    "groups": _groups,
    "stages": _stages,
}
