"""What sets a run apart from its like: share of the data, variance input, seed."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from project.dataset import Prepared, load_prepared
from project.feature_files import open_feature_file
from project.models import build, identity, trained
from project.params import Params
from project.resolve import data_plan, feature_plan, run_plan
from project.workspace import Workspace
from stages import explain
from stages.components import load_whole
from stages.train import run as train
from stages.train import share
from tests.stages import tiny
from vqax.data import Example
from vqax.errors import BadData, UsageError
from vqax.files import read_json
from vqax.vision import FeatureFile

WIDTH = 112


def about(images: list[int]) -> list[Example]:
    """A question about each image in this order; an image may have several."""
    return [
        Example(
            question_id=number, image_id=image, question="?", question_type="", answer_type="other",
            multiple_choice_answer="", answers=(),
        )
        for number, image in enumerate(images)
    ]  # fmt: skip


@given(
    images=st.lists(st.integers(0, 30), min_size=1, max_size=60),
    shares=st.tuples(st.floats(0.01, 1), st.floats(0.01, 1)),
    seed=st.integers(0, 99),
)
def test_a_smaller_share_lies_in_a_larger_one(
    images: list[int], shares: tuple[float, float], seed: int
) -> None:
    examples = about(images)
    small, large = (share(examples, part, seed) for part in sorted(shares))
    kept = {example.question_id for example in large}
    assert {example.question_id for example in small} <= kept
    assert small
    assert large == [example for example in examples if example.question_id in kept]


@given(
    images=st.lists(st.integers(0, 30), min_size=1, max_size=60),
    part=st.floats(0.01, 1),
    seed=st.integers(0, 99),
)
def test_a_share_takes_pictures_with_all_their_questions(
    images: list[int], part: float, seed: int
) -> None:
    examples = about(images)
    kept = {example.image_id for example in share(examples, part, seed)}
    assert len(share(examples, part, seed)) == sum(image in kept for image in images)
    assert len(kept) == max(1, round(part * len(set(images))))


def test_the_whole_is_all_of_it_and_another_seed_another_half() -> None:
    examples = about(list(range(40)))
    assert share(examples, 1.0, 3) == examples
    halves = [share(examples, 0.5, seed) for seed in (3, 3, 4)]
    assert halves[0] == halves[1] != halves[2]
    assert len(halves[2]) == 20


@pytest.fixture(scope="module")
def params(whole: Path) -> Params:
    return load_whole(whole / "params.yaml")


@pytest.fixture(scope="module")
def where(whole: Path) -> Workspace:
    return tiny.workspace(whole)


@pytest.fixture(scope="module")
def prepared(params: Params, where: Workspace) -> Prepared:
    return load_prepared(data_plan(params, where, tiny.DATASET))


@pytest.fixture(scope="module")
def feature_file(params: Params, where: Workspace) -> FeatureFile:
    return open_feature_file(feature_plan(params, where, tiny.DATASET))


def changed(params: Params, name: str, **options: Any) -> Params:
    """The same settings, validated again, with another run of this name."""
    value = params.model_dump(mode="json")
    value["runs"][name].update(options)
    return Params.model_validate(value)


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("mcb_p_gca_50", "train_share", 0.5),
        ("mcb_p_gca", "train_share", 1.0),
        ("mcb_p_gca_image", "variance_input", "image"),
        ("mcb_p_gca", "variance_input", "logits"),
        ("mcb_p_gca", "seed", 20),
        (tiny.REPLICATE, "seed", 21),
        (tiny.REPLICATE, "run", tiny.REPLICATE),
    ],
)
def test_the_weights_say_whose_they_are(
    where: Workspace, name: str, key: str, value: object
) -> None:
    assert read_json(where.run(name) / "model.json")[key] == value


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("mcb_p_gca_50", {"train_share": 0.75}, r"train_share was 0\.5, is 0\.75"),
        ("mcb_p_gca_50", {"train_share": 1.0}, r"train_share was 0\.5, is 1\.0"),
        ("mcb_p_gca", {"variance_input": "image"}, "another model|variance_input was 'logits'"),
        (tiny.REPLICATE, {"seed": 22}, "seed was 21, is 22"),
    ],
)
def test_weights_of_other_settings_are_refused(
    params: Params, where: Workspace, name: str, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadData, match=words):
        explain.run(changed(params, name, **options), where, name)


def test_a_share_trains_on_fewer_questions_and_validates_on_all(
    params: Params, where: Workspace, prepared: Prepared, tmp_path: Path
) -> None:
    shutil.copytree(where.root, tmp_path / "copy")
    there = Workspace(tmp_path / "copy", where.groups)
    questions = train(params, there, "mcb_p_gca_50")["questions"]
    assert questions == {
        "train": len(share(prepared.train, 0.5, params.seed)),
        "validation": len(prepared.validation),
    }
    assert 0 < questions["train"] < len(prepared.train)
    weights = [
        (one.run("mcb_p_gca_50") / "model.safetensors").read_bytes() for one in (there, where)
    ]
    assert weights[0] == weights[1]


@pytest.mark.parametrize("wanted", ["logits", "image", "question"])
def test_the_variance_head_reads_what_the_run_says(
    params: Params, where: Workspace, prepared: Prepared, wanted: str
) -> None:
    def reading(part: str) -> nn.Module:
        plan = run_plan(changed(params, "mcb_p_gca", variance_input=part), where, "mcb_p_gca")
        return build(plan, prepared, WIDTH)

    model = reading(wanted)
    others = {one: reading(one) for one in {"logits", "image", "question"} - {wanted}}
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    for other in others.values():
        assert shapes != {name: tuple(v.shape) for name, v in other.state_dict().items()}


def test_repetitions_begin_with_other_weights(
    params: Params, where: Workspace, prepared: Prepared
) -> None:
    first, second = (
        build(run_plan(params, where, name), prepared, WIDTH).state_dict()
        for name in ("mcb_p_gca", tiny.REPLICATE)
    )
    assert first.keys() == second.keys()
    assert any((first[key] != second[key]).any() for key in first)


def test_a_run_has_the_shared_seed_or_its_own(params: Params) -> None:
    assert params.seed_of("mcb_p_gca") == params.seed == 20
    assert params.seed_of(tiny.REPLICATE) == 21
    assert changed(params, "mcb", seed=0).seed_of("mcb") == 0
    with pytest.raises(UsageError, match=r"bert: no such run"):
        params.seed_of("bert")


def test_the_identity_has_every_setting_of_a_run(
    params: Params, where: Workspace, prepared: Prepared, feature_file: FeatureFile
) -> None:
    """All but those that say where its outputs lie and how it is compared."""
    known = identity(run_plan(params, where, "mcb_p_gca_50"), prepared, feature_file)
    beside = {"group", "dataset", "system", "replicate_of"}
    beside |= {"evidence", "backbone", "fresh", "key_objects"}  # named where there are any
    assert set(type(params.runs["mcb_p_gca_50"]).model_fields) - beside <= set(known)


def test_weights_of_the_same_settings_are_taken(
    params: Params, where: Workspace, prepared: Prepared, feature_file: FeatureFile
) -> None:
    name = "mcb_p_gca_image"
    assert trained(run_plan(params, where, name), prepared, feature_file) is not None
