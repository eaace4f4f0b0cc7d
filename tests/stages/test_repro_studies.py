"""What a change reruns where two studies share runs: its own study, and not the other one."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stages.repro.plan import stale
from tests.stages import pipelines, tiny

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning")
HEADLINE = ["compare_headline", "report_headline"]
CLAIMS = ["claims", "claims_ucam"]
UCAM = ["compare_ucam", *CLAIMS, "report_ucam"]
ANALYSES = ["analyse@explanation_masks", "analyse@noise", "analyse@attention_samples"]
Settings = dict[str, Any]


@pytest.fixture(scope="module")
def up_to_date(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The committed dvc.yaml around a workspace with both studies; nothing to do."""
    folder = tmp_path_factory.mktemp("studies") / "work"
    shutil.copytree(whole, folder)
    return pipelines.committed(folder)


def of_run(name: str) -> list[str]:
    return [f"{stage}@{name}" for stage in ("train", "explain", "score")]


def study(settings: Settings) -> Settings:
    return settings["studies"][tiny.WHOLE_STUDY]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda s: None, []),
        (
            lambda s: s["labels"].update(mcb="Multimodal compact bilinear"),
            [*CLAIMS, "report_headline", "report_ucam"],
        ),
        (lambda s: study(s)["report"]["figures"].pop("noise"), ["report_ucam"]),
        (lambda s: study(s)["tables"]["ucam/II"].update({"UDL+VE": "mcb_ve"}), UCAM),
        (lambda s: study(s)["baseline_differences"].update({"ucam/inputs": "mcb_ve"}), UCAM),
        (lambda s: s["runs"]["mcb_v2"].update(system="mcb2"), [*of_run("mcb_v2"), *UCAM]),
        (
            lambda s: s["analyses"]["noise"].update(samples=3),
            ["analyse@noise", *CLAIMS, "report_ucam"],
        ),
        (
            lambda s: s["analyses"]["explanation_masks"]["rows"].pop("grad_cam_a_gca"),
            ["analyse@explanation_masks", *UCAM],
        ),
        (
            lambda s: s["runs"]["mcb_ve"]["objective"].update(terms=["ve", "udl"]),
            [*of_run("mcb_ve"), *UCAM],
        ),
        (lambda s: s["runs"][tiny.REPLICATE].update(seed=22), [*of_run(tiny.REPLICATE), *UCAM]),
        (
            lambda s: s["runs"]["mcb_p_gca"]["objective"]["certainty"].update(gain=0.5),
            [*of_run("mcb_p_gca"), *ANALYSES, *HEADLINE, *UCAM],
        ),
        (
            lambda s: s["studies"][tiny.STUDY]["tables"]["ucam/II"].update(VE="mcb"),
            HEADLINE,
        ),
    ],
)
def test_a_change_reruns_its_study(
    up_to_date: Path, change: Callable[[Settings], object], expected: list[str]
) -> None:
    settings = tiny.study_settings()
    change(settings)
    if settings["runs"]["mcb_v2"].get("system") == "mcb2":
        study(settings)["significance"]["sets"].pop("both_datasets")
    try:
        pipelines.write_settings(up_to_date, settings)
        assert sorted(stale(up_to_date, ())) == sorted(expected)
    finally:
        pipelines.write_settings(up_to_date, tiny.study_settings())


def test_a_report_of_one_study_needs_nothing_of_the_other(up_to_date: Path) -> None:
    relevant = set(stale(up_to_date, ("report_headline",), force=True))
    assert not {name for name in relevant if "ucam" in name or tiny.SECOND_DATASET in name}
    assert not relevant & {*CLAIMS, *ANALYSES}
    assert not {name for name in relevant if name.partition("@")[2] in tiny.OF_THE_WHOLE_STUDY}
    assert set(stale(up_to_date, ("report_ucam", "claims"), force=True)) >= {*UCAM, *ANALYSES}
