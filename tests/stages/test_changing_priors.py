"""Changing priors as a data set of the pipeline: made, prepared, scored against people."""

import json
from collections import Counter
from pathlib import Path

import pytest

from project.dataset import load_prepared
from project.human_maps import read_human_maps
from project.params import Params, load
from project.resolve import data_plan
from project.workspace import Workspace
from stages import agreement, changing_priors, prepare, scenes
from tests.stages import tiny
from vqax.data import VqaFolder
from vqax.errors import BadData
from vqax.files import read_parquet
from vqax.text.answers import normalise_answer

FEW = 4
CP = {"root": "data/scenes/scenes_v1", "splits": ["train2014", "val2014"], "seed": 1}
DATASET = {
    "root": "data/cp/cp_v1", "images": "data/scenes/scenes_v1", "train": "train", "test": "test",
    "validation_share": 0.25, "label": "CP",
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Params, Workspace]:
    folder = tmp_path_factory.mktemp("cp")
    priors = {"cp_v1": {**CP, "test_share": 0.4, "covering_share": 0.2}}
    datasets = {"cp_v1": DATASET, "few_answers": {**DATASET, "min_answer_count": FEW}}
    settings = tiny.settings(changing_priors=priors, datasets=datasets)
    params, workspace = tiny.write_settings(folder, settings), Workspace(folder)
    scenes.run(params, workspace, tiny.DATASET)
    changing_priors.run(params, workspace, "cp_v1")
    for name in datasets:
        prepare.run(params, workspace, name)
    return params, workspace


def test_parts_of_pictures_of_both_splits(made: tuple[Params, Workspace]) -> None:
    prepared = load_prepared(data_plan(*made, "cp_v1"))
    parts = [prepared.train, prepared.validation, prepared.test]
    ids = [{example.question_id for example in part} for part in parts]
    assert sum(map(len, ids)) == len(set.union(*ids)) == 90
    in_domain = {e.image_id for e in prepared.validation}
    assert in_domain
    assert not in_domain & {e.image_id for e in prepared.train}
    folders = {prepared.image_path(e.image_id).parent.name for e in prepared.test}
    assert folders == {"train2014", "val2014"}


def test_a_data_set_may_keep_fewer_answers(made: tuple[Params, Workspace]) -> None:
    usual, fewer = (load_prepared(data_plan(*made, name)) for name in ("cp_v1", "few_answers"))
    given = Counter(normalise_answer(e.multiple_choice_answer) for e in fewer.train)
    assert set(fewer.answers.answers) == {answer for answer, n in given.items() if n >= FEW}
    assert set(fewer.answers.answers) < set(usual.answers.answers)


def test_people_looked_at_questions_of_both_splits(made: tuple[Params, Workspace]) -> None:
    params, workspace = made
    maps = read_human_maps(workspace.dataset("cp_v1") / "human_maps.h5")
    test = load_prepared(data_plan(params, workspace, "cp_v1")).test
    assert maps.keys() == {example.question_id for example in test}
    assert {len(found) for found in maps.values()} == {1, 3}
    assert "cp_v1/human attention_rank_correlation" in agreement.run(params, workspace, "cp_v1")


def test_what_it_was_made_from_is_written_down(made: tuple[Params, Workspace]) -> None:
    params, workspace = made
    out = workspace.data / "cp" / "cp_v1"
    before = json.loads((out / "source.json").read_text())
    table = read_parquet(out / "prior_shift.parquet")
    assert table["test_questions"].sum() == len(
        load_prepared(data_plan(params, workspace, "cp_v1")).test
    )
    (maps,) = VqaFolder(workspace.root / CP["root"], "train2014").human_maps_dirs
    one = next(maps.iterdir())
    content = one.read_bytes()
    try:
        one.write_bytes(b"another map")
        changing_priors.run(params, workspace, "cp_v1")
        after = json.loads((out / "source.json").read_text())
    finally:
        one.write_bytes(content)
    assert before["of_people"] != after["of_people"]
    assert before["seed"] == after["seed"] == 1


def test_the_table_of_priors(made: tuple[Params, Workspace]) -> None:
    root = made[1].data / "cp" / "cp_v1"
    said = changing_priors.priors(root, None, None)
    assert said["total variation"]["measured"] > said["total variation"]["by chance"]
    of_type = said["question types"]["how many"]
    assert {"questions", "answer", "share"} == set(of_type["train"]) == set(of_type["test"])
    line = changing_priors.priors_in_words(said)["how many"]
    assert line.startswith("train ")
    assert line.endswith(f"total variation {of_type['total variation']:.3f}")
    official = changing_priors.priors(made[1].data / "scenes" / "scenes_v1", None, None)
    assert official["questions"] == {"train": 60, "test": 30}


def test_test_questions_inside_train(made: tuple[Params, Workspace], tmp_path: Path) -> None:
    root = tmp_path / DATASET["root"]
    root.mkdir(parents=True)
    for path in (made[1].root / DATASET["root"]).glob("vqacp_*_test_*"):
        (root / path.name).write_bytes(path.read_bytes())
        (root / path.name.replace("_test_", "_train_")).write_bytes(path.read_bytes())
    dataset = DATASET | {"images": str(made[1].data / "scenes" / "scenes_v1")}
    tiny.write_settings(tmp_path, tiny.settings(datasets={"cp_v1": dataset}))
    params = load(tmp_path / "params.yaml")
    with pytest.raises(BadData, match=r"_test_questions.json: \d+ of its questions are also in"):
        prepare.run(params, Workspace(tmp_path), "cp_v1")
