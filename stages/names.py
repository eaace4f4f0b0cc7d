"""Names in params.yaml that another of its sections has to know."""

from collections.abc import Collection, Iterator
from typing import Any

Use = tuple[str, Any, Collection[str]]
"""Where a name is used, the name, and the names that would be right there."""

ANALYSIS_OF_FIGURE = {
    "noise": "noise",
    "faithfulness": "faithfulness",
    "mask_comparison": "explanation_masks",
    "attention_samples": "attention_samples",
    "importance_maps": "interp_images",
    "word_importance": "interp_words",
    "answer_changes": "interp_images",
}


def unknown_names(raw: dict[str, Any]) -> list[str]:
    """A line for every name that nothing bears; works on settings with other mistakes."""
    return [
        f"{where}: {name!r} is not one of {', '.join(map(str, known)) or 'none'}"
        for uses in (
            _of_regions(raw),
            _of_key_objects(raw),
            _of_runs(raw),
            _of_analyses(raw),
            _of_classifiers(raw),
            _of_studies(raw),
        )
        for where, name, known in uses
        if isinstance(name, str) and name not in known
    ]


def _of_regions(raw: dict[str, Any]) -> Iterator[Use]:
    known = {**_mapping(raw, "detectors"), **_mapping(raw, "coco_detectors")}
    for name in (stores := _mapping(raw, "regions")):
        yield f"regions.{name}.detector", _mapping(stores, name).get("detector"), known
    for name in (imports := _mapping(raw, "imported_regions")):
        dataset = _mapping(imports, name).get("dataset")
        yield f"imported_regions.{name}.dataset", dataset, _mapping(raw, "datasets")


def _of_key_objects(raw: dict[str, Any]) -> Iterator[Use]:
    for name in (sets := _mapping(raw, "key_objects")):
        one = _mapping(sets, name)
        yield f"key_objects.{name}.dataset", one.get("dataset"), _mapping(raw, "datasets")
        stores = {**_mapping(raw, "regions"), **_mapping(raw, "imported_regions")}
        yield f"key_objects.{name}.regions", one.get("regions"), stores


def _of_runs(raw: dict[str, Any]) -> Iterator[Use]:
    """A replicate repeats a run on its own data set that is no replicate itself.

    A backbone has the data set, the features and the model of the run that starts from it.
    """
    runs, tuned = _runs(raw), _mapping(raw, "fine_tuned")
    for name, run in runs.items():
        dataset = run.get("dataset")
        at = f"{'fine_tuned' if name in tuned else 'runs'}.{name}"
        yield f"{at}.dataset", dataset, _mapping(raw, "datasets")
        yield f"{at}.features", run.get("features"), _stores(raw)
        yield f"{at}.model", run.get("model"), _mapping(raw, "models")
        originals = [one for one in _on(dataset, _originals(runs), raw) if one != name]
        yield f"{at}.replicate_of", run.get("replicate_of"), originals
        if name in tuned:
            alike = [one for one in originals if _starts_alike(runs[one], run)]
            yield f"{at}.backbone", run.get("backbone"), [one for one in alike if one not in tuned]
            group = runs.get(str(run.get("backbone")), {}).get("group")
            yield f"{at}.backbone_group", run.get("backbone_group"), [group]


def _of_analyses(raw: dict[str, Any]) -> Iterator[Use]:
    """The runs that an analysis looks into are trained on its data set."""
    for name in (analyses := _analyses(raw)):
        where, options = f"analyses.{name}", _mapping(analyses, name)
        dataset, rows = options.get("dataset"), _mapping(options, "rows")
        yield f"{where}.dataset", dataset, _mapping(raw, "datasets")
        yield f"{where}.features", options.get("features"), _stores(raw)
        runs = _on(dataset, _runs(raw), raw)
        yield f"{where}.name", options.get("name"), runs
        yield from ((f"{where}.runs", run, runs) for run in _list(options, "runs"))
        yield from ((f"{where}.rows.{row}", _mapping(rows, row).get("run"), runs) for row in rows)


def _of_classifiers(raw: dict[str, Any]) -> Iterator[Use]:
    """Classifiers learn pictures; experiments ask classifiers that there are."""
    pictures, classifiers = _mapping(raw, "pictures"), _mapping(raw, "classifiers")
    for name in classifiers:
        one = _mapping(classifiers, name)
        yield f"classifiers.{name}.pictures", one.get("pictures"), pictures
    for name in (experiments := _mapping(raw, "experiments")):
        where, options = f"experiments.{name}", _mapping(experiments, name)
        used = [*_list(options, "classifiers"), options.get("classifier")]
        yield from ((f"{where}.classifiers", one, classifiers) for one in used)
        kinds = [*_list(options, "kinds")]
        yield from ((f"{where}.kinds", one, pictures) for one in kinds)


def _of_studies(raw: dict[str, Any]) -> Iterator[Use]:
    everything = _runs(raw)
    groups = [str(run.get("group")) for run in everything.values()]
    for name in (studies := _mapping(raw, "studies")):
        where, study = f"studies.{name}", _mapping(studies, name)
        chosen = _list(study, "groups")
        yield from ((f"{where}.groups", group, dict.fromkeys(groups)) for group in chosen)
        runs = _originals({n: run for n, run in everything.items() if run.get("group") in chosen})
        yield from _of_tables(where, study, raw, list(runs))
        systems = dict.fromkeys(str(run.get("system") or one) for one, run in runs.items())
        sets = _mapping(_mapping(study, "significance"), "sets")
        for one in sets:
            used = _list(sets, one)
            yield from ((f"{where}.significance.sets.{one}", name, systems) for name in used)
        yield from _of_report(f"{where}.report", study, raw, runs)


def _of_tables(
    where: str, study: dict[str, Any], raw: dict[str, Any], runs: list[str]
) -> Iterator[Use]:
    measured = {
        **_analyses(raw),
        **_mapping(raw, "experiments"),
        **_mapping(raw, "datasets"),
    }
    tables = []
    for section in ("tables", "added"):
        for table in (found := _mapping(study, section)):
            tables.append(table)
            for row, source in _mapping(found, table).items():
                at = f"{where}.{section}.{table}.{row}"
                given = source if isinstance(source, dict) else {"run": source}
                for key in {"run", "average_with", "more", "gap_to"} & given.keys():
                    first, slash, _ = str(given[key]).partition("/")
                    yield (at, first, measured) if slash else (at, given[key], runs)
    for table, baseline in _mapping(study, "gains").items():
        yield f"{where}.gains", table, tables
        yield f"{where}.gains.{table}", baseline, runs


def _of_report(
    where: str, study: dict[str, Any], raw: dict[str, Any], runs: dict[str, dict[str, Any]]
) -> Iterator[Use]:
    """Runs are compared, and shown beside each other, on one data set only."""
    report = _mapping(study, "report")
    for run, baseline in _mapping(report, "comparisons").items():
        yield f"{where}.comparisons", run, runs
        if run in runs:
            others = _on(runs[run].get("dataset"), runs, raw)
            yield f"{where}.comparisons.{run}", baseline, [one for one in others if one != run]
    gallery = [name for name in _list(report, "gallery_runs") if name in runs]
    first = next(iter([*gallery, *runs]), None)
    shown = _on(runs[first].get("dataset"), runs, raw) if first is not None else []
    yield from ((f"{where}.gallery_runs", run, shown) for run in _list(report, "gallery_runs"))
    for figure in (figures := _mapping(report, "figures")):
        at, options = f"{where}.figures.{figure}", _mapping(figures, figure)
        yield f"{at}.table", options.get("table"), _mapping(study, "gains")
        yield from _of_figure(at, figure, options, _analyses(raw), list(runs))


def _of_figure(
    where: str, figure: str, options: dict[str, Any], analyses: dict[str, Any], runs: list[str]
) -> Iterator[Use]:
    """A figure of an analysis shows only what was analysed."""
    rows: Collection[str] = ()
    if figure in ANALYSIS_OF_FIGURE:
        analysis = ANALYSIS_OF_FIGURE[figure]
        yield where, analysis, analyses
        if analysis not in analyses:
            return
        analysed = _mapping(analyses, analysis)
        runs = [run for run in runs if run in _list(analysed, "runs")]
        rows = _mapping(analysed, "rows")
    yield from ((f"{where}.runs", run, runs) for run in _list(options, "runs"))
    yield from ((f"{where}.rows", row, rows) for row in _mapping(options, "rows"))


def _originals(runs: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The runs that repeat no other one."""
    return {name: run for name, run in runs.items() if run.get("replicate_of") is None}


def _on(dataset: Any, runs: dict[str, dict[str, Any]], raw: dict[str, Any]) -> list[str]:
    """The runs on a data set; an unknown one is a mistake of its own and fits any."""
    datasets = _mapping(raw, "datasets")
    return [
        name
        for name, run in runs.items()
        if run.get("dataset") == dataset
        or not {str(run.get("dataset")), str(dataset)} <= datasets.keys()
    ]


def _runs(raw: dict[str, Any]) -> dict[str, dict[str, Any]]:
    runs = {**_mapping(raw, "runs"), **_mapping(raw, "fine_tuned")}
    return {name: run for name, run in runs.items() if isinstance(run, dict)}


def _analyses(raw: dict[str, Any]) -> dict[str, Any]:
    return {**_mapping(raw, "analyses"), **_mapping(raw, "region_analyses")}


def _stores(raw: dict[str, Any]) -> dict[str, Any]:
    """The feature stores that a stage makes."""
    sections = ("grids", "regions", "imported_regions")
    return {name: spec for one in sections for name, spec in _mapping(raw, one).items()}


def _starts_alike(backbone: dict[str, Any], run: dict[str, Any]) -> bool:
    return all(
        backbone.get(key) == run.get(key) for key in ("dataset", "features", "model", "sizes")
    )


def _mapping(parent: dict[str, Any], key: str) -> dict[str, Any]:
    """A section, or none where something else stands in its place."""
    value = parent.get(key)
    return value if isinstance(value, dict) else {}


def _list(parent: dict[str, Any], key: str) -> list[Any]:
    value = parent.get(key)
    return value if isinstance(value, list) else []
