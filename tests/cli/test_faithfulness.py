"""``vqax faithfulness`` on models and maps from elsewhere; no settings file is needed."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.cli.commands import assert_refused, vqax
from tests.cli.test_explain_foreign import ASK, MINE, corner

SMALL = ["--grid", "3x4", "--steps", "6", "--subsets", "12"]


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Models, an image that is bright in its upper right corner, and maps of it."""
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(MINE, encoding="utf-8")
    Image.fromarray(corner()).save("corner.png")
    right = np.zeros((36, 48), dtype=np.uint8)
    right[:12, 36:] = 255
    for folder, values in (("right", right), ("wrong", 255 - right)):
        Path(folder).mkdir()
        Image.fromarray(values).save(Path(folder, "corner.png"))
    return tmp_path


def measured(*arguments: str) -> dict:
    result = vqax("faithfulness", *arguments, *SMALL, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_maps_of_a_black_box_show_what_it_sees(mine: Path) -> None:
    found = measured("--model", "mine.py:corner", "--image", "corner.png", *ASK)
    assert (found["run"], found["questions"], found["unit"]) == ("corner", 1, "patches")
    occlusion, random = found["methods"]["occlusion"], found["methods"]["random"]
    assert list(occlusion) == ["deletion", "insertion", "sensitivity_n", "infidelity"]
    assert occlusion["deletion"]["value"] < random["deletion"]["value"]
    assert occlusion["insertion"]["value"] > random["insertion"]["value"]
    assert occlusion["deletion"]["random"] == random["deletion"]["value"]


def test_maps_that_one_has_are_measured_and_told_apart(mine: Path) -> None:
    ask = ["--model", "mine.py:corner", "--image", "corner.png", *ASK, "--masks", "right"]
    right, wrong = (measured(*ask, "--maps", folder)["methods"] for folder in ("right", "wrong"))
    assert list(right) == ["given", "random"]
    assert right["given"]["deletion"]["value"] < wrong["given"]["deletion"]["value"]
    assert right["given"]["insertion"]["value"] > wrong["given"]["insertion"]["value"]
    assert right["given"]["relevance_mass"]["value"] == 1
    assert wrong["given"]["relevance_mass"]["value"] == 0
    assert right["given"]["pointing_game"]["value"] == 1


@pytest.mark.parametrize("unit", ["pixels", "cells", "words"])
def test_every_unit_of_a_model_that_returns_forward(mine: Path, unit: str) -> None:
    methods = {"pixels": "grad_cam", "cells": "input_gradient", "words": "word_occlusion"}
    found = measured(
        *["--model", "mine.py:net", "--image", "corner.png", *ASK, "--unit", unit],
        *["--method", methods[unit], "--baseline", "zero"][: 2 if unit == "words" else 4],
    )
    values = found["methods"][methods[unit]]
    assert values["deletion"]["value"] is not None
    assert values["deletion"]["n"] == 1


def test_layers_drawn_anew_and_noise_on_the_image(mine: Path) -> None:
    found = measured(
        *["--model", "mine.py:net", "--image", "corner.png", *ASK, "--randomise"],
        *["--method", "grad_cam", "--measure", "max_sensitivity"],
    )
    assert list(found["randomisation"]["grad_cam"]) == ["model.answer", "model.words"]
    assert found["methods"]["grad_cam"]["max_sensitivity"]["value"] > 0
    hidden = measured(
        *["--model", "mine.py:net", "--image", "corner.png", *ASK, "--unit", "cells"],
        *["--method", "grad_cam", "--method", "input_gradient", "--measure", "max_sensitivity"],
    )
    assert list(hidden["methods"]) == ["grad_cam"]  # the other does not look at the cells


def test_a_table_of_questions_is_measured_line_by_line(mine: Path) -> None:
    Image.fromarray(corner()[:, ::-1]).save("other.png")
    Path("asked.csv").write_text(
        "image,question\ncorner.png,Is it bright?\nother.png,Is it bright?\n"
        "none.png,Is it bright?\ncorner.png,?!\ncorner.png,Is it dark?\n"
    )
    ask = ["--model", "mine.py:corner", "--from", "asked.csv", "--method", "occlusion"]
    found = measured(*ask, "--out", "table.parquet")
    assert found["questions"] == 3
    assert [entry["row"] for entry in found["skipped"]] == [2, 3]
    row = pd.read_parquet("table.parquet").set_index(["method", "measure"]).loc["occlusion"]
    assert row.loc["deletion", "n"] == 3
    result = vqax("faithfulness", *ask, *SMALL)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "corner: 3 questions, hiding patches"
    assert "skipped: 2, row 2: none.png: no such image" in result.stdout.replace("\n", " ")


def test_what_cannot_be_measured_is_refused(mine: Path) -> None:
    ask = ["--model", "mine.py:corner", "--image", "corner.png", *ASK]
    Path("empty").mkdir()
    for code, words, arguments in [
        (2, ["--image with --question, or --from"], ["--model", "mine.py:corner"]),
        (2, ["at least one --question"], ["--model", "mine.py:corner", "--image", "corner.png"]),
        (2, ["--unit cells", "offers patches, pixels, words"], [*ask, "--unit", "cells"]),
        (2, ["baseline: 'grey'", "mean, blur, zero"], [*ask, "--baseline", "grey"]),
        (2, ["measure: 'auc'", "deletion"], [*ask, "--measure", "auc"]),
        (2, ["baseline 'zero': a hidden word"], [*ask, "--unit", "words", "--baseline", "zero"]),
        (2, ["pointing_game: needs masks"], [*ask, "--measure", "pointing_game"]),
        (2, ["grad_cam: needs"], [*ask, "--method", "grad_cam"]),
        (2, ["no method that was named"], [*ask, "--unit", "words", "--method", "occlusion"]),
        (4, ["corner.png: has no map", "corner_0"], [*ask, "--maps", "named.npz"]),
        (3, ["empty: holds no map"], [*ask, "--maps", "empty"]),
        (4, ["nowhere: no such file or folder"], [*ask, "--masks", "nowhere"]),
    ]:
        np.savez("named.npz", cat=np.eye(3))
        assert_refused(vqax("faithfulness", *arguments, *SMALL), code, *words)
