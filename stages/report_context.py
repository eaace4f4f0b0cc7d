"""What a report says of its surroundings: floors, committed results, the machine, the commit."""

import hashlib
import io
import os
import platform
import subprocess
from pathlib import Path

import pandas as pd

from project.dataset import PARTS
from project.study import Measured
from project.workspace import Workspace
from vqax.report.answer import trainings
from vqax.report.content import Reference

ROOT = Path(__file__).resolve().parents[1]
CODE = ("cli", "stages", "studies", "project", "vqax", "params.yaml")
HUMAN = "human"
PREPARED = (
    *(f"{part}.parquet" for part in PARTS),
    "question_vocabulary.json",
    "answer_vocabulary.json",
)


def references(measured: Measured) -> tuple[Reference, ...]:
    """Floors and ceiling of each data set: the rows ``DATASET/NAME`` that the tables show."""
    rows = measured.metrics.dropna(subset="value")
    return tuple(
        Reference(
            dataset=measured.params.datasets[dataset].label,
            name="inter-annotator" if name == HUMAN else name.replace("_", " "),
            metric=str(row["metric"]),
            value=float(row["value"]),
            kind="ceiling" if name == HUMAN else "floor",
        )
        for _, row in rows.iterrows()
        for dataset, _, name in [str(row["run"]).partition("/")]
        if name and dataset in measured.params.datasets
    )


def committed_pairs(workspace: Workspace, study: str, root: Path = ROOT) -> pd.DataFrame | None:
    """The differences in git that rest on several trainings, where this folder has others.

    Only the repository's own folder has them: a profile asks other data or other settings.
    """
    path = workspace.significance(study) / "pairs.parquet"
    if workspace.root.resolve() != root:
        return None
    committed = git(root, "show", f"HEAD:results/{study}/significance/{path.name}")
    if not committed or committed == path.read_bytes():
        return None
    pairs = pd.read_parquet(io.BytesIO(committed))
    pairs = pairs[[trainings(row, 1.0).enough for _, row in pairs.iterrows()]]
    return None if pairs.empty else pairs


def provenance_facts(measured: Measured) -> dict[str, str]:
    """The commit, the machine, its threads, hashes of the prepared data, the trainings."""
    seeds = sorted(len(measured.seeds(name)) for name in measured.runs)
    facts = {
        "commit": commit(ROOT),
        "processor": f"{processor()}, {os.cpu_count()} cores",
        "threads": os.environ.get("OMP_NUM_THREADS", "not set: as many as cores"),
        "GPU": gpu(),
        "Python": platform.python_version(),
        "trainings of a run": " to ".join(map(str, sorted({*seeds[:1], *seeds[-1:]}))) or "none",
    }
    datasets = dict.fromkeys(measured.params.run(name).dataset for name in measured.runs)
    hashes = {
        f"data {measured.params.datasets[name].label}": data_hash(measured.workspace.dataset(name))
        for name in datasets
    }
    return {**facts, **hashes}


def commit(root: Path) -> str:
    """Short hash of the code, and whether it was edited since; results do not count."""
    head = git(root, "rev-parse", "--short=12", "HEAD").decode().strip()
    if not head:
        return "not in git"
    edited = git(root, "status", "--porcelain", "--", *CODE)
    return f"{head}, with uncommitted changes of the code" if edited else head


def data_hash(folder: Path) -> str:
    """The first 12 digits of the SHA-256 of a prepared data set: its parts and vocabularies."""
    digest = hashlib.sha256()
    for name in PREPARED:
        digest.update((folder / name).read_bytes())
    return f"sha256 {digest.hexdigest()[:12]}"


def processor() -> str:
    """The model of the CPU, as Linux names it, or what Python knows."""
    names = Path("/proc/cpuinfo")
    lines = names.read_text(encoding="utf-8").splitlines() if names.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def gpu() -> str:
    import torch  # only here: the rest of a report needs none of it

    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none"


def git(folder: Path, *arguments: str) -> bytes:
    """What git prints; nothing without git, outside of a repository, or where it refuses."""
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=False)
    except OSError:
        return b""
    return done.stdout if done.returncode == 0 else b""
