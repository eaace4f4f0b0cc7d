"""What an edit of the code makes stale, by DVC's own word, in a copy of the repository."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stages import pipelines, tiny

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning")
BIN = Path(sys.executable).parent
EVALUATED = [f"{stage}@{run}" for stage in ("explain", "score") for run in ("san", "san_p_gca")]
AFTER = ["compare_headline", "report_headline"]


@pytest.fixture(scope="module")
def built(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished workspace with a pipeline and code of its own; nothing to do."""
    folder = tmp_path_factory.mktemp("edits") / "work"
    shutil.copytree(finished, folder)
    pipelines.committed(folder)
    for package in ("stages", "project", "vqax"):
        (folder / package).unlink()
        shutil.copytree(
            tiny.ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    for link in [path for path in (folder / "studies").rglob("*.py") if path.is_symlink()]:
        original = link.resolve()
        link.unlink()
        shutil.copy(original, link)
    assert would_run(folder) == []
    return folder


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Path:
    """A copy to edit."""
    return Path(shutil.copytree(built, tmp_path / "work", symlinks=True))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, path
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def shell(folder: Path, *words: str) -> str:
    """What a command prints that runs the code of ``folder``."""
    path = os.pathsep.join([str(BIN), os.environ["PATH"]])
    done = subprocess.run(
        words, cwd=folder, env={**os.environ, "PATH": path, "PYTHONPATH": str(folder)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def would_run(folder: Path) -> list[str]:
    return json.loads(shell(folder, "vqax", "repro", "--dry", "--json"))["would run"]


APPEND = "\nADDED = 1\n"


@pytest.mark.parametrize(
    ("file", "code", "stages"),
    [
        ("vqax/report/labels.py", "compare", ["compare_headline"]),
        ("vqax/report/numbers.py", "compare", ["compare_headline"]),
        ("vqax/stats/bootstrap.py", "agreement", ["agreement@scenes_v1", *AFTER]),
        ("vqax/metrics/detection.py", "key_objects", []),
        ("project/maps.py", "score", [f"score@{run}" for run in ("san", "mcb")]),
        ("vqax/models/san.py", "explain", EVALUATED),
        ("vqax/learning/batches.py", "explain", ["explain@mcb", "explain@lstm_qi"]),
    ],
)
def test_an_edit_makes_the_stages_stale_that_run_it(
    folder: Path, file: str, code: str, stages: list[str]
) -> None:
    """The edits after which the pipeline once said that everything was up to date."""
    path = folder / file
    path.write_text(path.read_text(encoding="utf-8") + APPEND, encoding="utf-8")
    assert f"code_{code}:" in pipelines.dvc(folder, "status", f"code_{code}")
    assert set(stages) <= set(would_run(folder))
    shell(folder, "dvc", "repro", "--quiet", "--single-item", f"code_{code}")
    changed = [name for name in stages if pipelines.dvc(folder, "status", name).startswith(name)]
    of_code = [name for name in stages if name.partition("@")[0].partition("_")[0] == code]
    assert changed == of_code


def test_san_alone_is_trained_again_for_its_code(folder: Path) -> None:
    edit(folder / "vqax" / "models" / "san.py", "class San", "EDITED = 1\n\n\nclass San")
    shell(folder, "dvc", "repro", "--quiet", "--single-item", "code_train")
    assert pipelines.dvc(folder, "status", "train@san").startswith("train@san")
    assert "up to date" in pipelines.dvc(folder, "status", "train@mcb")
    trained = [name for name in would_run(folder) if name.startswith("train@")]
    assert trained == ["train@san", "train@san_p_gca"]


def test_a_sentence_runs_no_stage_but_the_one_that_reads_the_code(folder: Path) -> None:
    edit(folder / "vqax" / "stats" / "bootstrap.py", '"""', '"""A better sentence. ')
    assert "code_score" in pipelines.dvc(folder, "status")
    assert all(name.startswith("code_") for name in would_run(folder))
    codes = [f"code_{name}" for name in ("score", "agreement", "compare", "report")]
    shell(folder, "dvc", "repro", "--quiet", "--single-item", *codes)
    assert "up to date" in pipelines.dvc(folder, "status", "compare_headline", "score@san")


def test_a_new_member_is_no_change_for_the_others(folder: Path) -> None:
    """Nor does dvc.yaml have to be written again."""
    ucam = folder / "studies" / "ucam"
    (ucam / "blind.py").write_text("from studies.ucam import noise\n\nrun = noise.run\n")
    edit(ucam / "analyses.py", "attention_samples, ", "attention_samples, blind, ")
    edit(
        ucam / "analyses.py",
        '"noise": noise.run,\n',
        '"noise": noise.run,\n    "blind": blind.run,\n',
    )
    before = {path.name: path.read_bytes() for path in (folder / "data/code/analyse").iterdir()}
    shell(folder, "dvc", "repro", "--quiet", "--single-item", "code_analyse")
    after = {path.name: path.read_bytes() for path in (folder / "data/code/analyse").iterdir()}
    assert after.keys() - before.keys() == {"blind.txt"}
    assert {name: after[name] for name in before} == before
    dvc_yaml = (folder / "dvc.yaml").read_text(encoding="utf-8")
    pipelines.write_settings(folder, tiny.settings())
    assert (folder / "dvc.yaml").read_text(encoding="utf-8") == dvc_yaml
