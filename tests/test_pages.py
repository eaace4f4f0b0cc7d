"""The front page and documentation: commands that parse and run, a site without warnings."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pytest
import yaml
from PIL import Image

from project.params import load
from project.workspace import Workspace
from stages.findings import BEGIN, END, VERDICTS, findings, trainings
from tests.cli.commands import assert_refused, vqax
from tests.cli.test_help import parsed
from tests.cli.test_score_file import Files

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))]
PAGES += sorted(ROOT.glob("studies/**/*.md"))
BLOCK = re.compile(r"^```(?:console|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL)
META = ("…", "NAME", "STUDY", "[", "$(")  # what stands for a name, or a shell makes


def commands(page: Path) -> Iterator[str]:
    """Each ``vqax …`` of a console block, without its comment; lines that go on are joined."""
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        lines = re.sub(r"\\\n\s*", " ", block).splitlines()
        for line in lines:
            for part in line.removeprefix("$ ").split("#")[0].split(" && "):
                part = part.split(" 2>")[0].split(" > ")[0].split(" | ")[0].strip()
                if part.startswith("vqax ") and not any(sign in part for sign in META):
                    yield part


ALL = [(page.relative_to(ROOT).as_posix(), line) for page in PAGES for line in commands(page)]


def test_there_are_commands_to_test() -> None:
    assert len(ALL) > 60
    assert sum(page == "README.md" for page, _ in ALL) >= 8


@pytest.mark.parametrize(("page", "line"), ALL)
def test_every_command_of_a_page_is_one(page: str, line: str) -> None:
    name, _ = parsed(line)
    assert name


def test_a_page_with_a_wrong_option_would_be_noticed() -> None:
    with pytest.raises(click.UsageError):
        parsed("vqax repro --jbos 2")


@pytest.fixture
def newcomer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a reader of the front page has: an image, maps, predictions, values per question."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    (source,) = re.findall(r"^```python\n# mine.py\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    Path("mine.py").write_text(source, encoding="utf-8")
    Image.fromarray((255 * rng.random((40, 50, 3))).astype(np.uint8)).save("cat.jpg")
    for folder in ("maps", "human"):
        Path(folder).mkdir()
        for number in range(4):
            Image.fromarray((255 * rng.random((28, 35))).astype(np.uint8)).save(
                Path(folder, f"{number}.png")
            )
    given = Files(tmp_path)
    for file, name in (
        (given.questions, "questions"), (given.annotations, "annotations"),
        (given.results, "predictions"),
    ):  # fmt: skip
        file.rename(f"{name}.json")
    for method in ("mine", "base"):
        for seed in (1, 2, 3):
            rows = [f"{i},{i // 2},{int(rng.random() < 0.5)}" for i in range(40)]
            text = "\n".join(["question_id,image_id,accuracy_official", *rows])
            Path(f"{method}_{seed}.csv").write_text(text + "\n", encoding="utf-8")
    return tmp_path


def way(number: int) -> list[str]:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    start, end = page.index(f"### {number}. "), page.index("## ", page.index(f"### {number}. ") + 4)
    section = page[start:end]
    return [line for line in commands(ROOT / "README.md") if line.split(" --")[0] in section]


@pytest.mark.parametrize("number", [1, 2])
def test_the_ways_in_work_as_printed(newcomer: Path, number: int) -> None:
    lines = way(number)
    assert len(lines) >= 3
    for line in lines:
        result = vqax(*shlex.split(line)[1:])
        assert result.exit_code == 0, (line, result.output)
    assert number == 2 or list(Path("data/explained").rglob("page.html"))


def test_the_third_way_shows_a_table_and_plans(tmp_path: Path) -> None:
    result = vqax("-C", ROOT, "table", "ucam/II", "--study", "ucam")
    assert result.exit_code == 0
    assert "PUL + UDL" in result.stdout


def test_the_findings_are_those_of_the_results(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert vqax("findings", "--check").exit_code == 0


def test_other_findings_are_refused_and_written_anew(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    page = tmp_path / "README.md"
    page.write_text(f"before\n{BEGIN}| 1 |\n{END}after\n", encoding="utf-8")
    assert_refused(vqax("findings", "--check", "--page", page), 3, "not those of results/")
    assert "| 1 |" in page.read_text(encoding="utf-8")
    assert vqax("findings", "--page", page).exit_code == 0
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"before\n{BEGIN}| study")
    assert text.endswith(f"{END}after\n")
    assert vqax("findings", "--check", "--page", page).exit_code == 0
    page.write_text("nothing", encoding="utf-8")
    assert_refused(vqax("findings", "--page", page), 2, "has no lines", "add them")


def test_every_claim_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    import pandas as pd

    params = load()
    table = findings(params, Workspace(groups=params.groups)).split("\n\n")[0].splitlines()
    total = [cell.strip() for cell in table[-1].split("|")[3:-2]]
    assert sum(map(int, total)) == len(pd.read_parquet("results/claims.parquet"))
    assert all(word in table[0] for word in VERDICTS)


@pytest.mark.parametrize(
    ("fewest", "most", "words"),
    [([1, 3], [3, 3], "1 to 3"), ([2], [2], "2"), ([None], [None], "–"), ([], [], "–")],
)
def test_trainings_in_words(fewest: list, most: list, words: str) -> None:
    import pandas as pd

    assert trainings(pd.DataFrame({"fewest": fewest, "most": most}, dtype="Int64")) == words


@pytest.mark.slow
def test_the_site_is_built_without_warnings(tmp_path: Path) -> None:
    pages, site = tmp_path / "pages", tmp_path / "site"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"}
    script = [sys.executable, ROOT / "docs" / "site" / "pages.py", pages]
    subprocess.run(script, check=True, cwd=ROOT, env=environment)
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    settings = settings.replace("docs_dir: build/site_pages", f"docs_dir: {pages}")
    settings = settings.replace("paths: [.]", f"paths: [{ROOT}]")
    (tmp_path / "mkdocs.yml").write_text(settings, encoding="utf-8")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", site]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Grad-CAM" in (site / "reference" / "vqax.explain.html").read_text(encoding="utf-8")
    assert (site / "gallery.html").exists()


def test_the_citation_names_the_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{citation["version"]}"' in project
    assert f"## {citation['version']}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
