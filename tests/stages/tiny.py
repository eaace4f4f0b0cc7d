"""The committed pipeline on a data set of twenty pictures, run once per test process."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from stages import agreement, compare, explain, features, prepare, report, scenes, score, train
from stages.params import Params, load
from stages.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
DATASET = "scenes_v1"
TRAIN_QUESTIONS, TEST_QUESTIONS = 60, 30
STUDY = "headline"
METHODS = {"lstm_qi": ["grad_cam"]}  # it has no attention; every other run has both


def settings(**sections: Any) -> dict[str, Any]:
    """params.yaml of the repository with everything that costs time made small."""
    value = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for key in ("scenes", "datasets"):
        value[key] = {DATASET: value[key][DATASET]}
    value["runs"] = {name: run for name, run in value["runs"].items() if run["group"] == STUDY}
    value["studies"] = {STUDY: value["studies"][STUDY]}
    value["analyses"] = {}
    value["scenes"][DATASET].update(
        things=8, colours=3, train_images=12, val_images=8,
        train_questions=TRAIN_QUESTIONS, val_questions=TEST_QUESTIONS,
    )  # fmt: skip
    value["datasets"][DATASET]["validation_share"] = 0.25
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
    value["studies"][STUDY]["significance"]["min_block_questions"] = 1
    value["studies"][STUDY]["report"]["gallery"] = 4
    for name, changes in sections.items():
        value[name].update(changes)
    return value


def write_settings(folder: Path, value: dict[str, Any]) -> Params:
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump(value, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return load(path, families=True)


def workspace(folder: Path) -> Workspace:
    return Workspace(folder, load(folder / "params.yaml").groups)


def make_data(params: Params, workspace: Workspace) -> None:
    scenes.run(params, workspace, DATASET)
    prepare.run(params, workspace, DATASET)
    features.run(params, workspace, DATASET)


def make_run(params: Params, workspace: Workspace, name: str) -> None:
    train.run(params, workspace, name)
    explain.run(params, workspace, name)
    score.run(params, workspace, name, workers=1)


@cache
def build(folder: Path) -> Path:
    """A workspace after every stage, for reading only; its pictures are in one folder."""
    folder.mkdir()
    params = write_settings(folder, settings())
    where = workspace(folder)
    make_data(params, where)
    for name in params.runs:
        make_run(params, where, name)
    agreement.run(params, where, DATASET)
    compare.run(params, where, STUDY)
    report.run(params, where, STUDY)
    return folder
