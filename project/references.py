"""Names in params.yaml that another of its sections has to know."""

from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any

Use = tuple[str, Any, Collection[str]] | tuple[str, Any, Collection[str], str]
"""Where a name is used, the name, the names that would be right there, and why this one is not."""

LISTED = 40  # names in an error; the pipeline has hundreds of stages
OF_A_BACKBONE = ("dataset", "features", "model", "sizes")
SOURCES_OF_A_ROW = ("run", "average_with", "more", "gap_to")
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
        not_one_of(where, name, known, *because)
        for uses in (
            _of_regions(raw),
            _of_key_objects(raw),
            _of_runs(raw),
            _of_analyses(raw),
            _of_classifiers(raw),
            _of_studies(raw),
        )
        for where, name, known, *because in uses
        if isinstance(name, str) and name not in known
    ]


def not_one_of(where: str, name: str, known: Collection[Any], because: str = "") -> str:
    """The line for a name that is none of those that would be right."""
    choice = f"is not one of {listed(known)}" if known else "cannot be used, and nothing else can"
    return f"{where}: {name!r} {choice}" + (f"; {because}" if because else "")


def listed(names: Collection[Any]) -> str:
    """The first of many names, and how many more there are."""
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(map(str, islice(names, LISTED))) + more


def _of_regions(raw: dict[str, Any]) -> Iterator[Use]:
    known = {**section(raw, "detectors"), **section(raw, "coco_detectors")}
    for name in (feature_files := section(raw, "regions")):
        yield f"regions.{name}.detector", section(feature_files, name).get("detector"), known
    for name in (imports := section(raw, "imported_regions")):
        dataset = section(imports, name).get("dataset")
        yield f"imported_regions.{name}.dataset", dataset, section(raw, "datasets")


def _of_key_objects(raw: dict[str, Any]) -> Iterator[Use]:
    for name in (sets := section(raw, "key_objects")):
        one = section(sets, name)
        yield f"key_objects.{name}.dataset", one.get("dataset"), section(raw, "datasets")
        feature_files = {**section(raw, "regions"), **section(raw, "imported_regions")}
        yield f"key_objects.{name}.regions", one.get("regions"), feature_files


def _of_runs(raw: dict[str, Any]) -> Iterator[Use]:
    """A replicate repeats a run on its own data set that is no replicate itself.

    A backbone has the data set, the features and the model of the run that starts from it; only a
    replicate starts from a replicate.
    """
    runs = _runs(raw)
    tuned = {name for name, run in runs.items() if run.get("backbone", "none") != "none"}
    for name, (at, run) in training_runs(raw).items():
        dataset = run.get("dataset")
        yield f"{at}.dataset", dataset, section(raw, "datasets")
        yield f"{at}.features", run.get("features"), _feature_files(raw)
        yield f"{at}.model", run.get("model"), section(raw, "models")
        originals = [one for one in _on(dataset, _originals(runs), raw) if one != name]
        yield f"{at}.replicate_of", run.get("replicate_of"), originals
        if name in tuned:
            alike = [one for one in originals if _starts_alike(runs[one], run) and one not in tuned]
            alike += _repeated_backbones(run, runs)
            known = ["none", *(f"{runs[one].get('group')}/{one}" for one in alike)]
            yield f"{at}.backbone", run.get("backbone"), known, _no_backbone(run, raw)
            mined = section(section(raw, "key_objects"), str(run.get("key_objects")))
            why = _unlike(mined, run, {"dataset": "dataset", "regions": "features"})
            known = ["none", *_mined_for(run, raw)]
            yield f"{at}.key_objects", run.get("key_objects"), known, why


def _mined_for(run: dict[str, Any], raw: dict[str, Any]) -> list[str]:
    """The key objects of the questions and the regions of a run."""
    asked = (run.get("dataset"), run.get("features"))
    return [
        name
        for name, mined in section(raw, "key_objects").items()
        if isinstance(mined, dict) and (mined.get("dataset"), mined.get("regions")) == asked
    ]


def _of_analyses(raw: dict[str, Any]) -> Iterator[Use]:
    """The runs that an analysis looks into are of its data set, and of its group if it names one.

    dvc.yaml depends on the trained runs of that group alone.
    """
    groups = dict.fromkeys(str(run.get("group")) for run in _runs(raw).values())
    for name in (analyses := all_analyses(raw)):
        where, options = f"analyses.{name}", section(analyses, name)
        dataset, rows = _name(options, "dataset"), section(options, "rows")
        yield f"{where}.dataset", dataset, section(raw, "datasets")
        yield f"{where}.features", _name(options, "features"), _feature_files(raw)
        group = _name(options, "group")
        yield f"{where}.group", group, groups
        everything = _runs(raw)
        runs = [
            run
            for run in _on(dataset, everything, raw)
            if group not in groups or everything[run].get("group") == group
        ]
        yield f"{where}.name", _name(options, "name"), runs
        yield from ((f"{where}.runs", run, runs) for run in _list(options, "runs"))
        yield from ((f"{where}.rows.{row}", section(rows, row).get("run"), runs) for row in rows)


def _of_classifiers(raw: dict[str, Any]) -> Iterator[Use]:
    """Classifiers learn images; experiments ask classifiers that there are."""
    images, classifiers = section(raw, "images"), section(raw, "classifiers")
    for name in classifiers:
        one = section(classifiers, name)
        yield f"classifiers.{name}.images", one.get("images"), images
    for name in (experiments := section(raw, "experiments")):
        where, options = f"experiments.{name}", section(experiments, name)
        used = [*_list(options, "classifiers"), options.get("classifier")]
        yield from ((f"{where}.classifiers", one, classifiers) for one in used)
        kinds = [*_list(options, "kinds")]
        yield from ((f"{where}.kinds", one, images) for one in kinds)


def _of_studies(raw: dict[str, Any]) -> Iterator[Use]:
    everything = _runs(raw)
    groups = [str(run.get("group")) for run in everything.values()]
    for name in (studies := section(raw, "studies")):
        where, study = f"studies.{name}", section(studies, name)
        chosen = _list(study, "groups")
        yield from ((f"{where}.groups", group, dict.fromkeys(groups)) for group in chosen)
        runs = _originals({n: run for n, run in everything.items() if run.get("group") in chosen})
        yield from _of_tables(where, study, raw, list(runs))
        systems = dict.fromkeys(str(run.get("system") or one) for one, run in runs.items())
        sets = section(section(study, "significance"), "sets")
        for one in sets:
            used = _list(sets, one)
            yield from ((f"{where}.significance.sets.{one}", name, systems) for name in used)
        yield from _of_report(f"{where}.report", study, raw, runs)


def _of_tables(
    where: str, study: dict[str, Any], raw: dict[str, Any], runs: list[str]
) -> Iterator[Use]:
    measured = {
        **all_analyses(raw),
        **section(raw, "experiments"),
        **section(raw, "datasets"),
    }
    tables = []
    for part in ("tables", "extra_tables"):
        for table in (found := section(study, part)):
            tables.append(table)
            for row, source in section(found, table).items():
                at = f"{where}.{part}.{table}.{row}"
                given = source if isinstance(source, dict) else {"run": source}
                for name in map(given.get, SOURCES_OF_A_ROW):
                    first, slash, _ = str(name).partition("/")
                    yield (at, first, measured) if slash else (at, name, runs)
    for table, baseline in section(study, "baseline_differences").items():
        yield f"{where}.baseline_differences", table, tables
        yield f"{where}.baseline_differences.{table}", baseline, runs


def _of_report(
    where: str, study: dict[str, Any], raw: dict[str, Any], runs: dict[str, dict[str, Any]]
) -> Iterator[Use]:
    """Runs are compared, and shown beside each other, on one data set only."""
    report = section(study, "report")
    for run, baseline in section(report, "comparisons").items():
        yield f"{where}.comparisons", run, runs
        if run in runs:
            others = _on(runs[run].get("dataset"), runs, raw)
            yield f"{where}.comparisons.{run}", baseline, [one for one in others if one != run]
    gallery = [name for name in _list(report, "gallery_runs") if name in runs]
    first = next(iter([*gallery, *runs]), None)
    shown = _on(runs[first].get("dataset"), runs, raw) if first is not None else []
    yield from ((f"{where}.gallery_runs", run, shown) for run in _list(report, "gallery_runs"))
    for figure in (figures := section(report, "figures")):
        at, options = f"{where}.figures.{figure}", section(figures, figure)
        yield f"{at}.table", options.get("table"), section(study, "baseline_differences")
        yield from _of_figure(at, figure, options, all_analyses(raw), list(runs))


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
        analysed = section(analyses, analysis)
        runs = [run for run in runs if run in _list(analysed, "runs")]
        rows = section(analysed, "rows")
    yield from ((f"{where}.runs", run, runs) for run in _list(options, "runs"))
    yield from ((f"{where}.rows", row, rows) for row in section(options, "rows"))


def _originals(runs: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The runs that repeat no other one."""
    return {name: run for name, run in runs.items() if run.get("replicate_of") is None}


def _on(dataset: Any, runs: dict[str, dict[str, Any]], raw: dict[str, Any]) -> list[str]:
    """The runs on a data set; an unknown one is a mistake of its own and fits any."""
    datasets = section(raw, "datasets")
    return [
        name
        for name, run in runs.items()
        if run.get("dataset") == dataset
        or not {str(run.get("dataset")), str(dataset)} <= datasets.keys()
    ]


def training_runs(raw: dict[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Run -> where it stands (``runs.mcb``), and its settings."""
    return {
        name: (f"runs.{name}", run)
        for name, run in section(raw, "runs").items()
        if isinstance(run, dict)
    }


def _runs(raw: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: run for name, (_, run) in training_runs(raw).items()}


def all_analyses(raw: dict[str, Any]) -> dict[str, Any]:
    """Those of runs on grids, then those of runs on regions."""
    return {**section(raw, "analyses"), **section(raw, "region_analyses")}


def _feature_files(raw: dict[str, Any]) -> dict[str, Any]:
    """The feature files that a stage makes."""
    kinds = ("grids", "regions", "imported_regions")
    return {name: spec for kind in kinds for name, spec in section(raw, kind).items()}


def _starts_alike(backbone: dict[str, Any], run: dict[str, Any]) -> bool:
    return all(backbone.get(key) == run.get(key) for key in OF_A_BACKBONE)


def _repeated_backbones(run: dict[str, Any], runs: dict[str, dict[str, Any]]) -> list[str]:
    """What a repetition may start from besides: repetitions of the original's own backbone."""
    original = runs.get(str(run.get("replicate_of")), {})
    backbone = str(original.get("backbone", "none")).rpartition("/")[2]
    return [name for name, other in runs.items() if other.get("replicate_of") == backbone]


def _no_backbone(run: dict[str, Any], raw: dict[str, Any]) -> str:
    """Why a run that there is cannot be the backbone that ``run`` names."""
    group, _, name = str(run.get("backbone")).rpartition("/")
    backbone = _runs(raw).get(name, {})
    if backbone.get("backbone", "none") != "none":
        return f"{name} is itself fine-tuned"
    if backbone and backbone.get("group") != group:
        return f"its group is {backbone.get('group')}"
    if backbone.get("replicate_of") is not None:
        return f"{name} repeats {backbone['replicate_of']}"
    return _unlike(backbone, run, {key: key for key in OF_A_BACKBONE})


def _unlike(other: dict[str, Any], run: dict[str, Any], keys: dict[str, str]) -> str:
    """What the settings of ``other`` and of ``run`` differ in: their keys -> the run's keys."""
    return ", ".join(
        f"its {theirs}: {other.get(theirs)}, this run's {ours}: {run.get(ours)}"
        for theirs, ours in keys.items()
        if other and other.get(theirs) != run.get(ours)
    )


def section(parent: Any, key: str) -> dict[str, Any]:
    """A part of settings that may be wrong: none where something else stands in its place."""
    if not isinstance(parent, dict):
        return {}
    value = parent.get(key)
    return value if isinstance(value, dict) else {}


def _name(parent: dict[str, Any], key: str) -> str | None:
    """The name that stands there; where it is none, its text, which nothing bears."""
    value = parent.get(key)
    return None if value is None else str(value)


def _list(parent: dict[str, Any], key: str) -> list[str]:
    """The names that are listed there; what is no name is a mistake of its own."""
    value = parent.get(key)
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
