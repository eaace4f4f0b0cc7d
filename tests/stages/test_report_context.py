"""What a report says of its surroundings."""

import subprocess
from pathlib import Path

import pandas as pd
import pytest

from project.params import load
from project.study import Measured
from project.workspace import Workspace
from stages import report_context
from stages.report_context import commit, committed_pairs, data_hash, provenance_facts, references
from tests.stages import tiny
from vqax.report.content import PAIR_COLUMNS

ROW = ["accuracy_official", "mcb", "san", 0.02, 0.01, 0.03, 1500, 0.1, 0.04]
MEASURE = "attention_rank_correlation"
SEEDS = {"seeds_a": 5, "seeds_b": 5, "seed_df": 16}


@pytest.fixture(scope="module")
def measured(finished: Path) -> Measured:
    return Measured(load(finished / "params.yaml"), tiny.workspace(finished), tiny.STUDY)


def git(folder: Path, *arguments: str) -> None:
    names = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run(["git", *names, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one committed file of code and one result of several trainings."""
    (tmp_path / "vqax").mkdir()
    (tmp_path / "vqax" / "code.py").write_text("a = 1\n", encoding="utf-8")
    write_pairs(tmp_path, **SEEDS)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "All there is")
    return tmp_path


def write_pairs(root: Path, **columns: int) -> None:
    folder = Workspace(root).significance("mine")
    folder.mkdir(parents=True, exist_ok=True)
    pairs = pd.DataFrame([ROW], columns=PAIR_COLUMNS).assign(**columns)
    pairs.to_parquet(folder / "pairs.parquet")


def test_the_human_row_of_a_data_set_is_the_ceiling_and_every_other_a_floor(measured):
    found = references(measured)
    kinds = {(one.name, one.kind) for one in found}
    assert {("inter-annotator", "ceiling"), ("random", "floor")} <= kinds
    assert [name for name, kind in kinds if kind == "ceiling"] == ["inter-annotator"]
    (ceiling,) = [one for one in found if (one.name, one.metric) == ("inter-annotator", MEASURE)]
    assert ceiling.dataset == measured.params.datasets[tiny.DATASET].label
    metrics = pd.read_parquet(measured.workspace.agreement(tiny.DATASET) / "metrics.parquet")
    rows = metrics[metrics["run"].str.endswith("/human")].set_index("metric")
    assert ceiling.value == rows.loc[MEASURE, "value"]


def test_results_of_several_trainings_in_git_stand_beside_those_of_one(repository):
    assert committed_pairs(Workspace(repository), "mine", repository) is None
    write_pairs(repository)
    found = committed_pairs(Workspace(repository), "mine", repository)
    assert found["seeds_a"].tolist() == [5]


def test_committed_results_of_single_trainings_tell_nothing_more(repository):
    write_pairs(repository, seeds_a=1, seeds_b=1, seed_df=0)
    git(repository, "commit", "-qam", "One training each")
    write_pairs(repository, **SEEDS)
    assert committed_pairs(Workspace(repository), "mine", repository) is None


def test_a_profile_with_other_settings_is_not_held_against_them(repository):
    folder = repository / "work" / "mine"
    write_pairs(folder)
    assert committed_pairs(Workspace(folder), "mine", repository) is None


def test_the_commit_says_whether_the_code_was_edited_and_results_do_not_count(repository):
    clean = commit(repository)
    assert len(clean) == 12
    write_pairs(repository)
    assert commit(repository) == clean
    (repository / "vqax" / "code.py").write_text("a = 2\n", encoding="utf-8")
    assert commit(repository) == f"{clean}, with uncommitted changes of the code"


def test_without_git_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert commit(tmp_path) == "not in git"
    monkeypatch.setenv("PATH", "")
    assert report_context.git(tmp_path, "status") == b""


def test_the_facts_name_machine_data_and_trainings(measured):
    facts = provenance_facts(measured)
    assert {"commit", "processor", "threads", "GPU", "Python"} <= facts.keys()
    assert facts["trainings of a run"] == "1"
    label = measured.params.datasets[tiny.DATASET].label
    assert facts[f"data {label}"] == data_hash(measured.workspace.dataset(tiny.DATASET))


def test_other_prepared_data_have_another_hash(tmp_path):
    for name in report_context.PREPARED:
        (tmp_path / name).write_bytes(b"one")
    before = data_hash(tmp_path)
    (tmp_path / report_context.PREPARED[0]).write_bytes(b"two")
    assert data_hash(tmp_path) != before
