"""The generated part of dvc.yaml: what the command writes, and no more than that."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from project.params import load
from project.settings_files import split
from stages.components import check_whole
from stages.dvc_yaml import BEGIN, check, with_generated, write
from stages.dvc_yaml.code import packages
from stages.dvc_yaml.studies import study_stages
from tests.stages import test_runs_on_regions, tiny
from vqax.errors import BadData

Settings = dict[str, Any]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(tiny.ROOT / name, tmp_path)
    shutil.copytree(tiny.ROOT / "studies", tmp_path / "studies")
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, path
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def stages_of(value: Settings) -> dict[str, Any]:
    files = [file.as_posix() for file in split(value)]
    return study_stages(check_whole(value, "params"), files)


def test_the_committed_pipeline_is_what_the_command_writes() -> None:
    check(tiny.ROOT)


def test_an_import_that_dvc_yaml_does_not_know_is_written(repository: Path) -> None:
    assert write(repository) == {"dvc.yaml": "up to date"}
    edit(repository / "dvc.yaml", "stages/scenes.py,", "")
    with pytest.raises(BadData, match=r"dvc\.yaml: is not what .* say; run vqax pipeline"):
        check(repository)
    assert write(repository) == {"dvc.yaml": "written"}
    assert (repository / "dvc.yaml").read_bytes() == (tiny.ROOT / "dvc.yaml").read_bytes()


def test_a_new_study_is_its_folder_and_one_line(repository: Path) -> None:
    study = {
        **{"groups": ["headline"], "significance": None, "tables": {"ucam/II": {"VE": "mcb"}}},
        "report": {"title": "Mine", "research_question": "?", "gallery": 0, "comparisons": {}},
    }
    folder = repository / "studies" / "mine"
    folder.mkdir()
    report = {"report": study.pop("report")}
    for file, part in (("study", study), ("report", report)):
        (folder / f"{file}.yaml").write_text(yaml.safe_dump({"studies": {"mine": part}}))
    edit(repository / "params.yaml", "edl, topn]", "edl, topn, mine]")
    assert load(repository / "params.yaml").study("mine").report.title == "Mine"
    before = yaml.safe_load((repository / "dvc.yaml").read_text(encoding="utf-8"))
    assert write(repository) == {"dvc.yaml": "written"}
    after = yaml.safe_load((repository / "dvc.yaml").read_text(encoding="utf-8"))
    assert after["stages"].keys() - before["stages"].keys() == {"compare_mine", "report_mine"}
    assert {name: after["stages"][name] for name in before["stages"]} == before["stages"]
    assert "studies/mine/study.yaml" in after["stages"]["compare_mine"]["deps"]
    assert "results/mine/metrics.json" in after["metrics"]


def test_a_study_depends_on_what_its_settings_name() -> None:
    made = stages_of(tiny.study_settings())
    assert list(made) == [
        *("compare_headline", "report_headline"),
        *("compare_ucam", "claims_ucam", "report_ucam", "claims"),
    ]
    compare = made["compare_ucam"]["deps"]
    assert {"data/agreement/scenes_v1", "data/analyses/explanation_masks"} <= set(compare)
    assert "data/analyses/noise" not in compare
    assert "data/analyses/noise" in made["claims_ucam"]["deps"]
    assert "data/agreement/scenes_v1" in made["compare_headline"]["deps"]
    assert not [
        dep for dep in made["report_headline"]["deps"] if "ucam" in dep or "analyses" in dep
    ]
    assert made["claims"]["deps"][0] == "results/claims/ucam.parquet"


def test_rows_with_two_sources_depend_on_both() -> None:
    (study,) = test_runs_on_regions.settings()["studies"]
    made = stages_of(test_runs_on_regions.settings())
    compare = set(made[f"compare_{study}"]["deps"])
    assert {"data/analyses/key_attention", "data/analyses/domains"} <= compare
    assert f"claims_{study}" not in made
    assert "claims" not in made


def test_the_boxes_that_a_figure_shows_are_a_dependency() -> None:
    deps = study_stages(load(tiny.ROOT / "params.yaml"), [])["report_attreg"]["deps"]
    assert {"data/detectors/scenes", "data/features/regions_v2.h5"} <= set(deps)


def test_without_its_markers_nothing_is_written(tmp_path: Path) -> None:
    params = check_whole(tiny.settings(), "params")
    with pytest.raises(BadData, match=r"dvc\.yaml: has no lines .*; restore them"):
        with_generated("stages: {}\n", params, [], tmp_path / "dvc.yaml")


def test_every_stage_depends_on_its_code() -> None:
    text = (tiny.ROOT / "dvc.yaml").read_text(encoding="utf-8")
    for name, stage in yaml.safe_load(text)["stages"].items():
        deps = stage.get("do", stage).get("deps", [])
        of_code = any(dep.startswith("data/code/") for dep in deps)
        assert of_code != (name.startswith("code_") or name == "none"), name
    assert not [line for line in text.partition(BEGIN)[0].splitlines() if "stages/" in line]


def test_packages_of_a_stage() -> None:
    deps = packages("compare")
    assert {"stages/compare.py", "vqax/report", "vqax/files.py"} <= set(deps)
    assert not [dep for dep in deps if dep.startswith("vqax/learning")]
