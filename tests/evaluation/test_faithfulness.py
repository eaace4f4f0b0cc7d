"""``faithfulness`` on functions, modules, arrays and tensors: the same numbers, and its errors."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import vqax
from tests.explain.tiny import CELLS, GRID, IMAGE, Trace, batch, image_encoder, tiny
from vqax.errors import BadData, UsageError
from vqax.evaluation import MEASURES, Subsets, faithfulness
from vqax.evaluation.curves import area, deletion, insertion
from vqax.evaluation.scores import of_model
from vqax.evaluation.units import cells, patches
from vqax.explain import EXPLAINERS, PixelModel

DOCS = Path(__file__).parents[2] / "docs" / "faithfulness.md"
VISUAL, TOKENS, ANSWER = batch()
IMAGES = torch.rand(3, 3, *IMAGE, generator=torch.Generator().manual_seed(2))
FAST = {"steps": 4, "subsets": Subsets(0.3, 8)}
PLACE = torch.zeros(IMAGE)
PLACE[1:4, 8:12] = 1


def corner(images: torch.Tensor) -> torch.Tensor:
    """Sees one corner only."""
    return (images * PLACE).mean((1, 2, 3))


def corner_of_arrays(images: np.ndarray) -> np.ndarray:
    assert isinstance(images, np.ndarray)
    return (images * PLACE.numpy()).mean((1, 2, 3))


MAPS = {
    "right": PLACE.expand(3, -1, -1) + 0.01 * torch.rand(3, *IMAGE),
    "wrong": 1 - PLACE.expand(3, -1, -1) + 0.01 * torch.rand(3, *IMAGE),
}


def value(found, method: str, measure: str, column: str = "value") -> float:
    table = found.table.set_index(["method", "measure"])
    return float(table.loc[(method, measure), column])


def test_a_map_of_what_the_model_sees_beats_random_maps_and_the_opposite():
    found = vqax.faithfulness(corner, IMAGES, MAPS, unit="pixels", baseline="zero", **FAST)
    for measure in ("deletion", "insertion", "sensitivity_n", "infidelity"):
        sign = 1 if MEASURES[measure].direction == "higher" else -1
        right, wrong, random = (
            sign * value(found, method, measure) for method in ("right", "wrong", "random")
        )
        assert right > random > wrong or (measure == "infidelity" and right > random)
        assert value(found, "right", measure, "random") == sign * random


def test_each_number_is_that_of_the_measure_alone():
    found = faithfulness(corner, IMAGES, MAPS["right"], grid=(4, 6), **FAST)
    units = patches(IMAGES, (4, 6))
    flat = MAPS["right"].unflatten(1, (4, 2)).unflatten(3, (6, 2)).mean((2, 4)).flatten(1)
    for name, compute in (("deletion", deletion), ("insertion", insertion)):
        curve = compute(lambda images, question: corner(images), units, flat, steps=4)
        rows = found.questions.query("method == 'map' and measure == @name")
        np.testing.assert_allclose(rows["value"], area(curve), rtol=1e-5)
        assert value(found, "map", name) == pytest.approx(float(area(curve).mean()), rel=1e-5)


def test_arrays_and_tensors_give_the_same_table():
    tensors = faithfulness(corner, IMAGES, MAPS, grid=(2, 3), **FAST)
    arrays = {name: maps.numpy() for name, maps in MAPS.items()}
    found = faithfulness(corner_of_arrays, IMAGES.numpy(), arrays, grid=(2, 3), **FAST)
    pd.testing.assert_frame_equal(tensors.table, found.table)


def test_of_scores_for_every_answer_the_one_explained_counts():
    def both(images):
        return torch.stack([corner(images), 1 - corner(images)], dim=1)

    one = faithfulness(corner, IMAGES, MAPS, grid=(2, 3), **FAST)
    same = faithfulness(both, IMAGES, MAPS, answer=[0, 0, 0], grid=(2, 3), **FAST)
    pd.testing.assert_frame_equal(one.table, same.table)
    other = faithfulness(both, IMAGES, MAPS, answer=[1, 1, 1], grid=(2, 3), **FAST)
    assert value(other, "right", "deletion") > value(other, "wrong", "deletion")


def test_a_module_of_cells_is_asked_its_own_questions_and_left_as_found():
    model = tiny()
    maps = EXPLAINERS["region_occlusion"](model, VISUAL, TOKENS, ANSWER, GRID)
    trace = Trace(model, VISUAL, TOKENS)
    found = faithfulness(model, VISUAL, maps, tokens=TOKENS, answer=ANSWER, unit="cells", **FAST)
    trace.assert_equal(Trace(model, VISUAL, TOKENS))
    score = of_model(model, TOKENS, ANSWER)
    expected = area(deletion(score, cells(VISUAL), maps.view(3, CELLS), steps=4)).mean()
    assert value(found, "map", "deletion") == pytest.approx(float(expected), rel=1e-5)


def test_pixels_and_words_of_a_module_of_images():
    model = PixelModel(image_encoder(), tiny())
    given = {"tokens": TOKENS, "answer": ANSWER, **FAST}
    images = faithfulness(model, IMAGES, MAPS, grid=(2, 3), **given)
    assert set(images.table["measure"]) == {"deletion", "insertion", "sensitivity_n", "infidelity"}
    words = faithfulness(model, IMAGES, torch.rand(3, 4), unit="words", **given)
    assert (words.table["n"] == 3).any()
    assert np.isfinite(words.table.query("measure == 'deletion'")["value"]).all()


def test_masks_and_the_method_itself_add_measures():
    masks = np.repeat(PLACE.numpy()[None] > 0, 3, axis=0)
    found = faithfulness(
        corner, IMAGES, MAPS, grid=(2, 3), masks=masks,
        explain={"right": lambda images: images.sum(1)}, **FAST,
    )  # fmt: skip
    assert value(found, "right", "relevance_mass") > 0.9
    assert value(found, "wrong", "relevance_mass") < 0.1
    assert value(found, "right", "pointing_game") == 1
    assert 0 < value(found, "right", "max_sensitivity") < 1
    alone = faithfulness(corner, IMAGES, MAPS, masks=masks, measures=["relevance_mass"])
    assert set(alone.table["measure"]) == {"relevance_mass"}
    assert set(alone.table["method"]) == {"right", "wrong"}


def test_batches_change_nothing_and_bound_what_the_model_is_given():
    sizes = []

    def counting(images):
        sizes.append(len(images))
        return corner(images)

    many = faithfulness(corner, IMAGES, MAPS, grid=(2, 3), at_once=1000, **FAST)
    few = faithfulness(counting, IMAGES, MAPS, grid=(2, 3), at_once=3, **FAST)
    assert max(sizes) == 3
    pd.testing.assert_frame_equal(many.table, few.table)


def test_the_interval_draws_images_whole():
    double = torch.cat([IMAGES, IMAGES])
    maps = torch.cat([MAPS["right"], MAPS["right"]])
    given = {"grid": (2, 3), "measures": ["deletion"], "steps": 4}
    once = faithfulness(corner, IMAGES, MAPS["right"], **given)
    found = faithfulness(corner, double, maps, images=["a", "b", "c"] * 2, **given)
    assert value(found, "map", "deletion", "n") == 6
    for column in ("value", "ci_low", "ci_high"):
        assert value(found, "map", "deletion", column) == pytest.approx(
            value(once, "map", "deletion", column)
        )


def test_it_can_be_read_and_kept(tmp_path):
    found = faithfulness(corner, IMAGES, MAPS, grid=(2, 3), **FAST)
    assert "sensitivity_n" in str(found)
    assert "<td>right</td>" in found._repr_html_()
    found.save(tmp_path / "table.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "table.parquet"), found.table)
    summary = found.summary()
    assert summary["right"]["deletion"]["unit"] == "score"
    flat = faithfulness(lambda images: images.sum((1, 2, 3)) * 0, IMAGES, MAPS, **FAST, grid=(2, 3))
    assert flat.summary()["right"]["sensitivity_n"]["value"] is None
    assert math.isnan(value(flat, "right", "sensitivity_n"))


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"unit": "cubes"}, UsageError, "unit: 'cubes'"),
        ({"unit": "cells"}, UsageError, r"unit 'cells'.*4 axes, not 3"),
        ({"unit": "words"}, UsageError, "unit 'words': give tokens"),
        ({"measures": ["auc"]}, UsageError, "measure: 'auc'"),
        ({"measures": ["pointing_game"]}, UsageError, "pointing_game: needs masks"),
        ({"measures": ["max_sensitivity"]}, UsageError, "max_sensitivity: needs explain"),
        ({"tokens": TOKENS}, UsageError, "answer: is not given"),
        ({"tokens": TOKENS, "answer": ANSWER}, UsageError, "tokens: go with a module"),
        ({"maps": torch.rand(2, 8, 12)}, UsageError, "for 3 questions"),
        ({"maps": torch.full((3, 2, 3), math.nan)}, BadData, "NaN has no rank"),
        ({"images": ["a"]}, UsageError, "images: 1 of 3"),
        ({"masks": np.ones((2, 8, 12))}, UsageError, "masks of shape"),
        ({"model": lambda images: images}, BadData, r"shape \(15, 3, 8, 12\)|shape"),
    ],
)
def test_what_cannot_be_measured_is_refused(arguments, error, words):
    given = {"model": corner, "maps": MAPS["right"], "grid": (2, 3), **FAST, **arguments}
    with pytest.raises(error, match=words):
        faithfulness(given.pop("model"), IMAGES, given.pop("maps"), **given)


@pytest.mark.parametrize("name", MEASURES)
def test_the_documentation_says_of_every_measure_what_its_declaration_does(name):
    measure = MEASURES[name]
    row = [f"`{name}`", measure.formula, measure.unit, measure.direction, measure.needs]
    line = f"| {' | '.join(row)} | {measure.source} |"
    assert line in DOCS.read_text(encoding="utf-8").splitlines()
