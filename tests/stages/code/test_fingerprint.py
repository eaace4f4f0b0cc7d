"""A fingerprint changes with what Python runs, and with nothing else."""

import ast
from pathlib import Path

import pytest

from project.workspace import Workspace
from stages.code import STAGES
from stages.code.fingerprint import _defaults, files_beside, fingerprints, run, what_runs
from stages.code.imports import file_of
from tests.stages import tiny
from vqax.errors import UsageError

SOURCE = '''"""What it is for."""

import math  # the usual one


def area(radius: float) -> float:
    """Of a circle: π r²."""
    # no, not the circumference
    text = "# no comment, π"  # this is one: π
    return math.pi * radius**2 if text else 0.0
'''


def test_words_for_the_reader_are_no_part_of_it() -> None:
    assert what_runs(SOURCE).splitlines() == [
        "import math",
        "def area(radius: float) -> float:",
        '    text = "# no comment, π"',
        "    return math.pi * radius**2 if text else 0.0",
    ]


@pytest.mark.parametrize(
    ("old", "new"), [("**2", "**3"), ("0.0", "0.1"), ("# no comment", "# a comment")]
)
def test_what_runs_is_all_of_it(old: str, new: str) -> None:
    assert what_runs(SOURCE) != what_runs(SOURCE.replace(old, new))


def test_a_docstring_on_the_line_of_its_function() -> None:
    assert what_runs('def f(): "π"; return 1  # one\n') == "def f(): ; return 1"


def test_every_line_that_stays_is_a_line_of_the_module() -> None:
    for module in ("project.params", "vqax.report.html", "vqax.text.contractions"):
        source = file_of(module).read_text(encoding="utf-8")
        code = what_runs(source)
        assert len(code) < len(source)
        names = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
        assert all(name in code for name in names)


def test_templates_belong_to_the_module_that_names_their_folder() -> None:
    page, table = file_of("vqax.report.html"), file_of("vqax.report.tables")
    found = files_beside(page, page.read_text(encoding="utf-8"))
    assert {"report.html.j2", "report.css"} <= {file.name for file in found}
    assert files_beside(table, table.read_text(encoding="utf-8")) == []
    assert "vqax.report.html report.css " in fingerprints({}, "report")["code"]


def test_a_default_is_part_of_the_code_that_reads_it() -> None:
    plain, with_text = (fingerprints({}, "prepare", given)["code"] for given in ((), ("text",)))
    assert with_text.startswith(plain)
    assert with_text.count("\n") == plain.count("\n") + 1
    assert _defaults("changing_priors") == [
        {
            "root": ["", []],
            "splits": ["", []],
            "test_share": ["", []],
            "covering_share": ["0.0", []],
            "seed": ["", []],
        }
    ]


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_one(stage: str, tmp_path: Path) -> None:
    tiny.write_settings(tmp_path, tiny.settings())
    made = run(Workspace(tmp_path), stage, ["seed"])["lines"]
    files = {path.stem: path for path in (tmp_path / "data" / "code" / stage).iterdir()}
    assert files.keys() == made.keys()
    for name, path in files.items():
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) == made[name] == len(set(lines))
        assert any(line.startswith(f"{STAGES[stage].module} ") for line in lines)


def test_a_setting_that_all_share_is_part_of_it() -> None:
    settings = {
        "models": {"san": {"hidden": 1}},
        "training": {"epochs": 1},
        "score": {"resamples": 9},
    }
    before = fingerprints(settings, "train")
    settings["models"]["san"]["hidden"] = 2
    after = fingerprints(settings, "train")
    assert {name for name in before if before[name] != after[name]} == {"san"}
    settings["training"]["epochs"] = 2
    assert all(text != after[name] for name, text in fingerprints(settings, "train").items())
    before = fingerprints(settings, "agreement")
    settings["score"]["emd_questions"] = 3
    assert fingerprints(settings, "agreement") == before


def test_the_code_of_one_model_is_no_part_of_another() -> None:
    texts = fingerprints({}, "train")
    assert "vqax.models.san " in texts["san"]
    assert "vqax.models.san " not in texts["mcb"]
    assert "vqax.models.updn " in texts["lmh"]


def test_an_unknown_stage() -> None:
    with pytest.raises(UsageError, match=r"trian: no such stage .* did you mean train"):
        fingerprints({}, "trian")
