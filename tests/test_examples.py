"""The notebooks of examples/ run from the first cell to the last, and show what they end with."""

import ast
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
NOTEBOOKS = sorted(path.stem for path in EXAMPLES.glob("*.ipynb"))
SHOWN = {
    "vision_language_model": "<Explanation: 'what is the red ball ?'",
    "own_model": "deletion",
    "human_attention": "rank_correlation",
    "a_better_than_b": "A is better than B",
}


def cells(name: str) -> list[str]:
    notebook = json.loads((EXAMPLES / f"{name}.ipynb").read_text(encoding="utf-8"))
    assert notebook["nbformat"] == 4
    return ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]


def run(code: str, names: dict[str, Any]) -> Any:
    """What the last expression of a cell is, as a notebook has it."""
    body = ast.parse(code).body
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), "<cell>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), names) if last else None


def shown(value: Any) -> str:
    html = value._repr_html_() if hasattr(value, "_repr_html_") else ""
    return f"{value!r} {html}" if value is not None else ""


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs(name, tmp_path, monkeypatch, capsys):
    if name == "vision_language_model":
        pytest.importorskip("transformers", reason="needs the extra vqax[hf]")
    shutil.copy(EXAMPLES / "tiny_model.py", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    names: dict[str, Any] = {"__name__": "__main__"}
    output = "".join(shown(run(code, names)) for code in cells(name))
    assert SHOWN[name] in output + capsys.readouterr().out


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_says_what_to_put_where_and_holds_no_output(name):
    notebook = json.loads((EXAMPLES / f"{name}.ipynb").read_text(encoding="utf-8"))
    texts = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "markdown"]
    assert any("**Put your" in text for text in texts)
    assert all(not cell.get("outputs") for cell in notebook["cells"])
