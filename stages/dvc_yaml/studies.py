"""compare, claims and report of every study, with what each reads as the settings name it.

DVC cannot take a list of dependencies from settings, so these stages are written out.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from project.params import Params
from project.settings_files import OF_CLASSIFIERS
from stages.code.imports import paper_of_figure

Stage = dict[str, Any]
RUNS = ("runs", "classifiers")


def study_stages(params: Params, files: Sequence[str]) -> dict[str, Stage]:
    """The stages of every study, and the one that gathers all claims.

    Args:
        files: those of the settings beside params.yaml.
    """
    stages: dict[str, Stage] = {}
    for name in params.studies:
        study = StudyInputs(params, files, name)
        stages[f"compare_{name}"] = study.compare()
        if study.tested:
            stages[f"claims_{name}"] = study.claims()
        stages[f"report_{name}"] = study.report()
    tested = [name for name in params.studies if StudyInputs(params, files, name).tested]
    return {**stages, "claims": _all_claims(tested)} if tested else stages


def shown(params: Params) -> Iterator[dict[str, Any]]:
    """What ``dvc metrics`` and ``dvc plots`` show: of the first study, its first group's curves."""
    yield {"metrics": [f"results/{name}/metrics.json" for name in params.studies]}
    first = next(iter(params.studies), None)
    if first is None:
        yield {"plots": []}
        return
    group = next(iter(params.studies[first].groups), "")
    runs = [n for n, run in params.runs.items() if run.group == group and not run.replicate_of]
    plot = {
        "x": "epoch",
        "y": {f"results/{first}/curves.csv": runs},
        "y_label": "accuracy",
        "title": "Accuracy on the held-out part of train",
    }
    yield {"plots": [{"accuracy by epoch": plot}]}


def _all_claims(studies: list[str]) -> Stage:
    return {
        "cmd": "vqax claims",
        "deps": [*(path for name in studies for path in _verdicts(name)), _code("claims")],
        "outs": _uncached("results/claims.parquet", "results/claim_comparisons.parquet"),
    }


class StudyInputs:
    """What the stages of one study depend on."""

    def __init__(self, params: Params, files: Sequence[str], name: str) -> None:
        self.params, self.files, self.name = params, files, name
        self.study = params.studies[name]
        self.tested = self.study.report.claims is not None

    def compare(self) -> Stage:
        return {
            "cmd": f"vqax compare {self.name}",
            "deps": [
                *self._of_groups("scores", "runs"),
                *self._floors(),
                *(f"data/analyses/{name}" for name in self._sources(analyses=True)),
                *(f"studies/{paper}/published" for paper in self._papers()),
                _code("compare"),
                *self._settings(("study",), RUNS),
            ],
            "params": [self._of_report("comparisons")],
            "outs": _uncached(f"results/{self.name}"),
        }

    def claims(self) -> Stage:
        return {
            "cmd": f"vqax claims {self.name}",
            "deps": [
                f"results/{self.name}/significance",
                *self._of_groups("scores"),
                *self._analyses(),
                *self._datasets(),
                *self._floors(),
                f"studies/{self.study.report.claims}/published",
                _code("claims", str(self.study.report.claims)),
                *self._settings(("study", "labels"), (*RUNS, "labels")),
            ],
            "params": [self._of_report("claims")],
            "outs": _uncached(*_verdicts(self.name)),
        }

    def report(self) -> Stage:
        return {
            "cmd": f"vqax report {self.name}",
            "deps": [
                f"results/{self.name}",
                *_verdicts(self.name)[: int(self.tested)],
                *self._of_groups("scores", "explanations", "runs"),
                *self._analyses(),
                *self._datasets(),
                *self._detections(),
                _code("report"),
                *(_code("report", paper) for paper in self._papers_of_figures()),
                *self._settings(("study", "report", "analyses", "labels"), (*RUNS, "labels")),
            ],
            "outs": [f"data/reports/{self.name}"],
        }

    def _of_groups(self, *kinds: str) -> list[str]:
        return [f"data/{kind}/{group}" for group in self.study.groups for kind in kinds]

    def _sources(self, *, analyses: bool) -> list[str]:
        """What rows of its tables name besides runs: analyses, or data sets for their people."""
        names = (
            name.partition("/")[0]
            for rows in self.study.rows.values()
            for source in rows.values()
            for name in (source.run, source.average_with, source.more)
            if name and "/" in name
        )
        return sorted({name for name in names if (name in self.params.datasets) != analyses})

    def _own_analyses(self) -> list[str]:
        """Those in its tables, and those that its claims and figures may look into."""
        own = [
            n
            for n, options in self.params.all_analyses.items()
            if options.get("study") == self.name
        ]
        experiments = self.params.experiments if self.name == OF_CLASSIFIERS else ()
        return list(dict.fromkeys([*own, *experiments, *self._sources(analyses=True)]))

    def _analyses(self) -> list[str]:
        return [f"data/analyses/{name}" for name in self._own_analyses()]

    def _datasets(self) -> list[str]:
        """Those of its runs and analyses."""
        runs = [run.dataset for run in self.params.runs.values() if run.group in self.study.groups]
        analyses = self.params.all_analyses
        asked = [analyses[name]["dataset"] for name in self._own_analyses() if name in analyses]
        return [f"data/datasets/{name}" for name in dict.fromkeys([*runs, *asked])]

    def _floors(self) -> list[str]:
        """Ceiling and floors of the data sets of its runs, and of those in its tables."""
        runs = [run.dataset for run in self.params.runs.values() if run.group in self.study.groups]
        names = sorted({*runs, *self._sources(analyses=False)})
        return [f"data/agreement/{name}" for name in names]

    def _detections(self) -> Iterator[str]:
        """The regions that a figure shows, and their detector."""
        for options in self.study.report.figures.values():
            if (feature_file := options.get("regions")) is not None:
                yield f"data/detectors/{self.params.regions[feature_file].detector}"
                yield f"data/features/{feature_file}.h5"

    def _papers(self) -> list[str]:
        """Those whose printed tables it has."""
        return sorted({table.partition("/")[0] for table in self.study.tables})

    def _papers_of_figures(self) -> list[str]:
        papers = paper_of_figure()
        return sorted({papers[name] for name in self.study.report.figures if name in papers})

    def _settings(self, own: tuple[str, ...], of_groups: tuple[str, ...]) -> list[str]:
        """The files of its settings: of its own folder, and of those of its groups."""
        folders = {self.name: own, **dict.fromkeys(self.study.groups, of_groups)}
        if self.name in self.study.groups:
            folders[self.name] = (*own, *of_groups)
        named = (f"studies/{name}/{kind}.yaml" for name, kinds in folders.items() for kind in kinds)
        return [file for file in dict.fromkeys(named) if file in self.files]

    def _of_report(self, key: str) -> dict[str, list[str]]:
        return {f"studies/{self.name}/report.yaml": [f"studies.{self.name}.report.{key}"]}


def _verdicts(study: str) -> list[str]:
    return [f"results/claims/{study}.parquet", f"results/claims/{study}_comparisons.parquet"]


def _uncached(*paths: str) -> list[dict[str, Any]]:
    """Outputs that are in git."""
    return [{path: {"cache": False}} for path in paths]


def _code(stage: str, member: str = "code") -> str:
    return f"data/code/{stage}/{member}.txt"
