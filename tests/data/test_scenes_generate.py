"""The data set on disk: official formats, one seed one set of bytes, whole or absent."""

import hashlib
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageFont

from tests.data.conftest import SMALL
from vqax.data.coco import load_rgb, read_instances
from vqax.data.folder import VqaFolder
from vqax.data.hat import human_map_paths, read_human_map
from vqax.data.scenes import SceneSettings, contact_sheet, generate
from vqax.data.scenes.contact_sheet import FONT_PX, IMAGE_PX, _wrapped
from vqax.data.scenes.question_types import question_type
from vqax.data.vqa_x import read_explanations
from vqax.data.vqa_x_maps import explanation_map_paths, read_explanation_maps
from vqax.errors import BadData, MissingArtefact
from vqax.ownership import MARKER

SPLITS = ("train2014", "val2014")
ROOTS = pytest.mark.parametrize("flavour", ["v1", "v2"])


def tree(root: Path) -> dict[str, str]:
    """Hash of every file under ``root``."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("flavour", ["v1", "v2"])
def test_two_processes_write_the_same_bytes(
    flavour: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    settings = SceneSettings(**SMALL, flavour=flavour)
    generate(tmp_path / "again", settings, workers=2)
    assert tree(tmp_path / "again") == tree(request.getfixturevalue(f"scenes_{flavour}"))


def test_another_seed_changes_every_picture_and_map(scenes_v1: Path, tmp_path: Path) -> None:
    generate(tmp_path / "other", SceneSettings(**SMALL, seed=1))
    ours, theirs = tree(scenes_v1), tree(tmp_path / "other")
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if ours[name] == theirs[name]] == [MARKER]


@ROOTS
def test_the_official_reader_finds_nothing_to_skip(
    flavour: str, request: pytest.FixtureRequest
) -> None:
    root = request.getfixturevalue(f"scenes_{flavour}")
    divisor = {"v1": 10, "v2": 1000}[flavour]
    for split, number in zip(SPLITS, (84, 44), strict=True):
        folder = VqaFolder(root, split)
        examples, skipped = folder.read(strict=True)
        assert skipped == []
        assert len(examples) == number
        for example in examples:
            assert example.question_id // divisor == example.image_id
            assert example.question_type == question_type(example.question)
            counts = Counter(example.answers)
            assert counts[example.multiple_choice_answer] == max(counts.values())
        texts = [(example.image_id, example.question) for example in examples]
        assert len(set(texts)) == len(texts)


def test_pictures_are_jpeg_of_the_stated_size(scenes_v1: Path) -> None:
    for split, number in zip(SPLITS, (14, 9), strict=True):
        paths = sorted((scenes_v1 / "images" / split).iterdir())
        assert len(paths) == number
        with Image.open(paths[0]) as image:
            assert (image.format, image.size) == ("JPEG", (72, 72))
    assert paths[0].name == "COCO_val2014_000000400001.jpg"


def test_no_picture_is_in_both_splits(scenes_v1: Path) -> None:
    ids = [{e.image_id for e in VqaFolder(scenes_v1, split).read().examples} for split in SPLITS]
    assert not ids[0] & ids[1]


@ROOTS
def test_pairs_have_the_same_words_and_another_answer(
    flavour: str, request: pytest.FixtureRequest
) -> None:
    root = request.getfixturevalue(f"scenes_{flavour}")
    facts = pd.read_parquet(root / "scene_facts.parquet").set_index("question_id")
    if flavour == "v1":
        assert (facts["complement_id"] == -1).all()
        return
    for split in SPLITS:
        pairs = json.loads((root / f"v2_mscoco_{split}_complementary_pairs.json").read_text())
        words = {e.question_id: e.question for e in VqaFolder(root, split).read().examples}
        assert sorted(q for pair in pairs for q in pair) == sorted(words)
        for first, second in pairs:
            assert words[first] == words[second]
            assert facts.loc[first, "truth"] != facts.loc[second, "truth"]
            assert facts.loc[first, "image_id"] != facts.loc[second, "image_id"]
            assert facts.loc[first, "complement_id"] == second
            assert facts.loc[second, "complement_id"] == first


def test_human_maps_one_for_train_three_for_val(scenes_v1: Path) -> None:
    for split, each in zip(SPLITS, (1, 3), strict=True):
        folder = VqaFolder(scenes_v1, split)
        (maps_dir,) = folder.human_maps_dirs
        maps = human_map_paths(maps_dir)
        assert maps.keys() == {e.question_id for e in folder.read().examples}
        assert {len(paths) for paths in maps.values()} == {each}
        for paths in list(maps.values())[:5]:
            assert read_human_map(paths[0], (72, 72)).max() > 0.5


def test_fewer_training_maps_on_request(scenes_v1: Path, tmp_path: Path) -> None:
    generate(tmp_path / "few", SceneSettings(**SMALL, human_map_questions=11))
    folder = tmp_path / "few" / "vqa_hat"
    names = {path.name for path in (folder / "train2014").iterdir()}
    assert len(names) == 11
    assert names <= {path.name for path in (scenes_v1 / "vqa_hat" / "train2014").iterdir()}
    assert len(list((folder / "val2014").iterdir())) == 44 * 3


@pytest.mark.parametrize(
    ("flavour", "digest"),
    [
        ("v1", "791135087feff504e47f4a69cbffd8ba27d20855472ed20b05b8235bf4656952"),
        ("v2", "ef3e5b13e815e7028d1952077e77000de7bfd66664b3085580067a5b0b903846"),
    ],
)
def test_questions_and_answers_are_those_of_before_vqa_x(
    flavour: str, digest: str, request: pytest.FixtureRequest
) -> None:
    root = request.getfixturevalue(f"scenes_{flavour}")
    content = b"".join(path.read_bytes() for path in sorted(root.glob("*.json")))
    assert hashlib.sha256(content).hexdigest() == digest


def test_explanations_change_no_other_file(scenes_v1: Path, tmp_path: Path) -> None:
    generate(tmp_path / "none", SceneSettings(**SMALL, explanation_questions=0))
    others = {name: of for name, of in tree(scenes_v1).items() if not name.startswith("vqa_x/")}
    assert tree(tmp_path / "none") == others
    assert len(others) < len(tree(scenes_v1))


@ROOTS
def test_three_sentences_and_three_regions(flavour: str, request: pytest.FixtureRequest) -> None:
    folder = VqaFolder(request.getfixturevalue(f"scenes_{flavour}"), "val2014")
    known = {example.question_id for example in folder.read().examples}
    (path,) = folder.explanation_paths
    assert path == folder.root / "vqa_x" / "val_exp_anno.json"
    sentences = read_explanations(path, known)
    maps = explanation_map_paths(folder.explanation_maps_dirs, known)
    assert sentences.keys() == maps.keys() == known
    assert {len(said) for said in sentences.values()} == {3}
    for file in maps.values():
        regions = read_explanation_maps(file, (72, 72))
        assert len(regions) == 3
        assert set(np.unique(regions)) == {0, 1}


def test_fewer_explanations_on_request(scenes_v1: Path, tmp_path: Path) -> None:
    generate(tmp_path / "few", SceneSettings(**SMALL, explanation_questions=11))
    few = {
        name: of for name, of in tree(tmp_path / "few").items() if name.startswith("vqa_x/visual")
    }
    assert len(few) == 11
    assert few.items() <= tree(scenes_v1).items()
    sentences = [
        read_explanations(root / "vqa_x" / "val_exp_anno.json")
        for root in (tmp_path / "few", scenes_v1)
    ]
    assert len(sentences[0]) == 11
    assert sentences[0].items() <= sentences[1].items()


def test_instances_and_facts_agree_about_needed_boxes(scenes_v1: Path) -> None:
    facts = pd.read_parquet(scenes_v1 / "scene_facts.parquet")
    assert len(facts) == 84 + 44
    assert facts["question_id"].is_unique
    boxes = {
        (one.image_id, one.category, one.box_px)
        for split in SPLITS
        for one in read_instances(scenes_v1 / "annotations" / f"instances_{split}.json")
    }
    for row in facts.itertuples():
        assert len(row.relevant_boxes_px) == len(row.relevant_categories)
        for box, category in zip(row.relevant_boxes_px, row.relevant_categories, strict=True):
            assert (row.image_id, category, tuple(map(float, box))) in boxes
    assert (facts["relevant_categories"].map(len) == 0).any()


def test_harder_questions_divide_people(scenes_v1: Path) -> None:
    facts = pd.read_parquet(scenes_v1 / "scene_facts.parquet").set_index("question_id")
    rows = [
        (facts.loc[example.question_id, "difficulty"], len(set(example.answers)))
        for split in SPLITS
        for example in VqaFolder(scenes_v1, split).read().examples
    ]
    difficulty, opinions = np.array(rows, float).T
    assert np.corrcoef(difficulty, opinions)[0, 1] > 0.25


def test_progress_reaches_the_total(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    changes = {"train_questions": 28, "val_questions": 18, "explanation_questions": 5}
    settings = SceneSettings(**SMALL | changes)
    generate(tmp_path / "s", settings, progress=lambda done, total: seen.append((done, total)))
    assert {total for _, total in seen} == {14 + 9 + 28 + 3 * 18 + 5}
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert seen[-1][0] == seen[-1][1]


def test_files_already_there_are_not_touched(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "mine.txt").write_text("keep")
    with pytest.raises(BadData, match=r"already holds files; delete it"):
        generate(tmp_path / "s", SceneSettings(**SMALL))
    assert [path.name for path in tmp_path.rglob("*")] == ["s", "mine.txt"]


def test_an_interrupted_run_leaves_nothing(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(tmp_path / "s", SceneSettings(**SMALL), progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadData, match=r"file/s: cannot be written"):
        generate(tmp_path / "file" / "s", SceneSettings(**SMALL))


def test_contact_sheet_shows_the_pictures(scenes_v1: Path, tmp_path: Path) -> None:
    contact_sheet(scenes_v1, tmp_path / "sheet.png", images=7, columns=3, questions=2)
    sheet = load_rgb(tmp_path / "sheet.png")
    assert sheet.width == 3 * (IMAGE_PX + 12) + 12
    assert sheet.height > 3 * IMAGE_PX
    first = VqaFolder(scenes_v1, "val2014").image_path(400_001)
    drawn = np.asarray(sheet.crop((12, 12, 12 + IMAGE_PX, 12 + IMAGE_PX)))
    expected = np.asarray(load_rgb(first).resize((IMAGE_PX, IMAGE_PX)))
    np.testing.assert_array_equal(drawn, expected)


def test_a_sheet_is_drawn_again_and_no_other_picture_is_replaced(
    scenes_v1: Path, tmp_path: Path
) -> None:
    sheet, photograph, folder = (tmp_path / name for name in ("sheet.png", "cat.png", "folder.png"))
    for _ in range(2):
        contact_sheet(scenes_v1, sheet, images=2)
    Image.new("RGB", (3, 2)).save(photograph)
    folder.mkdir()
    before = tree(tmp_path)
    for path in (photograph, folder):
        with pytest.raises(BadData, match=rf"{path.name}: stands there already and is no contact"):
            contact_sheet(scenes_v1, path, images=2)
    assert tree(tmp_path) == before


def test_contact_sheet_of_a_split_that_is_not_there(scenes_v1: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingArtefact, match="test2015"):
        contact_sheet(scenes_v1, tmp_path / "sheet.png", split="test2015")


def test_captions_fit_under_their_picture() -> None:
    font = ImageFont.load_default(FONT_PX)
    text = "What is on the left side of the picture, and is the motorcycle below the umbrella?"
    lines = _wrapped(text, indent="   ")
    assert len(lines) > 1
    assert " ".join(line.strip() for line in lines) == text
    assert all(font.getlength(line) <= IMAGE_PX for line in lines)
