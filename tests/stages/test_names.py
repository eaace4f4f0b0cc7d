"""Names that one section of params.yaml uses and another has to know."""

from collections.abc import Callable
from typing import Any

import pytest

from project.references import unknown_names
from project.settings_files import read_settings
from stages.components import check_whole
from tests.stages import tiny
from vqax.errors import UsageError

Settings = dict[str, Any]


def study(settings: Settings) -> Settings:
    return settings["studies"]["ucam"]


def changed(change: Callable[[Settings], object]) -> list[str]:
    settings = tiny.study_settings()
    change(settings)
    return unknown_names(settings)


def test_the_settings_that_the_tests_use_are_whole() -> None:
    assert unknown_names(tiny.study_settings()) == unknown_names(tiny.settings()) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda s: s["runs"]["mcb"].update(replicate_of="bert"),
            ["runs.mcb.replicate_of: 'bert'", "lstm_qi, san"],
        ),
        (
            lambda s: s["runs"]["mcb_v2"].update(replicate_of="mcb"),
            ["runs.mcb_v2.replicate_of: 'mcb' is not one of mcb_p_gca_v2"],
        ),
        (
            lambda s: s["runs"]["mcb_ve"].update(replicate_of=tiny.REPLICATE),
            [f"runs.mcb_ve.replicate_of: '{tiny.REPLICATE}'"],
        ),
        (
            lambda s: s["runs"]["mcb_ve"].update(replicate_of="mcb_ve"),
            ["runs.mcb_ve.replicate_of: 'mcb_ve'"],
        ),
        (
            lambda s: s["analyses"]["noise"].update(dataset="scenes_v3"),
            ["analyses.noise.dataset: 'scenes_v3' is not one of scenes_v1, scenes_v2"],
        ),
        (
            lambda s: s["analyses"]["noise"]["runs"].append("bert"),
            ["analyses.noise.runs: 'bert' is not one of lstm_qi"],
        ),
        (
            lambda s: s["analyses"]["noise"]["runs"].append("mcb_v2"),
            ["analyses.noise.runs: 'mcb_v2' is not one of lstm_qi"],
        ),
        (
            lambda s: s["analyses"]["noise"].update(group="topn"),
            ["analyses.noise.group: 'topn' is not one of headline, ucam"],
        ),
        (
            lambda s: s["analyses"]["noise"]["runs"].append("mcb_ve"),
            ["analyses.noise.runs: 'mcb_ve' is not one of lstm_qi, san, san_p_gca, mcb,"],
        ),
        (
            lambda s: s["analyses"]["attention_samples"].update(name="bert"),
            ["analyses.attention_samples.name: 'bert'"],
        ),
        (
            lambda s: s["analyses"]["explanation_masks"]["rows"]["grad_cam"].update(run="bert"),
            ["analyses.explanation_masks.rows.grad_cam: 'bert'"],
        ),
        (
            lambda s: study(s).update(groups=["headline", "ucam", "topn"]),
            ["studies.ucam.groups: 'topn' is not one of headline, ucam"],
        ),
        (
            lambda s: study(s)["tables"]["ucam/II"].update(VE="bert"),
            ["studies.ucam.tables.ucam/II.VE: 'bert'"],
        ),
        (
            lambda s: study(s)["tables"]["ucam/V"]["Aleatoric (with VE)"].update(run="bert"),
            ["studies.ucam.tables.ucam/V.Aleatoric (with VE): 'bert'"],
        ),
        (
            lambda s: study(s)["extra_tables"]["ucam/controls"].update(again=tiny.REPLICATE),
            [f"studies.ucam.extra_tables.ucam/controls.again: '{tiny.REPLICATE}'"],
        ),
        (
            lambda s: study(s)["tables"]["ucam/III"].update(Baseline="dreams/grad_cam"),
            ["ucam/III.Baseline: 'dreams' is not one of explanation_masks, noise", "scenes_v1"],
        ),
        (
            lambda s: study(s)["baseline_differences"].update({"ucam/controls": "bert"}),
            ["studies.ucam.baseline_differences.ucam/controls: 'bert'"],
        ),
        (
            lambda s: study(s)["baseline_differences"].update({"ucam/control": "mcb"}),
            [
                "studies.ucam.baseline_differences: 'ucam/control' is not one of ucam/I,",
                "ucam/controls",
            ],
        ),
        (
            lambda s: study(s)["significance"]["sets"].update(ours=["mcb", "mcb_v2"]),
            ["studies.ucam.significance.sets.ours: 'mcb_v2' is not one of lstm_qi, san"],
        ),
        (
            lambda s: study(s)["report"]["comparisons"].update(bert="mcb"),
            ["studies.ucam.report.comparisons: 'bert'"],
        ),
        (
            lambda s: study(s)["report"]["comparisons"].update(mcb_p_gca="bert"),
            ["studies.ucam.report.comparisons.mcb_p_gca: 'bert'"],
        ),
        (
            lambda s: study(s)["report"]["comparisons"].update(mcb_p_gca_v2="mcb"),
            ["studies.ucam.report.comparisons.mcb_p_gca_v2: 'mcb' is not one of mcb_v2"],
        ),
        (
            lambda s: study(s)["report"]["gallery_runs"].append("mcb_v2"),
            ["studies.ucam.report.gallery_runs: 'mcb_v2'"],
        ),
        (
            lambda s: study(s)["report"]["figures"]["loss_variance"].update(runs=["bert"]),
            ["studies.ucam.report.figures.loss_variance.runs: 'bert'"],
        ),
        (
            lambda s: study(s)["report"]["figures"]["noise"].update(runs=["san"]),
            ["report.figures.noise.runs: 'san' is not one of mcb, mcb_a_gca, mcb_p_gca"],
        ),
        (
            lambda s: study(s)["report"]["figures"]["mask_comparison"]["rows"].update(lime="x"),
            ["report.figures.mask_comparison.rows: 'lime' is not one of grad_cam,"],
        ),
        (
            lambda s: study(s)["report"]["figures"]["controls"].update(table="ucam/I"),
            ["report.figures.controls.table: 'ucam/I' is not one of ucam/controls, ucam/inputs"],
        ),
    ],
)
def test_a_name_that_nothing_bears(change: Callable[[Settings], object], words: list[str]) -> None:
    lines = changed(change)
    assert any(all(word in line for word in words) for line in lines), lines


def test_a_study_knows_only_the_runs_of_its_groups() -> None:
    lines = changed(lambda s: s["studies"]["headline"]["tables"]["ucam/II"].update(VE="mcb_ve"))
    assert lines == [
        "studies.headline.tables.ucam/II.VE: 'mcb_ve' is not one of "
        "lstm_qi, san, san_p_gca, mcb, mcb_a_gca, mcb_p_gca"
    ]


def test_a_figure_needs_its_analysis() -> None:
    assert changed(lambda s: s["analyses"].pop("noise")) == [
        "studies.ucam.report.figures.noise: 'noise' is not one of "
        "explanation_masks, attention_samples"
    ]


def test_a_run_on_an_unknown_data_set_is_one_mistake() -> None:
    lines = changed(lambda s: s["runs"]["mcb"].update(dataset="scenes_v3"))
    assert lines == ["runs.mcb.dataset: 'scenes_v3' is not one of scenes_v1, scenes_v2"]


@pytest.mark.parametrize("value", [None, 3, [1], "mcb", {"mcb": None}, {"a": [1]}, {"a": {"b": 1}}])
@pytest.mark.parametrize("section", ["runs", "datasets", "analyses", "studies", "training"])
def test_sections_of_another_kind_are_mistakes_and_no_crash(section: str, value: object) -> None:
    with pytest.raises(UsageError, match=r"params: \d+ mistake"):
        check_whole({**tiny.study_settings(), section: value}, "params")


@pytest.mark.parametrize(
    "key", ["groups", "tables", "extra_tables", "baseline_differences", "report", "significance"]
)
@pytest.mark.parametrize("value", [3, [1], "mcb", {"a": 1}, {"a": [1]}])
def test_parts_of_a_study_of_another_kind_are_no_crash(key: str, value: object) -> None:
    settings = tiny.study_settings()
    study(settings)[key] = value
    with pytest.raises(UsageError, match="mistake"):
        check_whole(settings, "params")


def test_every_parameter_of_the_committed_pipeline_is_set() -> None:
    """DVC refuses to finish a stage that depends on a parameter which no file gives."""
    for stage in read_settings(tiny.ROOT / "dvc.yaml")["stages"].values():
        for given in stage.get("params", []) if "foreach" not in stage else ():
            files = {"params.yaml": [given]} if isinstance(given, str) else given
            for file, keys in files.items():
                for key in keys:
                    value = read_settings(tiny.ROOT / file)
                    for part in key.split("."):
                        assert part in value, (file, key)
                        value = value[part]
