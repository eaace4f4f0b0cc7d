"""``--json``: one object on stdout that any reader of JSON takes, whatever happens."""

import io
import json
import math
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from cli.common import Printed, StageCommand, for_json
from tests.cli.commands import vqax
from vqax.errors import MissingArtefact, Resumable

NUMBERS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES = st.recursive(NUMBERS, lambda one: st.lists(one) | st.dictionaries(st.text(), one))


def no_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def strictly(text: str) -> Any:
    return json.loads(text, parse_constant=no_constant)


@given(VALUES)
def test_every_value_has_its_form(value: Any) -> None:
    found = strictly(json.dumps(for_json(value), allow_nan=False))
    if isinstance(value, float):
        assert found == (value if math.isfinite(value) else None)
    else:
        assert type(found) is type(value)


def test_numbers_of_numpy_are_numbers() -> None:
    value = {"a": np.float32(0.5), "b": np.int64(3), 7: np.array([[1.0, np.nan]]), "c": Path("x/y")}
    value |= {"d": np.float64("inf"), "e": np.bool_(True), "f": (1, {2})}
    assert for_json(value) == {
        "a": 0.5, "b": 3, "7": [[1.0, None]], "c": "x/y", "d": None, "e": True, "f": [1, [2]],
    }  # fmt: skip


def command(result: Any) -> click.Command:
    def function() -> Any:
        if isinstance(result, Exception):
            raise result
        return result

    return StageCommand("it", callback=function)


def run(result: Any, *options: str):
    return CliRunner().invoke(command(result), ["--json", *options])


def test_undefined_numbers_are_null() -> None:
    found = run({"auroc": float("nan"), "by type": {"other": np.float64("nan")}})
    assert strictly(found.stdout) == {"auroc": None, "by type": {"other": None}}
    assert found.exit_code == 0


def test_a_person_and_a_program_read_different_things() -> None:
    both = Printed("two lines\nof text", {"lines": 2})
    assert strictly(run(both).stdout) == {"lines": 2}
    assert CliRunner().invoke(command(both), []).stdout == "two lines\nof text\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MissingArtefact("a.json: no such file; fetch it"), 4),
        (Resumable("stopped; run it again with --resume"), 75),
        (OSError(21, "Is a directory", "folder"), 3),
        (click.UsageError("give a name"), 2),
    ],
)
def test_an_error_is_an_object(error: Exception, code: int) -> None:
    found = run(error)
    told = strictly(found.stdout)
    assert (found.exit_code, told["exit_code"]) == (code, code)
    assert told["kind"] == type(error).__name__
    assert told["error"] in found.stderr
    assert CliRunner().invoke(command(error), []).stdout == ""


def test_a_wrong_option_is_an_object_too() -> None:
    found = run({}, "--no-such")
    told = strictly(found.stdout)
    assert (found.exit_code, told["exit_code"]) == (2, 2)
    assert "--no-such" in told["error"]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["data", "no-such", "--json"], "No such command 'no-such'"),
        (["lst", "--json"], "No such command 'lst'"),
        (["scor", "--json"], "Did you mean score"),
        (["features", "--no-such", "--json"], "No such option"),
        (["--no-such", "--json"], "No such option"),
        (["score", "--no-such", "--json"], "No such option"),
    ],
)
def test_an_unknown_command_or_option_is_one_object(arguments: list[str], word: str) -> None:
    found = vqax(*arguments)
    told = strictly(found.stdout)  # one object, nothing behind it
    assert (found.exit_code, told["exit_code"]) == (2, 2)
    assert word in told["error"]
    assert vqax(*(one for one in arguments if one != "--json")).stdout == ""


def test_lists_are_data(workspace: Path) -> None:
    runs = strictly(vqax("runs", "--json").stdout)
    assert runs["mcb"].keys() == {
        *("group", "dataset", "model", "objective", "status", "trained", "accuracy_all")
    }
    assert runs["mcb"]["trained"] is True
    address = strictly(vqax("data", "list", "--json").stdout)
    assert all(one.keys() == {"size", "address"} for one in address.values())


def test_a_table_is_data_and_names_its_rule(workspace: Path) -> None:
    names = strictly(vqax("table", "--json").stdout)
    assert "ucam/I" in names["tables"]
    assert vqax("table").stdout.split() == names["tables"]
    table = strictly(vqax("table", "ucam/I", "--json").stdout)
    assert set(table["accuracy"].values()) == {"official"}
    cells = [cell for cell in table["cells"] if cell["metric"] == "accuracy_all"]
    assert any(isinstance(cell["value"], float) for cell in cells)
    assert {cell["value"] for cell in cells} >= {None}  # printed rows that no run measures
    assert "Accuracy by the rule: official." in vqax("table", "ucam/I").stdout
    assert "Accuracy by the rule: official." in vqax("table", "ucam/I", "--format", "latex").stdout
    printed = vqax("table", "ucam/I", "--format", "csv").stdout
    assert set(pd.read_csv(io.StringIO(printed))["accuracy_rule"]) == {"official"}
    assert "by the rule" not in vqax("table", "ucam/IV").stdout


def test_a_run_without_some_metrics_is_json(workspace: Path) -> None:
    scores = strictly(vqax("score", "san", "--json").stdout)
    assert scores["auroc_evidential"] is None
    assert isinstance(scores["accuracy_all"], float)
