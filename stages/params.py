"""params.yaml, read at one place and checked as a whole: every mistake is listed at once."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from stages.names import section, training_runs, unknown_names
from stages.overrides import merged, own_or_shared
from stages.sections import (
    ChangingPriors,
    ClassifierSpec,
    ClassifierTraining,
    CocoDetector,
    Dataset,
    Detector,
    Explain,
    Grid,
    ImportedRegions,
    KeyObjects,
    PictureSet,
    Regions,
    Run,
    Scenes,
    Score,
    Section,
    Study,
    Text,
    Training,
)
from stages.settings_files import read_whole
from vqax.errors import UsageError

LISTED = 40  # names in an error; the pipeline has hundreds of stages


class Params(Section):
    """All of params.yaml and of the folders that it names."""

    seed: int
    folders: tuple[str, ...] = Field((), description="of studies/, in the order of reports")
    scenes: dict[str, Scenes]
    changing_priors: dict[str, ChangingPriors] = Field(default_factory=dict)
    datasets: dict[str, Dataset]
    grids: dict[str, Grid]
    detectors: dict[str, Detector] = Field(default_factory=dict)
    coco_detectors: dict[str, CocoDetector] = Field(default_factory=dict)
    regions: dict[str, Regions] = Field(default_factory=dict)
    key_objects: dict[str, KeyObjects] = Field(default_factory=dict)
    imported_regions: dict[str, ImportedRegions] = Field(default_factory=dict)
    text: Text
    models: dict[str, dict[str, Any]]
    training: Training
    runs: dict[str, Run]
    explain: Explain
    score: Score
    analyses: dict[str, dict[str, Any]] = Field(description="analysis -> its options")
    region_analyses: dict[str, dict[str, Any]] = Field(default_factory=dict)
    pictures: dict[str, PictureSet] = Field(default_factory=dict)
    classifier_training: ClassifierTraining | None = None
    classifiers: dict[str, ClassifierSpec] = Field(default_factory=dict)
    experiments: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="experiment with classifiers -> its options"
    )
    studies: dict[str, Study]
    labels: dict[str, str] = Field(default_factory=dict, description="run -> name for readers")

    @property
    def all_analyses(self) -> dict[str, dict[str, Any]]:
        """Those of runs on grids, then those of runs on regions."""
        return {**self.analyses, **self.region_analyses}

    def run(self, name: str) -> Run:
        return named(self.runs, name, "run", "params.yaml: runs")

    def classifier(self, name: str) -> ClassifierSpec:
        return named(self.classifiers, name, "classifier", "params.yaml: classifiers")

    def classifier_training_of(self, name: str) -> ClassifierTraining:
        """The shared settings with this classifier's overrides."""
        shared = self.classifier_training
        base = {} if shared is None else shared.model_dump()
        own = self.classifier(name).training
        return ClassifierTraining.model_validate(merged(base, own))

    def study(self, name: str) -> Study:
        return named(self.studies, name, "study", "params.yaml: studies")

    @property
    def groups(self) -> dict[str, str]:
        """Run -> its group."""
        return {name: run.group for name, run in self.runs.items()}

    def sizes_of(self, name: str) -> dict[str, Any]:
        """The options of a run's model: those of `models`, with the run's own."""
        run = self.run(name)
        return merged(self.models[run.model], run.sizes)

    def seed_of(self, name: str) -> int:
        """The seed of a run: its own, or the one all share."""
        return own_or_shared(self.run(name).seed, self.seed)

    def label(self, name: str) -> str:
        """The run as a reader knows it."""
        return self.labels.get(name, name)

    def training_of(self, name: str) -> Training:
        """The shared training settings with this run's overrides."""
        return Training.model_validate(merged(self.training.model_dump(), self.run(name).training))


def wrong_overrides(raw: dict[str, Any]) -> list[str]:
    """Mistakes in the training settings that a run or a classifier overrides."""
    wrong = []
    for where, run in training_runs(raw).values():
        wrong += _overridden(where, run, Training, section(raw, "training"))
    for name, classifier in section(raw, "classifiers").items():
        shared = section(raw, "classifier_training")
        wrong += _overridden(f"classifiers.{name}", classifier, ClassifierTraining, shared)
    return wrong


def _overridden(where: str, given: Any, kind: type[Section], shared: dict[str, Any]) -> list[str]:
    """Mistakes that the key ``training`` of ``given`` adds to the shared settings."""
    overrides = section(given, "training")
    try:
        kind.model_validate(merged(shared, overrides))
    except ValidationError as error:
        if overrides:
            return [f"{where}.training.{mistake}" for mistake in mistakes(error)]
    return []


def named(known: dict[str, Any], name: str, kind: str, where: str) -> Any:
    """``known[name]``, or a sentence that lists the names there are."""
    if name not in known:
        raise UsageError(unknown(name, known, kind, where))
    return known[name]


def unknown(name: str, known: Iterable[str], kind: str, where: str) -> str:
    """The sentence for a name that nothing bears: near ones first, then ``LISTED`` of all."""
    names = [str(one) for one in known]
    near = get_close_matches(name, names, n=3)
    meant = f"did you mean {' or '.join(near)}? " if near else ""
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return f"{name}: no such {kind}; {meant}{where} has {', '.join(names[:LISTED]) or 'none'}{more}"


def mistakes(error: ValidationError) -> list[str]:
    """One line per mistake: where, what, and the value that was given."""
    return [
        f"{'.'.join(map(str, item['loc'])) or 'params'}: {item['msg']}{_given(item['input'])}"
        for item in error.errors()
    ]


def _given(value: Any) -> str:
    return "" if isinstance(value, dict) else f" (given: {value!r:.80})"


def load(path: Path = Path("params.yaml")) -> Params:
    """Read and check the settings, but for names that stand for code: ``families.load_whole``.

    Raises:
        MissingArtefact: no such file.
        UsageError: as ``checked``.
    """
    return checked(read_whole(path), str(path))


def checked(raw: dict[str, Any], source: str, more: Sequence[str] = ()) -> Params:
    """The settings of ``source``; ``more`` are mistakes that were found elsewhere.

    Raises:
        UsageError: every unknown, missing or wrong entry, one line each.
    """
    wrong = [*unknown_names(raw), *wrong_overrides(raw), *more]
    try:
        params = Params.model_validate(raw)
    except ValidationError as error:
        wrong = [*mistakes(error), *wrong]
    if wrong:
        lines = "\n  ".join(wrong)
        raise UsageError(f"{source}: {len(wrong)} mistake(s) to mend:\n  {lines}")
    return params
