"""params.yaml, read at one place and checked as a whole: every mistake is listed at once."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from project.overrides import merged, own_or_shared
from project.places import wrong_names_and_places
from project.references import listed, section, training_runs, unknown_names
from project.renamed import new_name
from project.schema import (
    ChangingPriors,
    ClassifierSpec,
    ClassifierTraining,
    CocoDetector,
    Dataset,
    Detector,
    Explain,
    Grid,
    ImageSet,
    ImportedRegions,
    KeyObjects,
    Regions,
    Resources,
    Run,
    Scenes,
    Score,
    Section,
    Study,
    Text,
    Training,
)
from project.settings_files import read_whole
from vqax.errors import UsageError, did_you_mean
from vqax.settings import OPTIONS_OF


class Params(Section):
    """All of params.yaml and of the folders that it names."""

    seed: int
    folders: tuple[str, ...] = Field((), description="of studies/, in the order of reports")
    resources: dict[str, Resources] = Field(
        default_factory=dict, description="kind of stage -> what it takes of a worker of Dask"
    )
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
    images: dict[str, ImageSet] = Field(default_factory=dict)
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

    def classifier_seeds(self, name: str) -> tuple[int, ...]:
        """A seed for each training of a classifier: its own, or the one all share."""
        return self.classifier(name).seeds or (self.seed,)

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
    """Mistakes that a run or a classifier adds to the training settings that all share."""
    wrong = _without_effect("training", section(raw, "training"), {})
    shared = section(raw, "training")
    for where, run in training_runs(raw).values():
        own = section(run, "training")
        wrong += _added(f"{where}.training", own, Training, shared)
        wrong += _without_effect(f"{where}.training", own, shared)
    shared = section(raw, "classifier_training")
    for name, classifier in section(raw, "classifiers").items():
        own = section(classifier, "training")
        wrong += _added(f"classifiers.{name}.training", own, ClassifierTraining, shared)
    return wrong


def _added(
    where: str, own: dict[str, Any], kind: type[Section], shared: dict[str, Any]
) -> list[str]:
    """Mistakes of ``own`` over the shared settings; those of the shared ones are told there."""
    if not own:
        return []
    there = [item["loc"] for item in _errors(kind, shared)]
    return [
        f"{where}.{_mistake(item)}"
        for item in _errors(kind, merged(shared, own))
        if _stands_in(own, item["loc"])
        or not any(item["loc"][: len(place)] == place for place in there)
    ]


def _errors(kind: type[Section], value: dict[str, Any]) -> list[ErrorDetails]:
    try:
        kind.model_validate(value)
    except ValidationError as error:
        return error.errors()
    return []


def _stands_in(value: Any, place: tuple[int | str, ...]) -> bool:
    for key in place:
        if not isinstance(value, dict) or key not in value:
            return False
        value = value[key]
    return True


def _without_effect(where: str, own: dict[str, Any], shared: dict[str, Any]) -> list[str]:
    """Settings of ``own`` that its optimisers do not have, such as the momentum of Adam."""
    wrong = []
    for key in ("optimiser", "variance_optimiser"):
        given = section(own, key)
        name = given.get("name", section(shared, key).get("name"))
        if isinstance(name, str) and name in OPTIONS_OF:
            others = {option for options in OPTIONS_OF.values() for option in options}
            wrong += [
                f"{where}.{key}.{option}: {name} has none, only {', '.join(OPTIONS_OF[name])}"
                for option in sorted(others & given.keys() - set(OPTIONS_OF[name]))
            ]
    return wrong


def named(known: dict[str, Any], name: str, kind: str, where: str) -> Any:
    """``known[name]``, or a sentence that lists the names there are."""
    if name not in known:
        raise UsageError(unknown(name, known, kind, where))
    return known[name]


def unknown(name: str, known: Iterable[str], kind: str, where: str) -> str:
    """The sentence for a name that nothing bears: near ones first, then ``LISTED`` of all."""
    names = [str(one) for one in known]
    return (
        f"{name}: no such {kind}; {did_you_mean(name, names)}{where} has {listed(names) or 'none'}"
    )


def mistakes(error: ValidationError) -> list[str]:
    """One line per mistake: where, what, and the value that was given."""
    return [_mistake(item) for item in error.errors()]


def _mistake(item: ErrorDetails) -> str:
    where = ".".join(map(str, item["loc"])) or "params"
    meant = new_name(str(item["loc"][-1])) if item["type"] == "extra_forbidden" else ""
    return f"{where}: {item['msg']}{meant}{_given(item['input'])}"


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
    wrong = [*wrong_names_and_places(raw), *unknown_names(raw), *wrong_overrides(raw), *more]
    try:
        params = Params.model_validate(raw)
    except ValidationError as error:
        wrong = [*mistakes(error), *wrong]
    if wrong:
        lines = "\n  ".join(wrong)
        raise UsageError(f"{source}: {len(wrong)} mistake(s) to mend:\n  {lines}")
    return params
