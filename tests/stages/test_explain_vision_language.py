"""``vqax explain --model FOLDER``: a vision-language model is asked about an image."""

import json
import math
import re
from pathlib import Path

import h5py
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image

from cli.main import main
from stages.explain_one.vision_language import sample_entropy
from tests.adapters.tiny import ANSWERS as ENCODER_ANSWERS
from tests.adapters.tiny import (
    blip_network,
    clip_network,
    lxmert_network,
    regions,
    tokenizer,
    tokens,
    vilt_network,
    visual_bert_network,
)
from tests.adapters.vision_language.tiny import FAMILIES, image
from vqax.adapters.pretrained import load_region_model

SIZE = (20, 36)
ASK = ["--question", "is the ball red ?"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A folder for each family, made once it is wanted."""
    there: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name not in there:
            there[name] = tmp_path_factory.mktemp(name)
            network, processor = FAMILIES[name]()
            network.save_pretrained(there[name])
            processor.save_pretrained(there[name])
        return there[name]

    return folder


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    path = tmp_path / "image.png"
    image(SIZE).save(path)
    return path


def run(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(main, ["explain", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.output


def summary(*arguments: object) -> dict:
    output = run(*arguments, "--json")
    return json.loads(output[output.index("{") :])


@pytest.mark.parametrize("name", FAMILIES)
def test_a_folder_of_every_family_gives_a_page(name, folders, photograph, tmp_path) -> None:
    found = summary(
        "--model", folders(name), "--image", photograph, *ASK, "--html", "--out", tmp_path
    )
    (asked,) = found["questions"]
    assert Path(found["page"]).read_text(encoding="utf-8").startswith("<!")
    assert asked["maps"]["grad_cam"]["shape"] == list(SIZE)
    assert set(asked["words"]) == {"word_occlusion", "word_gradient_input"}
    assert asked["answer"] == asked["explained"]["answer"] == asked["top5"][0]["answer"]
    measured = asked["uncertainty"]
    assert math.exp(measured["log_probability"]) == pytest.approx(
        asked["explained"]["probability"], rel=1e-3, abs=1e-30
    )
    assert 0 <= measured["sample_entropy"] <= math.log(10)
    assert 0 < measured["least_token_probability"] < 1


def test_it_chooses_among_the_answers_that_are_listed(folders, photograph, tmp_path) -> None:
    choices = [part for text in ("yes", "no", "blue dogs") for part in ("--choice", text)]
    given = ["--model", folders("qwen2_vl"), "--image", photograph, *ASK, *choices]
    found = summary(*given, "--answer", "blue dogs", "--out", tmp_path)["questions"][0]
    assert {one["answer"] for one in found["top5"]} == {"yes", "no", "blue dogs"}
    assert sum(one["probability"] for one in found["top5"]) == pytest.approx(1, abs=1e-5)
    assert found["explained"]["answer"] == "blue dogs"
    output = run(*given, "--answer", "green", code=2)
    assert "answer 'green': not one of the 3 answers" in output


def test_an_answer_of_ones_own_is_explained_token_by_token(folders, photograph, tmp_path) -> None:
    given = ["--model", folders("smolvlm"), "--image", photograph, *ASK, "--out", tmp_path]
    found = summary(
        *given, "--answer", "blue dogs", "--token", "--method", "grad_cam",
        "--method", "word_occlusion",
    )["questions"][0]  # fmt: skip
    maps = ["grad_cam", "grad_cam_of_token_1_blue", "grad_cam_of_token_2_dogs"]
    assert list(found["maps"]) == maps
    assert list(found["words"]) == [name.replace("grad_cam", "word_occlusion") for name in maps]
    with h5py.File(found["files"]["maps"]) as file:
        parts = [file[name][:] for name in maps]
    assert abs(parts[1] - parts[2]).max() > 0


def test_an_album_is_answered_line_by_line(folders, photograph, tmp_path) -> None:
    Image.new("RGB", (30, 50), "red").save(photograph.parent / "other.png")
    table = photograph.parent / "asked.csv"
    table.write_text("image,question,answer\nimage.png,what is there,\nother.png,is it red,yes\n")
    found = summary("--model", folders("gemma3"), "--from", table, "--out", tmp_path / "out")
    rows = pd.read_parquet(found["predictions"])
    assert rows["explained"].tolist()[1] == "yes"
    assert rows["log_probability"].lt(0).all()
    assert rows["answer"].str.len().gt(0).all()
    assert (
        summary("--model", folders("gemma3"), "--from", table, "--out", tmp_path / "out") == found
    )
    listed = ["--choice", "yes", "--choice", "no", "--out", tmp_path / "listed"]
    found = summary("--model", folders("gemma3"), "--from", table, *listed)
    rows = pd.read_parquet(found["predictions"])
    assert rows["top5_probabilities"].map(sum).tolist() == pytest.approx([1, 1], abs=1e-5)


def test_an_album_is_answered_in_half_precision(tmp_path, photograph) -> None:
    network, processor = FAMILIES["llava"]()
    network.bfloat16().save_pretrained(tmp_path / "half")
    processor.save_pretrained(tmp_path / "half")
    given = ["--model", tmp_path / "half", "--from", photograph.parent, *ASK]
    found = summary(*given, "--out", tmp_path / "out", "--figures", "--method", "grad_cam")
    assert found["explained"] == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--choice", "yes", "--generate"], "--generate: does not go with --choice"),
        (["--choice", "yes", "--token"], "--token: does not go with --choice"),
        (["--answer", "truth"], "--answer truth: llava.* has no data set; give a text"),
    ],
)
def test_contradictions_are_refused(options, message, folders, photograph, tmp_path) -> None:
    given = ["--model", folders("llava"), "--image", photograph, *ASK, "--out", tmp_path]
    output = run(*given, *options, code=2)
    assert re.search(message, output)


def test_speech_goes_with_a_model_that_speaks(photograph) -> None:
    output = run("--model", "mine.py:net", "--image", photograph, *ASK, "--token", code=2)
    assert "--token: goes with --model hf:ORG/NAME or a folder" in output


def test_entropy_counts_equal_answers() -> None:
    assert sample_entropy(["a", "a", "a"]) == 0
    assert sample_entropy(["A cat", "a  cat", "dog", "dog"]) == pytest.approx(math.log(2))


def test_encoder_models_come_from_folders_too(photograph, tmp_path) -> None:
    words = tokenizer(tmp_path)
    networks = {"vilt": vilt_network(), "blip": blip_network(), "clip": clip_network()}
    for name, network in {**networks, "lxmert": lxmert_network()}.items():
        network.save_pretrained(tmp_path / name)
        words.save_pretrained(tmp_path / name)
    given = ["--image", photograph, *ASK, "--method", "grad_cam", "--out", tmp_path / "out"]
    answers = [*ENCODER_ANSWERS]
    found = summary("--model", tmp_path / "vilt", *given)["questions"][0]
    assert {one["answer"] for one in found["top5"]} == set(answers)
    choices = [part for text in answers for part in ("--choice", text)]
    for name in ("blip", "clip"):
        found = summary("--model", tmp_path / name, *given, *choices)["questions"][0]
        assert {one["answer"] for one in found["top5"]} == set(answers)
        assert "no answers; give" in run("--model", tmp_path / name, *given, code=2)
    assert "'lxmert' is given regions" in run("--model", tmp_path / "lxmert", *given, code=2)


def test_a_model_of_regions_comes_from_a_folder_in_python(tmp_path) -> None:
    words = tokenizer(tmp_path)
    for name, network in {"lxmert": lxmert_network(), "visual_bert": visual_bert_network()}.items():
        network.save_pretrained(tmp_path / name)
        words.save_pretrained(tmp_path / name)
        foreign = load_region_model(str(tmp_path / name))
        assert foreign.answers == ENCODER_ANSWERS
        forward = foreign.model(regions(foreign), tokens(foreign))
        assert forward.logits.shape == (2, 3)
