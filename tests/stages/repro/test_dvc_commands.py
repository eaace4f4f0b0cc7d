"""DVC's own commands work on the settings in many files, as with any other pipeline."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stages import pipelines

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning")]
GALLERY = "studies.headline.report.gallery"
REPORT = "studies/headline/report.yaml"
WHO = ("-c", "user.name=me", "-c", "user.email=me@example.org", "-c", "commit.gpgsign=false")


def shell(folder: Path, *words: str) -> str:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    names = {"GIT_AUTHOR_NAME": "me", "GIT_AUTHOR_EMAIL": "me@example.org"}
    names |= {"GIT_COMMITTER_NAME": "me", "GIT_COMMITTER_EMAIL": "me@example.org"}
    done = subprocess.run(
        words, cwd=folder, env={**os.environ, **names, "PATH": path},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def repository(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished workspace under git, after ``dvc exp run`` with another setting."""
    folder = tmp_path_factory.mktemp("commands") / "work"
    shutil.copytree(finished, folder)
    pipelines.committed(folder)
    (folder / ".dvc" / "config").write_text("[core]\n    analytics = false\n", encoding="utf-8")
    (folder / ".gitignore").write_text("/data\n/stages\n/vqax\n/.dvc/tmp\n/.dvc/cache\n")
    shell(folder, "git", "init", "--quiet")
    shell(folder, "git", "add", "--all")
    shell(folder, "git", *WHO, "commit", "--quiet", "--message", "before")
    shell(folder, "dvc", "exp", "run", "--quiet", "-S", f"{REPORT}:{GALLERY}=2", "report_headline")
    return folder


def test_an_experiment_sets_a_value_of_a_study(repository: Path) -> None:
    page = (repository / "data" / "reports" / "headline" / "report.html").read_text("utf-8")
    assert page.count('<article class="card"') == 2
    assert "up to date" in shell(repository, "dvc", "status", "report_headline")


def test_params_diff_names_the_file_and_the_key(repository: Path) -> None:
    found = json.loads(shell(repository, "dvc", "params", "diff", "--json", "--targets", REPORT))
    assert found[REPORT] == {GALLERY: {"old": 4, "new": 2, "diff": -2}}


def test_metrics_diff_and_plots_show(repository: Path) -> None:
    metrics = repository / "results" / "headline" / "metrics.json"
    value = json.loads(metrics.read_text(encoding="utf-8"))
    value["mcb"]["accuracy_all"] += 0.25
    metrics.write_text(json.dumps(value), encoding="utf-8")
    (change,) = json.loads(shell(repository, "dvc", "metrics", "diff", "--json")).values()
    assert change["mcb.accuracy_all"]["diff"] == pytest.approx(0.25)
    shell(repository, "dvc", "plots", "show")
    page = (repository / "dvc_plots" / "index.html").read_text(encoding="utf-8")
    assert "Accuracy on the held-out part of train" in page
    assert "mcb_p_gca" in page
