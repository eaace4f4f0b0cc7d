"""The committed pipeline on data sets of twenty images, run once per test process.

``build`` makes the study `headline`; ``build_study`` adds the study `ucam`, with a few of its
runs, the analyses, the claims and every figure.
"""

import shutil
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from project.params import Params, load
from project.settings_files import read_whole
from project.workspace import Workspace
from stages import (
    agreement,
    analyses,
    claims,
    compare,
    explain,
    features,
    prepare,
    report,
    scenes,
    score,
    train,
)
from stages.components import load_whole

ROOT = Path(__file__).resolve().parents[2]
DATASET, SECOND_DATASET = "scenes_v1", "scenes_v2"
TRAIN_QUESTIONS, TEST_QUESTIONS, EXPLAINED_QUESTIONS = 60, 30, 10
STUDY = "headline"
WHOLE_STUDY = "ucam"
OF_THE_WHOLE_STUDY = (
    *("mcb_ve", "mcb_pul", "mcb_all_predictive", "mcb_p_gca_50", "mcb_p_gca_image"),
    *("mcb_v2", "mcb_p_gca_v2"),
)
REPLICATE = "mcb_p_gca_seed21"
OF_OTHER_PAPERS = (
    *("changing_priors", "detectors", "coco_detectors", "regions", "key_objects"),
    *("imported_regions", "images", "classifiers", "experiments"),
    "region_analyses",
)
METHODS = {"lstm_qi": ["grad_cam"]}  # it has no attention; every other run has both


def settings(**sections: Any) -> dict[str, Any]:
    """Settings of the repository, the study `headline`, with all that costs time made small."""
    value = _small(_committed())
    for key in ("scenes", "datasets", "grids"):
        value[key] = {DATASET: value[key][DATASET]}
    value["runs"] = {name: run for name, run in value["runs"].items() if run["group"] == STUDY}
    value["studies"] = {STUDY: value["studies"][STUDY]}
    value["analyses"] = {}
    _leave_out_others(value)
    value["grids"][DATASET].update(sections.pop("grid", {}))
    for name, changes in sections.items():
        value[name].update(changes)
    return value


def study_settings() -> dict[str, Any]:
    """As ``settings``, with the study `ucam` of a few runs, one of them with a second seed."""
    value = _small(_committed())
    value["analyses"] = {n: o for n, o in value["analyses"].items() if o["group"] == STUDY}
    value["studies"] = {name: value["studies"][name] for name in (STUDY, WHOLE_STUDY)}
    runs = value["runs"]
    kept = {n: run for n, run in runs.items() if run["group"] == STUDY or n in OF_THE_WHOLE_STUDY}
    again = {
        **deepcopy(kept["mcb_p_gca"]),
        "group": "ucam",
        "replicate_of": "mcb_p_gca",
        "seed": 21,
    }
    value["runs"] = {**kept, REPLICATE: again}
    value["analyses"]["noise"].update(strengths=[0.5, 1.0], samples=2, examples=6)
    value["analyses"]["attention_samples"].update(samples=4, questions=6)
    study = value["studies"][WHOLE_STUDY]
    study["significance"]["sets"] = {
        "ablation": ["mcb", "mcb_ve", "mcb_pul", "mcb_p_gca"],
        "both_datasets": ["mcb", "mcb_p_gca"],
    }
    _leave_out_others(value)
    return value


def group_settings(group: str) -> dict[str, Any]:
    """The study ``group`` of the runs, analyses and tables that the settings have in that group."""
    value = settings()
    committed = _small(_committed())
    value["runs"] = {n: run for n, run in committed["runs"].items() if run["group"] == group}
    value["analyses"] = {
        n: options for n, options in committed["analyses"].items() if options["group"] == group
    }
    value["studies"] = {group: committed["studies"][group]}
    _leave_out_others(value)
    return value


def _leave_out_others(value: dict[str, Any]) -> None:
    """Of the sections of other papers nothing; of each study what the runs of ``value`` make."""
    value.update({name: {} for name in OF_OTHER_PAPERS if name in value})
    runs = value["runs"]
    groups = {run["group"] for run in runs.values()}
    for study in value["studies"].values():
        study["groups"] = [group for group in study["groups"] if group in groups]
        for section in ("tables", "extra_tables"):
            for table, rows in study.get(section, {}).items():
                study[section][table] = {r: s for r, s in rows.items() if _is_made(s, runs)}
        report = study["report"]
        pairs = report["comparisons"].items()
        report["comparisons"] = {run: other for run, other in pairs if {run, other} <= set(runs)}
        for options in (report, *report.get("figures", {}).values()):
            for key in ("runs", "gallery_runs"):
                if key in options:
                    options[key] = [run for run in options[key] if run in runs]


def _is_made(source: Any, runs: dict[str, Any]) -> bool:
    name = source["run"] if isinstance(source, dict) else source
    return "/" in name or name in runs


def _committed() -> dict[str, Any]:
    return {**read_whole(ROOT / "params.yaml"), "folders": []}


def _small(value: dict[str, Any]) -> dict[str, Any]:
    for section in ("changing_priors", "detectors", "regions", "key_objects"):
        value[section] = {}
    value["datasets"] = {name: value["datasets"][name] for name in value["scenes"]}
    for name, spec in value["scenes"].items():
        spec.update(
            things=8, colours=3, train_images=12, val_images=8,
            train_questions=TRAIN_QUESTIONS, val_questions=TEST_QUESTIONS,
            explanation_questions=min(spec["explanation_questions"], EXPLAINED_QUESTIONS),
        )  # fmt: skip
        value["datasets"][name]["validation_share"] = 0.25
    value["text"]["min_answer_count"] = 2
    for sizes in value["models"].values():
        narrow = {"hidden": 16, "fused": 16, "attention_dim": 8, "attention_hidden": 8}
        narrow |= {"attention_sketch": 32, "sketch": 64}
        sizes.update({name: narrow[name] for name in sizes.keys() & narrow.keys()})
    value["training"].update(epochs=2, batch_size=16)
    for run in value["runs"].values():
        run.pop("training", None)
    value["explain"].update(samples=3, batch_size=16)
    value["score"].update(emd_questions=6, resamples=50)
    for study in value["studies"].values():
        if study["significance"]:
            study["significance"]["min_block_questions"] = 1
            study["report"]["gallery"] = 4
    return value


def write_settings(folder: Path, value: dict[str, Any]) -> Params:
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump(value, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return load_whole(path)


def workspace(folder: Path) -> Workspace:
    return Workspace(folder, load(folder / "params.yaml").groups)


def make_data(params: Params, workspace: Workspace, dataset: str = DATASET) -> None:
    scenes.run(params, workspace, dataset)
    prepare.run(params, workspace, dataset)
    features.run(params, workspace, dataset)
    agreement.run(params, workspace, dataset)


def make_run(params: Params, workspace: Workspace, name: str) -> None:
    train.run(params, workspace, name)
    explain.run(params, workspace, name)
    score.run(params, workspace, name, workers=1)


@cache
def build(folder: Path) -> Path:
    """A workspace after every stage, for reading only; its images are in one folder."""
    folder.mkdir()
    params = write_settings(folder, settings())
    where = workspace(folder)
    make_data(params, where)
    for name in params.runs:
        make_run(params, where, name)
    compare.run(params, where, STUDY)
    report.run(params, where, STUDY)
    return folder


@cache
def build_study(folder: Path, finished: Path) -> Path:
    """A workspace with the studies `headline`, taken from ``finished``, and `ucam`."""
    shutil.copytree(finished, folder)
    params = write_settings(folder, study_settings())
    where = workspace(folder)
    make_data(params, where, SECOND_DATASET)
    for name, run in params.runs.items():
        if run.group != STUDY:
            make_run(params, where, name)
    for name in params.analyses:
        analyses.run(params, where, name)
    compare.run(params, where, WHOLE_STUDY)
    claims.run(params, where, WHOLE_STUDY)
    claims.gather(params, where)
    report.run(params, where, WHOLE_STUDY)
    return folder
