"""params.yaml, read at one place and checked as a whole: every mistake is listed at once."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from stages.names import unknown_names
from vqax.errors import UsageError
from vqax.files import read_yaml

Share = Annotated[float, Field(ge=0.0, lt=1.0)]
Positive = Annotated[int, Field(gt=0)]
Rate = Annotated[float, Field(gt=0.0)]
SEVERAL = re.compile(r"\{(\d+\.\.\d+|[^{}]+,[^{}]+)\}")


class Section(BaseModel):
    """A frozen part of params.yaml; keys that mean nothing are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Scenes(Section):
    """One generated data set (vqax.data.scenes)."""

    flavour: Literal["v1", "v2"]
    things: Positive
    colours: Positive
    train_images: Positive
    val_images: Positive
    train_questions: Positive
    val_questions: Positive
    human_map_questions: int | None = Field(description="train questions with a human map")
    explanation_questions: Annotated[int, Field(ge=0)] = Field(
        description="val questions with VQA-X sentences and maps"
    )
    seed: int


class ChangingPriors(Section):
    """One data set that is divided anew so that answer priors change (vqax.data.make_cp)."""

    root: Path
    splits: tuple[str, ...] = Field(description="official splits of `root` that are merged")
    test_share: Annotated[float, Field(gt=0.0, lt=1.0)]
    covering_share: Share = Field(
        0.0, description="of a test group that stays in train where its answer is in no other"
    )
    seed: int


class Dataset(Section):
    """A folder in the official layout, and how its questions are divided."""

    root: Path
    pictures: Path | None = Field(
        None, description="of VQA-CP files: the folder that their pictures are in; none: root"
    )
    train: str
    test: str | None = Field(description="official split; none: pictures held out of `train`")
    test_share: Share = 0.0
    validation_share: Share
    label: str

    @model_validator(mode="after")
    def test_has_a_source(self) -> "Dataset":
        if self.test is None and self.test_share == 0.0:
            raise ValueError("test: name an official split or give test_share > 0")
        return self


class Grid(Section):
    """A store of grid features: which pictures, and what turns them into cells."""

    root: Path
    splits: tuple[str, ...]
    extractor: str
    input_px: Positive
    weights: Path | None = None


class DetectorSizes(Section):
    """What differs from the sizes of vqax.vision.detector.DetectorSizes."""

    input_px: Positive | None = None
    channels: Positive | None = None
    pool: Positive | None = None
    width: Positive | None = None
    anchors_px: tuple[Positive, ...] | None = None
    ratios: tuple[Rate, ...] | None = None
    proposals: Positive | None = None


class Detector(Section):
    """A detector of regions, trained on the COCO instances of a split."""

    root: Path
    split: str
    val_split: str = Field(description="what its recall and labels are measured on")
    epochs: Positive
    batch_size: Positive
    lr: Rate
    weight_decay: float = 0.0
    clip: Rate
    precision: Literal["fp32", "bf16"]
    sizes: DetectorSizes = DetectorSizes()


class CocoDetector(Section):
    """One of torchvision's Faster R-CNNs of the COCO classes, for photographs."""

    network: str
    weights: Path | None = Field(None, description="local state dict, random; none: downloaded")
    input_px: Positive | None = Field(None, description="shorter side; none: torchvision's own")


class Regions(Section):
    """A region store: which pictures, which detector, how many boxes a picture."""

    root: Path
    splits: tuple[str, ...]
    detector: str
    boxes: Positive = 36


class KeyObjects(Section):
    """Which boxes a question and its answer speak of (vqax.text.key_objects)."""

    dataset: str
    regions: str = Field(description="the store of the boxes: one of `regions`")
    tokens: Literal["nouns", "all"] = "nouns"
    sigma: Annotated[float, Field(gt=0.0, le=1.0)]
    top: Positive
    select: Literal["plain", "released"] = Field(
        "plain", description="among equally similar boxes: the surest, or all of them"
    )
    attributes: bool = Field(False, description="the attribute rule of the released code")


class ImportedRegions(Section):
    """A region store made from published features (vqax.vision.imported)."""

    source: Path = Field(description="TSV, HDF5 or folder of npz")
    ids: Path | None = Field(None, description="image_id -> row, where the layout keeps it apart")
    vocabulary: Path | None = Field(None, description="folder with objects_vocab.txt")
    background: bool = Field(True, description="class 0 of the file is the background")
    dataset: str | None = Field(None, description="list its pictures that have no features")
    boxes: Positive = 36


class Text(Section):
    max_tokens: Positive
    min_word_count: Positive
    min_answer_count: Positive
    vectors: Literal["glove_6b_50d", "none"] | Path


class Optimiser(Section):
    name: Literal["adamw", "adam", "adamax", "sgd"]
    lr: Rate
    weight_decay: float = 0.0


class Training(Section):
    epochs: Positive
    batch_size: Positive
    optimiser: Optimiser
    variance_optimiser: Optimiser | None = None
    clip: float | None
    precision: Literal["fp32", "bf16"]
    patience: int | None = None
    warmup_epochs: float = 0.0
    decay: Literal["none", "cosine"] = "none"


class Objective(Section):
    """A member of vqax.learning.OBJECTIVES and its keyword options (checked by families.py)."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str

    @property
    def options(self) -> dict[str, Any]:
        return self.model_extra or {}


class Run(Section):
    group: str = Field(description="the folder its outputs share; a study names groups")
    dataset: str
    features: str = Field(description="the store its model reads: one of `grids`")
    model: str
    sizes: dict[str, Any] = Field(default_factory=dict, description="overrides of `models.MODEL`")
    objective: Objective
    variance: Literal["none", "scalar", "per_answer"] = "none"
    variance_input: Literal["logits", "image", "question"] = "logits"
    evidence: Literal["none", "relu", "softplus", "exp"] = "none"
    train_share: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    training: dict[str, Any] = Field(default_factory=dict, description="overrides of `training`")
    system: str | None = Field(None, description="its name across data sets; none: its own")
    replicate_of: str | None = Field(None, description="the run this repeats with another seed")
    seed: int | None = None


class FineTuned(Run):
    """A run that starts where another ended, and may see key objects."""

    backbone: str = Field(description="the run whose architecture and weights it starts from")
    backbone_group: str = Field(description="the group of that run, for dvc.yaml")
    fresh: bool = Field(False, description="new weights instead of those of the backbone")
    key_objects: str = Field(description="entry of `key_objects` that its objective sees")


class PictureSet(Section):
    """Pictures that classifiers are trained on, or that are strangers to them."""

    source: str = Field(description="a member of vqax.evidential.sources.SOURCES")
    folder: Path | None = None
    download: bool = Field(default=False, description="fetch into `folder` by torchvision")
    train: str | None = Field(None, description="official part; none: all there is")
    test: str | None = Field(None, description="official part; none: a share held out")
    test_share: Share = 0.0
    label: str
    options: dict[str, Any] = Field(default_factory=dict)


class ClassifierTraining(Section):
    """The fields of vqax.evidential.train.Settings but the seed."""

    epochs: Positive
    batch_size: Positive
    lr: Rate
    weight_decay: Annotated[float, Field(ge=0.0)]
    step_epochs: Positive
    step_factor: Rate
    shift: Annotated[int, Field(ge=0)] = 0


class Member(Section):
    """A member of a family and its keyword options (checked by families.py)."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str

    @property
    def options(self) -> dict[str, Any]:
        return self.model_extra or {}


class ClassifierSpec(Section):
    """One training of a classifier of pictures."""

    pictures: str
    network: Member
    head: Member
    training: dict[str, Any] = Field(default_factory=dict, description="overrides")
    seed: int | None = None


class Explain(Section):
    methods: tuple[str, ...]
    samples: Positive
    batch_size: Positive


class Score(Section):
    emd_questions: Positive | None = Field(description="none: every question with a human map")
    resamples: Positive


class Significance(Section):
    """Which systems are ranked against each other, and what a block is."""

    alpha: Annotated[float, Field(gt=0.0, lt=1.0)]
    blocks: tuple[Literal["dataset", "question_type", "answer_type", "seed"], ...]
    min_block_questions: Positive
    sets: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="name -> systems ranked together; none: all of them"
    )


class Report(Section):
    title: str
    asked: str = Field(description="the question of the report, one sentence")
    about: str = Field(default="", description="what a reader must know of the data set")
    gallery: Annotated[int, Field(ge=0)]
    gallery_runs: tuple[str, ...] = Field((), description="none: all runs of the first data set")
    comparisons: dict[str, str] = Field(description="run -> the run it is compared with")
    figures: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="figure of stages.figures -> options of its collector"
    )
    claims: str | None = Field(None, description="the paper whose claims are tested")
    caveats: tuple[str, ...] = ()


class RowSource(Section):
    """A printed row whose numbers come under other names than those of its table."""

    run: str
    average_with: str | None = Field(None, description="the mean of the two is the row")
    gap_to: str | None = Field(None, description="a run whose accuracy this one falls short of")
    more: str | None = Field(None, description="a source of metrics that `run` has not")
    metrics: dict[str, str] | None = Field(
        None, description="printed metric -> the metric that measures it; none: the table's own"
    )


def spelled_out(rows: dict[str, "str | RowSource"]) -> Iterator[tuple[str, "str | RowSource"]]:
    """``{"top {5,10}": "x/n = {}"}`` and ``{1..3}`` as the rows they are short for."""
    for row, source in rows.items():
        found = SEVERAL.search(row)
        if found is None or not isinstance(source, str):
            yield row, source
            continue
        first, dots, last = found[1].partition("..")
        numbers = range(int(first), int(last) + 1) if dots else found[1].split(",")
        for one in map(str, numbers):
            yield row.replace(found[0], one), source.replace("{}", one)


class Study(Section):
    """Runs that are compared, and what is made of them: tables, ranks, a report."""

    groups: tuple[str, ...]
    significance: Significance | None = Field(description="none: nothing is ranked")
    tables: dict[str, dict[str, str | RowSource]] = Field(
        description="table -> printed row -> run, analysis/row, or dataset/human or /random"
    )
    added: dict[str, dict[str, str | RowSource]] = Field(
        default_factory=dict, description="as tables: rows and tables that no paper prints"
    )
    gains: dict[str, str] = Field(
        default_factory=dict, description="table -> the run whose rows are subtracted in it"
    )
    report: Report

    @property
    def rows(self) -> dict[str, dict[str, RowSource]]:
        """Every row of every table, printed and added ones, with where its numbers come from."""
        return {
            table: {
                row: RowSource(run=source) if isinstance(source, str) else source
                for rows in (self.tables, self.added)
                for row, source in spelled_out(rows.get(table, {}))
            }
            for table in dict.fromkeys([*self.tables, *self.added])
        }


class Params(Section):
    """All of params.yaml."""

    seed: int
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
    fine_tuned: dict[str, FineTuned] = Field(default_factory=dict)
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

    @property
    def all_runs(self) -> dict[str, Run]:
        """Those that start from random weights, then the fine-tuned ones."""
        return {**self.runs, **self.fine_tuned}

    def run(self, name: str) -> Run:
        return named(self.all_runs, name, "run", "params.yaml: runs and fine_tuned")

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
        return {name: run.group for name, run in self.all_runs.items()}

    def sizes_of(self, name: str) -> dict[str, Any]:
        """The options of a run's model: those of `models`, with the run's own."""
        run = self.run(name)
        return {**self.models[run.model], **run.sizes}

    def seed_of(self, name: str) -> int:
        """The seed of a run: its own, or the one all share."""
        own = self.run(name).seed
        return self.seed if own is None else own

    def label(self, name: str) -> str:
        """The run as a reader knows it."""
        return self.labels.get(name, name)

    def training_of(self, name: str) -> Training:
        """The shared training settings with this run's overrides."""
        return Training.model_validate(merged(self.training.model_dump(), self.run(name).training))


def wrong_overrides(raw: dict[str, Any]) -> list[str]:
    """Mistakes in the training settings that a run overrides."""
    wrong = []
    for kind, name, run in _runs(raw):
        overrides = _mapping(_mapping(run).get("training"))
        try:
            Training.model_validate(merged(_mapping(raw.get("training")), overrides))
        except ValidationError as error:
            if overrides:
                wrong += [f"{kind}.{name}.training.{mistake}" for mistake in mistakes(error)]

                wrong += [f"runs.{name}.training.{mistake}" for mistake in mistakes(error)]
    return wrong + _wrong_classifiers(raw)


def _wrong_classifiers(raw: dict[str, Any]) -> list[str]:
    """Mistakes in the training settings of classifiers, the shared ones overridden."""
    wrong = []
    for name, classifier in _mapping(raw.get("classifiers")).items():
        overrides = _mapping(_mapping(classifier).get("training"))
        try:
            ClassifierTraining.model_validate(
                merged(_mapping(raw.get("classifier_training")), overrides)
            )
        except ValidationError as error:
            wrong += [f"classifiers.{name}.training.{mistake}" for mistake in mistakes(error)]
    return wrong


def _runs(raw: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for kind in ("runs", "fine_tuned"):
        for name, run in _mapping(raw.get(kind)).items():
            yield kind, name, run


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def named(known: dict[str, Any], name: str, kind: str, where: str) -> Any:
    """``known[name]``, or a sentence that lists the names there are."""
    if name not in known:
        raise UsageError(f"{name}: no such {kind}; {where} has {', '.join(known) or 'none'}")
    return known[name]


def merged(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    """``base`` with the entries of ``overlay``, mapping by mapping."""
    result = dict(base)
    for key, value in overlay.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


def mistakes(error: ValidationError) -> list[str]:
    """One line per mistake: where, what, and the value that was given."""
    return [
        f"{'.'.join(map(str, item['loc'])) or 'params'}: {item['msg']}{_given(item['input'])}"
        for item in error.errors()
    ]


def _given(value: Any) -> str:
    return "" if isinstance(value, dict) else f" (given: {value!r:.80})"


def read_settings(path: Path) -> dict[str, Any]:
    """The sections of a YAML file; two keys of one name are an error, as is an empty file."""
    value = read_yaml(path)
    if not isinstance(value, dict):
        raise UsageError(f"{path}: holds no settings; restore it from git")
    return value


def load(path: Path = Path("params.yaml"), *, families: bool = False) -> Params:
    """Read and check the settings.

    Raises:
        MissingArtefact: no such file.
        UsageError: as ``checked``.
    """
    return checked(read_settings(path), str(path), families=families)


def checked(raw: dict[str, Any], source: str, *, families: bool = False) -> Params:
    """The settings of ``source``; ``families`` also checks names that stand for code.

    That costs the import of torch, so only commands that need it anyway ask for it.

    Raises:
        UsageError: every unknown, missing or wrong entry, one line each.
    """
    wrong = [*unknown_names(raw), *wrong_overrides(raw)]
    if families:
        from stages.families import unknown_members

        wrong += unknown_members(raw)
    try:
        params = Params.model_validate(raw)
    except ValidationError as error:
        wrong = [*mistakes(error), *wrong]
    if wrong:
        lines = "\n  ".join(wrong)
        raise UsageError(f"{source}: {len(wrong)} mistake(s) to mend:\n  {lines}")
    return params
