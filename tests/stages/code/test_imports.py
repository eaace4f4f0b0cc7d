"""Where a stage's code begins is what its command calls; where it ends follows from imports."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from types import FunctionType

import click
import pytest

import studies
from cli.main import main
from project.settings_files import read_settings
from stages import code
from stages.code import STAGES
from stages.code.imports import LEFT_OUT, file_of, members, modules, paper_of_figure
from tests.stages.tiny import ROOT

NO_RESULT_DEPENDS_ON = {
    "stages.explain_one",  # the same command with --image
    "stages.score_file",  # the same command with --results
    "vqax.learning.processes",  # tells the system to keep freed memory
    "vqax.locks",
    "cli.common",
    "stages.compare_files",  # the same command with --a and --b
    "stages.question_values",
    "vqax.errors",
}


def callback_of(words: list[str]) -> FunctionType:
    """The function behind ``vqax data scenes …``."""
    command: click.Command = main
    for word in words:
        if not isinstance(command, click.Group):
            break
        command = command.get_command(click.Context(command), word)
    return command.callback


def imports_of(function: FunctionType) -> Iterator[str]:
    """Modules of ours that it imports, and those functions of its module that it calls."""
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                inside = f"{node.module}.{alias.name}"
                yield inside if file_of(inside).exists() else node.module
        if isinstance(node, ast.Name) and node.id.startswith("_"):
            helper = inspect.unwrap(function).__globals__.get(node.id)
            if isinstance(helper, FunctionType):
                yield from imports_of(helper)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_begins_where_its_command_begins(stage: str) -> None:
    pipeline = read_settings(ROOT / "dvc.yaml")["stages"]
    commands = {
        value.get("do", value)["cmd"]
        for value in pipeline.values()
        if any(f"data/code/{stage}/" in dep for dep in value.get("do", value).get("deps", []))
    }
    assert commands
    for command in commands:
        called = {
            name
            for name in imports_of(callback_of(command.split()[1:]))
            if not any(name.startswith(known) for known in NO_RESULT_DEPENDS_ON)
        }
        assert called == {STAGES[stage].module}, command


@pytest.mark.parametrize("stage", STAGES)
def test_what_is_left_out_is_left_out(stage: str) -> None:
    assert not modules(STAGES[stage]) & set(LEFT_OUT)


def test_members_are_the_keys_of_the_dict() -> None:
    from vqax.models import MODELS

    of_analyses = members(code.ANALYSES)
    assert of_analyses.keys() == studies.analyses().keys()
    assert members(code.EXPERIMENTS).keys() == studies.experiments().keys()
    assert members(code.MODELS).keys() == MODELS.keys()
    assert "studies.topn.routing" in of_analyses["topn_pythia"]
    assert "studies.ucam.noise" not in of_analyses["topn_pythia"]


def test_papers_are_members_where_a_family_has_no_dict() -> None:
    claims = members("studies.*.claims")
    assert claims.keys() == studies.claim_rules().keys()
    assert "studies.topn.claims" in claims["topn"]
    assert "studies.topn.claims" not in claims["ucam"]
    papers = paper_of_figure()
    assert papers.keys() == studies.figures().keys()
    assert papers["topn_sweep"] == "topn"


def test_imports_inside_of_functions_count() -> None:
    """The stage score starts quickly because some of its imports wait."""
    assert "vqax.stats.bootstrap" in modules(STAGES["score"])
    assert "vqax.models.san" in members("vqax.models:MODELS")["san"]
