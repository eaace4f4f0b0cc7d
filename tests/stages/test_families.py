from typing import Any

import pytest

from stages.components import unknown_members
from tests.stages import tiny


def test_the_committed_names_are_known() -> None:
    assert unknown_members(tiny.settings()) == []


@pytest.mark.parametrize(
    ("section", "value", "words"),
    [
        ("models", {"vilt": {}}, ["models: 'vilt'", "lstm_qi, san, mcb"]),
        ("models", {"mcb": {"sketchh": 1}}, ["models.mcb.sketchh"]),
        ("models", {"mcb": {"sketch": "64"}}, ["models.mcb.sketch", "'64'"]),
        ("models", {"mcb": {"words": 10}}, ["models.mcb.words"]),
        ("models", {"mcb": [1]}, ["models.mcb", "dictionary"]),
        ("explain", {"methods": ["rise"]}, ["explain.methods: 'rise'", "attention, grad_cam"]),
        (
            "grids",
            {"scenes_v1": {"extractor": "vgg17"}},
            ["grids.scenes_v1.extractor: 'vgg17'", "vgg16, vgg19"],
        ),
        (
            "studies",
            {"headline": {"tables": {"ucam/X": {}}}},
            ["studies.headline.tables: 'ucam/X'", "ucam/I"],
        ),
        ("analyses", {"dreams": {}}, ["analyses: 'dreams' is not one of"]),
        ("explain", {"methods": ["deconvolution"]}, ["explain.methods: 'deconvolution'"]),
        (
            "studies",
            {"a": {"report": {"figures": {"pie": {}}}}},
            ["report.figures: 'pie'", "noise"],
        ),
        (
            "studies",
            {"a": {"report": {"figures": {"controls": {"table": "ucam/controls", "of": 1}}}}},
            ["studies.a.report.figures.controls.of"],
        ),
        ("studies", {"a": {"report": {"claims": "ucma"}}}, ["a.report.claims: 'ucma'", "ucam"]),
        ("runs", {"a": {"objective": {"name": "bce"}}}, ["runs.a.objective.name: 'bce'", "answer"]),
        (
            "runs",
            {"a": {"objective": {"name": "uncertainty"}}},
            ["runs.a.variance: objective uncertainty needs scalar or per_answer"],
        ),
        (
            "runs",
            {"a": {"objective": {"name": "uncertainty", "samples": 0}, "variance": "scalar"}},
            ["runs.a.objective: objective.samples: 0 is not a finite number of 1 or more"],
        ),
        (
            "runs",
            {"a": {"objective": {"name": "evidential"}}},
            ["runs.a.evidence: objective evidential needs softplus, exp or relu"],
        ),
    ],
)
def test_a_name_no_family_has(section: str, value: dict[str, Any], words: list[str]) -> None:
    (line,) = unknown_members({**tiny.settings(), section: value})
    assert all(word in line for word in words)


@pytest.mark.parametrize("value", [None, 3, [], "mcb"])
@pytest.mark.parametrize("section", ["models", "explain", "grids", "tables"])
def test_sections_of_another_kind_are_left_to_the_settings(section: str, value: object) -> None:
    assert unknown_members({**tiny.settings(), section: value}) == []


def test_an_option_that_is_missing_is_named() -> None:
    settings = tiny.study_settings()
    settings["analyses"]["noise"].pop("samples")
    settings["studies"]["ucam"]["report"]["figures"]["training_share"].pop("metrics")
    lines = unknown_members(settings)
    assert len(lines) == 2
    assert "analyses.noise.samples: Field required" in lines[0]
    assert "studies.ucam.report.figures.training_share.metrics: Field required" in lines[1]
