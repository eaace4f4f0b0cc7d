"""params.yaml, read at one place and checked as a whole: every mistake is listed at once."""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from vqax.errors import MissingArtefact, UsageError

Share = Annotated[float, Field(ge=0.0, lt=1.0)]
Positive = Annotated[int, Field(gt=0)]
Rate = Annotated[float, Field(gt=0.0)]


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
    seed: int


class Dataset(Section):
    """A folder in the official layout, and how its questions are divided."""

    root: Path
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


class Features(Section):
    extractor: str
    input_px: Positive
    weights: Path | None = None


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
    dataset: str
    model: str
    objective: Objective
    variance: Literal["none", "scalar", "per_answer"] = "none"
    training: dict[str, Any] = Field(default_factory=dict, description="overrides of `training`")


class Explain(Section):
    methods: tuple[str, ...]
    samples: Positive
    batch_size: Positive


class Score(Section):
    emd_questions: Positive | None = Field(description="none: every question with a human map")
    resamples: Positive


class Significance(Section):
    alpha: Annotated[float, Field(gt=0.0, lt=1.0)]
    block: Literal["question_type", "answer_type"]
    min_block_questions: Positive


class Report(Section):
    title: str
    asked: str = Field(description="the question of the report, one sentence")
    about: str = Field(default="", description="what a reader must know of the data set")
    gallery: Positive
    comparisons: dict[str, str] = Field(description="run -> the run it is compared with")
    labels: dict[str, str] = Field(default_factory=dict, description="run -> name for readers")
    caveats: tuple[str, ...] = ()


class Params(Section):
    """All of params.yaml."""

    seed: int
    scenes: dict[str, Scenes]
    datasets: dict[str, Dataset]
    features: Features
    text: Text
    models: dict[str, dict[str, Any]]
    training: Training
    runs: dict[str, Run]
    explain: Explain
    score: Score
    significance: Significance
    tables: dict[str, dict[str, str]] = Field(description="table -> printed row -> run")
    report: Report

    def run(self, name: str) -> Run:
        return named(self.runs, name, "run", "params.yaml: runs")

    def label(self, name: str) -> str:
        """The run as a reader knows it."""
        return self.report.labels.get(name, name)

    def training_of(self, name: str) -> Training:
        """The shared training settings with this run's overrides."""
        return Training.model_validate(merged(self.training.model_dump(), self.run(name).training))


def unknown_names(raw: dict[str, Any]) -> list[str]:
    """Every name in the settings that no other section knows; works on settings with mistakes."""
    sections = {key: raw[key] for key in ("runs", "datasets", "models", "tables") if key in raw}
    known = {key: value if isinstance(value, dict) else {} for key, value in sections.items()}
    runs = {name: run for name, run in known.get("runs", {}).items() if isinstance(run, dict)}
    used = [(f"runs.{name}.dataset", run.get("dataset"), "datasets") for name, run in runs.items()]
    used += [(f"runs.{name}.model", run.get("model"), "models") for name, run in runs.items()]
    for table, rows in known.get("tables", {}).items():
        used += [(f"tables.{table}.{row}", run, "runs") for row, run in rows.items()]
    compared = (raw.get("report") or {}).get("comparisons") or {}
    for run, baseline in compared.items():
        used += [("report.comparisons", run, "runs")]
        used += [(f"report.comparisons.{run}", baseline, "runs")]
    return [
        f"{where}: {value!r} is not one of {', '.join(known.get(section, {})) or 'none'}"
        for where, value, section in used
        if value is not None and value not in known.get(section, {})
    ]


def wrong_overrides(raw: dict[str, Any]) -> list[str]:
    """Mistakes in the training settings that a run overrides."""
    wrong = []
    for name, run in (raw.get("runs") or {}).items():
        overrides = run.get("training") if isinstance(run, dict) else None
        try:
            Training.model_validate(merged(raw.get("training") or {}, overrides or {}))
        except ValidationError as error:
            if overrides:
                wrong += [f"runs.{name}.training.{mistake}" for mistake in mistakes(error)]
    return wrong


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


def read_yaml(path: Path) -> dict[str, Any]:
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise MissingArtefact(
            f"{path}: no such file; run vqax in the folder that holds params.yaml"
        ) from error
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: not valid YAML ({error}); mend the line it names") from error
    if not isinstance(value, dict):
        raise UsageError(f"{path}: holds no settings; restore it from git")
    return value


def load(path: Path = Path("params.yaml"), *, families: bool = False) -> Params:
    """Read and check the settings.

    Raises:
        MissingArtefact: no such file.
        UsageError: as ``checked``.
    """
    return checked(read_yaml(path), str(path), families=families)


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
