"""The wheel in an environment of its own: one top-level name, and commands without a clone."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.test_explain_foreign import ASK, MINE, corner
from tests.cli.test_score_file import Files

ROOT = Path(__file__).resolve().parents[1]
BUILD = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
INSTALL = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--python"]
WITHOUT_TORCH = (
    "import sys; sys.modules.update(dict.fromkeys(('torch', 'safetensors', 'dvc')));"
    "import vqax.__main__; vqax.__main__.main()"
)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-c", BUILD, folder], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return folder / done.stdout.split()[-1]


@pytest.fixture(scope="session")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel; what it depends on is found where the tests find it.

    Of the tests' own packages the folder alone is on the path: the clone, which is installed
    there by a .pth file, is not.
    """
    folder = tmp_path_factory.mktemp("installed") / "environment"
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    command = [*INSTALL, str(python), "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(command, check=True, capture_output=True)
    packages = next(folder.glob("lib/python*/site-packages"))
    theirs = sysconfig.get_path("purelib")
    (packages / "dependencies.pth").write_text(f"{theirs}\n", encoding="utf-8")
    return folder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(environment: Path, *words: str | Path, code: int = 0) -> str:
    """What the installed command prints; PYTHONPATH and the like are not those of the tests."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    clean["PATH"] = f"{environment / 'bin'}{os.pathsep}{clean['PATH']}"
    done = subprocess.run(
        [environment / "bin" / words[0], *map(str, words[1:])],
        env=clean,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def test_it_adds_one_top_level_name_and_no_caches(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"vqax"}
    assert "vqax/py.typed" in names
    assert "vqax/program/studies/ucam/published/table_II.csv" in names
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_nothing_but_vqax_can_be_imported(environment: Path, folder: Path) -> None:
    code = (
        "import vqax; from importlib.util import find_spec; print(vqax.__file__, "
        "*[name for name in ('cli', 'stages', 'studies', 'project') if find_spec(name)])"
    )
    (place,) = run(environment, "python", "-c", code).split()
    assert Path(place).is_relative_to(environment)


def test_the_command_and_the_module_are_the_same(environment: Path, folder: Path) -> None:
    version = run(environment, "vqax", "--version")
    assert run(environment, "python", "-m", "vqax", "--version") == version
    assert "vqax, version" in version


def test_numpy_parts_need_no_torch(environment: Path, folder: Path) -> None:
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('torch', 'safetensors', 'matplotlib')));"
        "import vqax.metrics.alignment, vqax.stats.compare_methods, vqax.claims, vqax.data;"
        "from vqax import align; print(align.__name__)"
    )
    assert run(environment, "python", "-c", code) == "align\n"


def test_predictions_are_scored_without_a_clone_and_without_torch(
    environment: Path, folder: Path
) -> None:
    given = Files(folder)
    words = ["--questions", given.questions, "--annotations", given.annotations]
    words += ["--results", given.results, "--json"]
    said = json.loads(run(environment, "python", "-c", WITHOUT_TORCH, "score", *words))
    assert said["questions"] == 4


def test_maps_are_aligned_without_a_clone_and_without_torch(
    environment: Path, folder: Path
) -> None:
    rng = np.random.default_rng(0)
    for name in ("maps", "human"):
        Path(name).mkdir()
        for number in range(3):
            image = (255 * rng.random((12, 15))).astype(np.uint8)
            Image.fromarray(image).save(Path(name, f"{number}.png"))
    words = ["align", "--maps", "maps", "--human", "human", "--metric", "rank_correlation"]
    said = json.loads(run(environment, "python", "-c", WITHOUT_TORCH, *words, "--json"))
    assert said


def test_trainings_are_compared_without_a_clone_and_without_torch(
    environment: Path, folder: Path
) -> None:
    rng = np.random.default_rng(0)
    for method in "ab":
        for seed in range(3):
            rows = [f"{i},{i // 2},{int(rng.random() < 0.5)}" for i in range(40)]
            text = "\n".join(["question_id,image_id,accuracy_official", *rows])
            Path(f"{method}{seed}.csv").write_text(text + "\n", encoding="utf-8")
    words = ["compare", "--a", "a0.csv", "a1.csv", "a2.csv", "--b", "b0.csv", "b1.csv", "b2.csv"]
    said = json.loads(run(environment, "python", "-c", WITHOUT_TORCH, *words, "--json"))
    assert said


def test_a_model_of_ones_own_is_explained_and_its_maps_tested(
    environment: Path, folder: Path
) -> None:
    Path("mine.py").write_text(MINE, encoding="utf-8")
    Image.fromarray(corner()).save("corner.png")
    model = ["--model", "mine.py:net", "--image", "corner.png", *ASK]
    run(environment, "vqax", "explain", *model, "--method", "grad_cam", "--out", "out", "--html")
    assert list(Path("out").rglob("page.html"))
    small = ["--method", "grad_cam", "--grid", "3x4", "--steps", "4", "--subsets", "6"]
    said = json.loads(run(environment, "vqax", "faithfulness", *model, *small, "--json"))
    assert "grad_cam" in said["methods"]


def test_what_is_not_installed_is_named_with_the_command(environment: Path, folder: Path) -> None:
    Path("mine.py").write_text(MINE, encoding="utf-8")
    Image.fromarray(corner()).save("corner.png")
    words = ["explain", "--model", "mine.py:net", "--image", "corner.png", *ASK]
    sentence = run(environment, "python", "-c", WITHOUT_TORCH, *words, code=4)
    assert sentence == 'error: torch: not installed; run `pip install "vqax[torch]"`\n'


def test_a_project_is_written_and_plans_the_papers(environment: Path, folder: Path) -> None:
    run(environment, "vqax", "init", "project")
    said = run(environment, "vqax", "-C", "project", "runs", "--json")
    ours = json.loads(said)
    assert {"mcb_p_gca", "updn_attreg"} <= set(ours)
    words = ["vqax", "-C", "project", "repro", "report_headline", "--dry", "--json"]
    plan = json.loads(run(environment, *words))["would run"]
    assert {"scenes@scenes_v1", "train@mcb", "report_headline"} <= set(plan)
    run(environment, "vqax", "-C", "project", "pipeline", "--check")
    sentence = run(environment, "vqax", "init", "project", code=2)
    assert "project: holds something already; name a new or an empty folder" in sentence
