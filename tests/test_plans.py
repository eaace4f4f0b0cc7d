"""Settings are resolved at the edge: the library knows none, and stages hand on plans alone."""

import ast
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from inspect import getmembers, isclass
from pathlib import Path

import pytest

from project import plan
from tests.stages.tiny import ROOT

KNOW_NO_SETTINGS = (
    *("project/plan.py", "project/dataset.py", "project/feature_files.py", "project/models.py"),
    *("project/questions.py", "project/trained.py", "project/pixels.py"),
)
RESOLVES = {"train": "run_plan", "explain": "explain_plan", "score": "score_plan"}


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def settings_named(module: ast.Module) -> Iterator[str]:
    """Where code takes, reads or imports the settings; keys and messages may name them."""
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and node.module in {
            "project.params",
            "project.resolve",
        }:
            yield f"line {node.lineno}: imports {node.module}"
        if isinstance(node, ast.Name | ast.arg):
            name = node.id if isinstance(node, ast.Name) else node.arg
            if name in {"params", "Params", "workspace", "Workspace"}:
                yield f"line {node.lineno}: {name}"


@pytest.mark.parametrize("path", sorted((ROOT / "vqax").rglob("*.py")), ids=str)
def test_the_library_knows_no_settings(path: Path) -> None:
    assert not list(settings_named(tree(path)))


@pytest.mark.parametrize("path", KNOW_NO_SETTINGS)
def test_what_takes_a_plan_knows_no_settings(path: str) -> None:
    assert not list(settings_named(tree(ROOT / path)))


@pytest.mark.parametrize("stage", RESOLVES)
def test_a_stage_resolves_its_settings_once_and_hands_on_the_plan(stage: str) -> None:
    functions = [
        node
        for node in ast.walk(tree(ROOT / "stages" / f"{stage}.py"))
        if isinstance(node, ast.FunctionDef)
    ]
    taking = {
        function.name: [
            node
            for node in ast.walk(function)
            if isinstance(node, ast.Name) and node.id == "params"
        ]
        for function in functions
        if "params" in {one.arg for one in [*function.args.args, *function.args.kwonlyargs]}
    }
    assert list(taking) == ["run"]
    assert len(taking["run"]) == 1
    calls = [
        node.func.id
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and any(isinstance(one, ast.Name) and one.id == "params" for one in node.args)
    ]
    assert calls == [RESOLVES[stage]]


def test_plans_are_frozen_and_hold_no_settings() -> None:
    plans = [kind for name, kind in getmembers(plan, isclass) if kind.__module__ == plan.__name__]
    assert len(plans) >= 7
    for kind in plans:
        assert is_dataclass(kind)
        assert kind.__dataclass_params__.frozen
        assert not {"params", "settings_file"} & {field.name for field in fields(kind)}
