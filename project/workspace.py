"""Where every stage finds its inputs and leaves its outputs, relative to params.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Workspace:
    """The folder that holds params.yaml: the repository, or a profile's own folder.

    ``groups`` says in which group's folder a run has its outputs, so that a DVC stage can depend
    on one group and not on all runs. ``analyses``: another folder for what analyses write.
    """

    root: Path = Path()
    groups: Mapping[str, str] = field(default_factory=dict)
    analyses: Path | None = None

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def results(self) -> Path:
        return self.root / "results"

    def report(self, study: str) -> Path:
        return self.data / "reports" / study / "report.html"

    def published(self, paper: str) -> Path:
        """What a paper prints: part of the installation's repository."""
        return Path(__file__).resolve().parents[1] / "studies" / paper / "published"

    def scenes(self, name: str) -> Path:
        return self.data / "scenes" / name

    def changing_priors(self, name: str) -> Path:
        return self.data / "cp" / name

    def dataset(self, name: str) -> Path:
        return self.data / "datasets" / name

    def features(self, feature_file: str) -> Path:
        return self.data / "features" / f"{feature_file}.h5"

    def detector(self, name: str) -> Path:
        return self.data / "detectors" / name

    def key_objects(self, name: str) -> Path:
        return self.data / "key_objects" / f"{name}.parquet"

    def run(self, name: str) -> Path:
        return self._of_run("runs", name)

    def checkpoints(self, name: str) -> Path:
        """Kept outside of the run's outputs, which DVC removes before it starts a stage."""
        return self.data / "checkpoints" / name

    def lock(self, kind: str, name: str) -> Path:
        """Held while ``name`` of its kind is made, so that two processes never make it at once."""
        return self.data / "locks" / kind / f"{name}.lock"

    def explanation(self, run: str) -> Path:
        return self._of_run("explanations", run)

    def scores(self, run: str) -> Path:
        return self._of_run("scores", run)

    def code(self, stage: str) -> Path:
        """Fingerprints of the code that a stage of the pipeline runs."""
        return self.data / "code" / stage

    def agreement(self, dataset: str) -> Path:
        return self.data / "agreement" / dataset

    def analysis(self, name: str) -> Path:
        return (self.analyses or self.data / "analyses") / name

    def classifier(self, name: str, seed: int) -> Path:
        """One training of a classifier."""
        return self.data / "classifiers" / f"{name}_seed{seed}"

    def study(self, study: str) -> Path:
        return self.results / study

    def tables(self, study: str) -> Path:
        return self.study(study) / "tables"

    def significance(self, study: str) -> Path:
        return self.study(study) / "significance"

    @property
    def claims(self) -> Path:
        """Of every study that tests a paper's claims, one below the other."""
        return self.results / "claims.parquet"

    def claims_of(self, study: str) -> Path:
        return self.results / "claims" / f"{study}.parquet"

    def _of_run(self, kind: str, name: str) -> Path:
        return self.data / kind / self.groups[name] / name
