"""What a study compares: the scores of its runs, several seeds of one run averaged."""

from functools import cached_property
from pathlib import Path

import pandas as pd

from project.levels import over_trainings
from project.params import Params
from project.schema import Study
from project.workspace import Workspace
from vqax.files import read_parquet
from vqax.report.content import HISTORY_COLUMNS

QUESTION = ["question_id", "image_id"]
KEYS = ["question_id", "image_id", "question_type", "answer_type"]
HELD_OUT = ", held out of train"
"""Behind the label of a data set: numbers on questions in domain."""


class Measured:
    """The scores of one study; a run and the runs that repeat it with other seeds are one."""

    def __init__(self, params: Params, workspace: Workspace, name: str) -> None:
        self.params, self.workspace, self.name = params, workspace, name
        self.study: Study = params.study(name)
        self._by_training: dict[tuple[str, str], pd.DataFrame] = {}

    @cached_property
    def runs(self) -> list[str]:
        """Its runs in the order of the settings, those with a backbone last; no repetitions."""
        groups = self.study.groups
        runs = {
            name: run
            for name, run in self.params.runs.items()
            if run.group in groups and run.replicate_of is None
        }
        return sorted(runs, key=lambda name: runs[name].backbone_run is not None)

    def seeds(self, run: str) -> list[str]:
        """The run itself and those in the groups of the study that repeat it."""
        runs, groups = self.params.runs, self.study.groups
        repeated = [name for name, other in runs.items() if other.replicate_of == run]
        return [run, *(name for name in repeated if runs[name].group in groups)]

    @cached_property
    def questions_by_seed(self) -> dict[str, list[pd.DataFrame]]:
        """Run -> a row per test question for each seed."""
        return {
            name: [
                read_parquet(self.workspace.scores(one) / "questions.parquet")
                for one in self.seeds(name)
            ]
            for name in self.runs
        }

    def all_trainings(self, run: str) -> pd.DataFrame:
        """A row per question and training; column ``seed`` tells the trainings apart."""
        seeds = map(self.params.seed_of, self.seeds(run))
        tables = zip(seeds, self.questions_by_seed[run], strict=True)
        return pd.concat([table.assign(seed=seed) for seed, table in tables], ignore_index=True)

    def by_training(self, run: str, measure: str) -> pd.DataFrame:
        """A row per question, by question_id and image_id, and a column per seed."""
        if (run, measure) not in self._by_training:
            seeds = map(self.params.seed_of, self.seeds(run))
            self._by_training[run, measure] = pd.DataFrame(
                {
                    seed: table.set_index(QUESTION)[measure]
                    for seed, table in zip(seeds, self.questions_by_seed[run], strict=True)
                }
            )
        return self._by_training[run, measure]

    def family(self, run: str) -> list[str]:
        """The runs of the study that vary from training to training as ``run`` does."""
        own = family(self.params, run)
        return [other for other in self.runs if family(self.params, other) == own]

    @cached_property
    def questions(self) -> dict[str, pd.DataFrame]:
        """Run -> a row per test question, numbers averaged over the seeds."""
        return {name: averaged(tables) for name, tables in self.questions_by_seed.items()}

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """Metrics of every run and analysis: means over the seeds, with intervals over both.

        Where a family was trained several times the interval of its runs is over trainings and
        images (``project.levels``); elsewhere over images alone.
        """
        frames = [
            averaged_metrics(
                name,
                [
                    read_parquet(self.workspace.scores(one) / "metrics.parquet")
                    for one in self.seeds(name)
                ],
            )
            for name in self.runs
        ]
        if frames:
            families = {name: family(self.params, name) for name in self.runs}
            frames = [over_trainings(pd.concat(frames, ignore_index=True), families)]
        return pd.concat([*frames, *self._of_analyses()], ignore_index=True)

    def _of_analyses(self) -> list[pd.DataFrame]:
        sources = {
            name.split("/")[0]
            for rows in self.study.rows.values()
            for source in rows.values()
            for name in (source.run, source.average_with, source.more)
            if name and "/" in name
        }
        tables = (
            read_parquet(self._measured_by(name) / "metrics.parquet") for name in sorted(sources)
        )
        return [t if "by_seed" in t else t.assign(seeds=1, by_seed=None) for t in tables]

    def _measured_by(self, name: str) -> Path:
        """Where the rows ``name``/… come from: people of a data set, or an analysis."""
        if name in self.params.datasets:
            return self.workspace.agreement(name)
        return self.workspace.analysis(name)

    @cached_property
    def history(self) -> pd.DataFrame:
        """Curves of every run; no row in a study without runs."""
        frames = [
            read_parquet(self.workspace.run(name) / "history.parquet").assign(run=name)
            for name in self.runs
        ]
        return (
            pd.concat(frames, ignore_index=True)
            if frames
            else pd.DataFrame(columns=HISTORY_COLUMNS)
        )

    def _images_label(self, source: str) -> str:
        """The images of the classifier that a row of an experiment begins with."""
        name, _, row = source.partition("/")
        named = [one for one in self.params.classifiers if row.startswith(one)]
        classifier = max(named, key=len, default=self.params.experiments[name].get("classifier"))
        return self.params.images[self.params.classifier(str(classifier)).images].label

    def dataset_label(self, source: str) -> str:
        """The data set a run, or an analysis, was measured on, as the tables name it."""
        name, slash, row = source.partition("/")
        if not slash:
            dataset = self.params.run(source).dataset
        elif name in self.params.datasets:
            dataset = name
        elif name in self.params.experiments:
            return self._images_label(source)
        else:
            dataset = self.params.all_analyses[name]["dataset"]
        label = self.params.datasets[dataset].label
        if name == "domains" and row.endswith("_in"):
            return f"{label.removesuffix(' test')}{HELD_OUT}"
        return label


def family(params: Params, run: str) -> str:
    """The runs that are taken to vary alike from training to training: one model, one data set."""
    spec = params.run(run)
    return f"{spec.model} on {spec.dataset}"


def averaged(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """One row per question; of what is not a number, that of the first seed."""
    if len(tables) == 1:
        return tables[0]
    numbers = tables[0].select_dtypes("number").columns.difference(KEYS)
    means = pd.concat(tables).groupby("question_id", sort=False)[list(numbers)].mean()
    first = tables[0].set_index("question_id")
    return first.assign(**means.loc[first.index]).reset_index()[tables[0].columns]


def averaged_metrics(name: str, tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Metrics of a run over its seeds; the interval is the mean of those over images.

    ``by_seed`` holds the value of each training.
    """
    first = tables[0].set_index("metric")
    columns = ["value", "ci_low", "ci_high"]
    grouped = pd.concat(tables).groupby("metric", sort=False)
    means, values = grouped[columns].mean(), grouped["value"].agg(list)
    return first.assign(
        run=name, seeds=len(tables), by_seed=values.loc[first.index], **means.loc[first.index]
    ).reset_index()
