"""The sections of params.yaml, each a frozen record that checks its own values."""

import re
from collections.abc import Collection, Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model, model_validator

from vqax import settings
from vqax.accuracy_rules import Mode, answers_per_question
from vqax.data.folder import Version
from vqax.settings import DetectorTraining, OptimiserSettings, TrainSettings

Share = Annotated[float, Field(ge=0.0, lt=1.0)]
Positive = Annotated[int, Field(gt=0)]
Rate = Annotated[float, Field(gt=0.0)]


def _named_place(value: Any) -> Any:
    """An empty text would be taken for the folder that the command runs in."""
    if isinstance(value, str) and (not value.strip() or "\0" in value):
        raise ValueError("names no file or folder; write its path, `.` for this one")
    return value


Place = Annotated[Path, BeforeValidator(_named_place)]
SEVERAL = re.compile(r"\{(\d+\.\.\d+|[^{}]+,[^{}]+)\}")


class Section(BaseModel):
    """A frozen part of params.yaml; keys that mean nothing are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def section_of(library: type, *, without: Collection[str] = ()) -> type[Section]:
    """A settings class of the library as a section: its fields, their limits and defaults."""
    types = get_type_hints(library, include_extras=True)
    given = {
        one.name: (types[one.name], ... if one.default is MISSING else one.default)
        for one in fields(library)
        if one.name not in without
    }
    made: Any = create_model(library.__name__, __base__=Section, **given)
    return made


class Resources(Section):
    """What a stage takes of a machine while it runs, or what a worker has for all of its stages."""

    gpus: Annotated[int, Field(ge=0)] = 0
    cores: Positive | None = None
    memory_gb: Rate | None = None

    @property
    def amounts(self) -> dict[str, float]:
        """Those that are given, by name."""
        return {name: float(value) for name, value in self if value}


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

    root: Place
    splits: tuple[str, ...] = Field(description="official splits of `root` that are merged")
    test_share: Annotated[float, Field(gt=0.0, lt=1.0)]
    covering_share: Share = Field(
        0.0, description="of a test group that stays in train where its answer is in no other"
    )
    seed: int


class Dataset(Section):
    """A folder in the official layout, and how its questions are divided."""

    root: Place
    images: Place | None = Field(None, description="the folder that the images are in; none: root")
    version: Version | None = Field(
        None, description="of a root with questions of v1 and of v2: which ones; none: v2"
    )
    train: str
    test: str | None = Field(description="official split; none: images held out of `train`")
    test_share: Share = 0.0
    validation_share: Share
    min_answer_count: Positive | None = Field(
        None, description="instead of `text.min_answer_count`"
    )
    accuracy: Mode = Field(
        "official",
        description="the rule answers are scored by; simple and exact for other than ten answers",
    )
    label: str

    @property
    def answers_per_question(self) -> int | None:
        """How many answers each question must have; None: one or more."""
        return answers_per_question(self.accuracy)

    @model_validator(mode="after")
    def test_has_a_source(self) -> "Dataset":
        if self.test is None and self.test_share == 0.0:
            raise ValueError("test: name an official split or give test_share > 0")
        return self


class Grid(Section):
    """A feature file of grid features: which images, and what turns them into cells."""

    root: Place
    images: Place | None = Field(None, description="as of data sets")
    splits: tuple[str, ...]
    extractor: str
    input_px: Positive
    weights: Place | None = None


class DetectorSizes(Section):
    """What differs from the sizes of vqax.vision.detector.DetectorSizes."""

    input_px: Positive | None = None
    channels: Positive | None = None
    pool: Positive | None = None
    width: Positive | None = None
    anchors_px: tuple[Positive, ...] | None = None
    ratios: tuple[Rate, ...] | None = None
    proposals: Positive | None = None


class Detector(section_of(DetectorTraining, without=("seed",))):
    """A detector of regions, trained on the COCO instances of a split."""

    root: Place
    split: str
    val_split: str = Field(description="what its recall and labels are measured on")
    sizes: DetectorSizes = DetectorSizes()


class CocoDetector(Section):
    """One of torchvision's Faster R-CNNs of the COCO classes, for photographs."""

    network: str
    weights: Place | None = Field(None, description="local state dict, random; none: downloaded")
    input_px: Positive | None = Field(None, description="shorter side; none: torchvision's own")


class Regions(Section):
    """A region file: which images, which detector, how many boxes an image."""

    root: Place
    images: Place | None = Field(None, description="as of data sets")
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
    """A region file made from published features (vqax.vision.imported)."""

    source: Place = Field(description="TSV, HDF5 or folder of npz")
    ids: Place | None = Field(None, description="image_id -> row, where the layout keeps it apart")
    vocabulary: Place | None = Field(None, description="folder with objects_vocab.txt")
    background: bool = Field(True, description="class 0 of the file is the background")
    dataset: str | None = Field(None, description="list its images that have no features")
    boxes: Positive = 36


class Text(Section):
    max_tokens: Positive
    min_word_count: Positive
    min_answer_count: Positive
    vectors: Literal["glove_6b_50d", "none"] | Place


class Optimiser(section_of(OptimiserSettings)):
    """One optimiser of a training."""


class Training(section_of(TrainSettings, without=("seed", "groups", "optimiser"))):
    """The loop's settings; the variance head may have an optimiser of its own."""

    optimiser: Optimiser
    variance_optimiser: Optimiser | None = None


class Member(Section):
    """A member of a family and its keyword options (checked by families.py)."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str

    @property
    def options(self) -> dict[str, Any]:
        return self.model_extra or {}


class Run(Section):
    group: str = Field(description="the folder its outputs share; a study names groups")
    dataset: str
    features: str = Field(
        description="the feature file that its model reads: of grids or of regions"
    )
    model: str
    sizes: dict[str, Any] = Field(default_factory=dict, description="overrides of `models.MODEL`")
    objective: Member
    variance: Literal["none", "scalar", "per_answer"] = "none"
    variance_input: Literal["logits", "image", "question"] = "logits"
    evidence: Literal["none", "relu", "softplus", "exp"] = "none"
    train_share: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    training: dict[str, Any] = Field(default_factory=dict, description="overrides of `training`")
    system: str | None = Field(None, description="its name across data sets; none: its own")
    replicate_of: str | None = Field(None, description="the run this repeats with another seed")
    seed: int | None = None
    backbone: str = Field(
        "none", description="GROUP/RUN whose architecture and weights it starts from"
    )
    fresh: bool = Field(False, description="new weights instead of those of the backbone")
    key_objects: str = Field("none", description="entry of `key_objects` that its objective sees")

    @property
    def backbone_run(self) -> str | None:
        """The run that it starts from; none: it starts from random weights."""
        return None if self.backbone == "none" else self.backbone.rpartition("/")[2]


class ImageSet(Section):
    """Images that classifiers are trained on, or that are out-of-distribution images to them."""

    source: str = Field(description="a member of vqax.evidential.sources.SOURCES")
    folder: Place | None = None
    download: bool = Field(default=False, description="fetch into `folder` by torchvision")
    train: str | None = Field(None, description="official part; none: all there is")
    test: str | None = Field(None, description="official part; none: a share held out")
    test_share: Share = 0.0
    label: str
    options: dict[str, Any] = Field(default_factory=dict)


class ClassifierTraining(section_of(settings.ClassifierTraining, without=("seed",))):
    """The training of every classifier of images."""


class ClassifierSpec(Section):
    """A classifier of images, trained once with each of its seeds."""

    images: str
    network: Member
    head: Member
    training: dict[str, Any] = Field(default_factory=dict, description="overrides")
    seeds: tuple[int, ...] = Field((), description="none: the one seed that all share")

    @model_validator(mode="after")
    def seeds_are_distinct(self) -> "ClassifierSpec":
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("seeds: one occurs twice; each training needs a seed of its own")
        return self


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


class Question(Section):
    """A question of a report, answered in its first screen."""

    question: str
    measures: tuple[str, ...] = Field((), description="of the comparisons; none: all")
    claims: tuple[str, ...] = Field((), description="ids of claims that answer it instead")


class Report(Section):
    title: str
    research_question: str = Field(description="the question of the report, one sentence")
    questions: tuple[Question, ...] = Field((), description="none: the one of the report")
    about: str = Field(default="", description="what a reader must know of the data set")
    gallery: Annotated[int, Field(ge=0)]
    gallery_runs: tuple[str, ...] = Field((), description="none: all runs of the first data set")
    comparisons: dict[str, str] = Field(description="run -> the run it is compared with")
    figures: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="figure of stages.figures -> options of its collector"
    )
    claims: str | None = Field(None, description="the paper whose claims are tested")
    caveats: tuple[str, ...] = ()
    explorer_megabytes: Annotated[float, Field(gt=0)] = Field(
        12.0, description="a larger explorer of all test questions is divided into parts"
    )


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
    extra_tables: dict[str, dict[str, str | RowSource]] = Field(
        default_factory=dict, description="as tables: rows and tables that no paper prints"
    )
    baseline_differences: dict[str, str] = Field(
        default_factory=dict, description="table -> the run whose rows are subtracted in it"
    )
    report: Report

    @property
    def rows(self) -> dict[str, dict[str, RowSource]]:
        """Every row of every table, printed and added ones, with where its numbers come from."""
        return {
            table: {
                row: RowSource(run=source) if isinstance(source, str) else source
                for rows in (self.tables, self.extra_tables)
                for row, source in spelled_out(rows.get(table, {}))
            }
            for table in dict.fromkeys([*self.tables, *self.extra_tables])
        }
