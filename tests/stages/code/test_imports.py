"""Where a stage's code begins is what its command calls; where it ends follows from imports."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from types import FunctionType

import click
import pytest

from cli.main import main
from project.settings_files import read_settings
from stages.code import STAGES
from stages.code.imports import LEFT_OUT, file_of, members, modules
from tests.stages.tiny import ROOT

NO_RESULT_DEPENDS_ON = {
    "stages.explain_one",  # the same command with --image
    "stages.score_file",  # the same command with --results
    "vqax.learning.memory",  # tells the system to keep freed memory
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
    from stages.analyses import ANALYSES
    from stages.experiments import EXPERIMENTS
    from vqax.models import MODELS

    assert members("stages.analyses:ANALYSES").keys() == ANALYSES.keys()
    assert members("stages.experiments:EXPERIMENTS").keys() == EXPERIMENTS.keys()
    assert members("vqax.models:MODELS").keys() == MODELS.keys()
    assert "studies.topn.analysis" in members("stages.analyses:ANALYSES")["topn_pythia"]
    assert "studies.ucam.noise" not in members("stages.analyses:ANALYSES")["topn_pythia"]


def test_imports_inside_of_functions_count() -> None:
    """The stage score starts quickly because some of its imports wait."""
    assert "vqax.stats.bootstrap" in modules(STAGES["score"])
    assert "vqax.models.san" in members("vqax.models:MODELS")["san"]
