"""What the settings say of one data set, feature file or run, resolved into plain values.

A stage asks ``project.resolve`` for one of these plans and hands it on; what takes a plan knows
neither the settings nor the folder they stand in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from project.schema import Grid
from vqax.accuracy_rules import Mode
from vqax.data.folder import Version
from vqax.settings import TrainSettings


@dataclass(frozen=True)
class OfficialFolder:
    """Where the official files of a split lie; ``images``: their folder, if it is another.

    ``version`` as of ``vqax.data.vqa_cp.open_folder``.
    """

    root: Path
    split: str
    images: Path | None = None
    version: Version | None = None


@dataclass(frozen=True)
class DataPlan:
    """A prepared data set in ``folder``; names of files in its tables begin at ``base``."""

    folder: Path
    base: Path
    test: OfficialFolder
    accuracy: Mode
    """The rule its answers are scored by."""


@dataclass(frozen=True)
class FeaturePlan:
    """A feature file and what made it.

    ``extractor`` is None where it was imported, ``grid`` where it holds regions; ``detector`` is
    the folder of the one that found them.
    """

    name: str
    path: Path
    extractor: str | None
    grid: Grid | None = None
    detector: Path | None = None


@dataclass(frozen=True)
class ModelPlan:
    """A member of ``vqax.models.MODELS`` with its options.

    ``vectors`` are the word vectors it starts with (``vqax.text.glove.named_vectors``),
    ``max_tokens`` the words of a question that it reads.
    """

    kind: str
    sizes: Mapping[str, Any]
    variance: str
    variance_input: str
    evidence: str
    vectors: str | Path
    max_tokens: int


@dataclass(frozen=True)
class ObjectivePlan:
    """A member of ``vqax.learning.OBJECTIVES``; ``key_objects``: the file of those it sees."""

    name: str
    options: Mapping[str, Any]
    key_objects: Path | None = None


@dataclass(frozen=True)
class RunPlan:
    """One training, and what it leaves in ``folder``.

    ``backbone`` is the run whose architecture it has, and, unless ``fresh``, whose weights it
    starts from. ``origin`` and ``settings`` are what of the settings makes weights this run's
    (``project.models.identity``).
    """

    name: str
    data: DataPlan
    features: FeaturePlan
    model: ModelPlan
    objective: ObjectivePlan
    training: TrainSettings
    train_share: float
    backbone: "RunPlan | None"
    fresh: bool
    origin: Mapping[str, Any]
    settings: Mapping[str, Any]
    folder: Path
    checkpoints: Path
    lock: Path

    @property
    def seed(self) -> int:
        return self.training.seed


@dataclass(frozen=True)
class ExplainPlan:
    """What is asked of a run about its test questions: ``samples`` Monte-Carlo passes, maps."""

    run: RunPlan
    methods: tuple[str, ...]
    samples: int
    batch_size: int
    out: Path


@dataclass(frozen=True)
class ScorePlan:
    """The explanations of a run and the prepared data set that they are scored by."""

    run: str
    explanations: Path
    data: Path
    out: Path
    emd_questions: int | None
    resamples: int
    seed: int
