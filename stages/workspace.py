"""Where every stage finds its inputs and leaves its outputs, relative to params.yaml."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Workspace:
    """The folder that holds params.yaml: the repository, or a profile's own folder."""

    root: Path = Path()

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def results(self) -> Path:
        return self.root / "results"

    @property
    def report(self) -> Path:
        return self.data / "report" / "report.html"

    @property
    def published(self) -> Path:
        """The papers' numbers, part of the installation's repository."""
        return Path(__file__).resolve().parents[1] / "data" / "published"

    def dataset(self, name: str) -> Path:
        return self.data / "datasets" / name

    def features(self, dataset: str) -> Path:
        return self.data / "features" / f"{dataset}.h5"

    def run(self, name: str) -> Path:
        return self.data / "runs" / name

    def checkpoints(self, name: str) -> Path:
        """Kept outside of the run's outputs, which DVC removes before it starts a stage."""
        return self.data / "checkpoints" / name

    def explanation(self, run: str) -> Path:
        return self.data / "explanations" / run

    def scores(self, run: str) -> Path:
        return self.data / "scores" / run

    def tables(self) -> Path:
        return self.results / "tables"

    def significance(self) -> Path:
        return self.results / "significance"
