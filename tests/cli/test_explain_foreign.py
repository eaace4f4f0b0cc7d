"""``vqax explain --model``: models from elsewhere, and where their maps lie on odd images."""

import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.cli.commands import assert_refused, files, vqax

MINE = '''
import torch
from torch import nn

from vqax.adapters import of_forward, of_function
from vqax.models import Forward

WORDS = ["<pad>", "<unk>", "is", "it", "bright", "dark", "what"]


def corner():
    """Sees the brightness of the upper right corner, and nothing else."""
    def answer(images, questions):
        seen = images[:, :, :12, 36:].mean((1, 2, 3)) / 255
        asked = torch.tensor([0.8 if "bright" in text else 0.4 for text in questions])
        return torch.stack([asked * seen, 1 - asked * seen], 1)
    return of_function(answer, answers=["Yes", "no"], size_px=(36, 48))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(len(WORDS), 3, padding_idx=0)
        self.answer = nn.Linear(3, 3)

    def forward(self, visual, tokens):
        question = self.words(tokens).sum(1)
        attended = visual * question[:, None].sigmoid()
        combined = attended.mean(1)
        logits = self.answer(combined)
        return Forward(logits, None, attended, visual, question, combined, None)


class Cells(nn.Module):
    def forward(self, images):
        return nn.functional.avg_pool2d(images / 255, 12).flatten(2).transpose(1, 2)


def net():
    torch.manual_seed(0)
    return of_forward(Cells(), Net().eval(), words=WORDS, answers=["a", "b", "c"],
                      grid=(3, 4), size_px=(36, 48))


class Rectified(Net):
    def forward(self, visual, tokens):
        return super().forward(visual.relu(), tokens)._replace(visual=visual)


def rectified():
    return of_forward(Cells(), Rectified().eval(), words=WORDS, answers=["a", "b", "c"],
                      grid=(3, 4), size_px=(36, 48))


class Breaks(Net):
    """Right for one word, as the first pass asks, and wrong for more."""
    def forward(self, visual, tokens):
        if tokens.shape[1] > 1:
            visual.view(7, 11)  # BREAKS HERE
        return super().forward(visual, tokens)


def breaks():
    return of_forward(Cells(), Breaks().eval(), words=WORDS, answers=["a", "b", "c"],
                      grid=(3, 4), size_px=(36, 48))


def box_breaks():
    def answer(images, questions):
        return {}["weights"]  # BOX BREAKS HERE
    return of_function(answer, answers=["a", "b"], size_px=(36, 48))


def four():
    return of_forward(Cells(), Net().eval(), words=WORDS, answers=["a", "b", "c", "d"],
                      grid=(3, 4), size_px=(36, 48))


class Detached(Net):
    def forward(self, visual, tokens):
        forward = super().forward(visual, tokens)
        return forward._replace(question=forward.question.detach())


def detached():
    return of_forward(Cells(), Detached().eval(), words=WORDS, answers=["a", "b", "c"],
                      grid=(3, 4), size_px=(36, 48))


def wrong():
    return nn.Identity()


text = "not a function"
'''
ASK = ["--question", "Is it bright?"]


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without params.yaml, with models and an image, bright in its upper right corner."""
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(MINE, encoding="utf-8")
    Image.fromarray(corner()).save("corner.png")
    return tmp_path


def corner() -> np.ndarray:
    """36 × 48 px, dark but for the upper right quarter of width and third of height."""
    image = np.full((36, 48, 3), 10, dtype=np.uint8)
    image[:12, 36:] = 250
    return image


def explained(*arguments: str | Path) -> dict:
    result = vqax("explain", *arguments, "--out", "out", "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_black_box_gets_what_needs_its_answers_alone(mine: Path) -> None:
    found = explained("--model", "mine.py:corner", "--image", "corner.png", *ASK, "--html")
    (one,) = found["questions"]
    assert found["run"] == "corner"
    assert one["answer"] == "Yes"
    assert one["top5"][0]["probability"] == pytest.approx(0.8 * 250 / 255, rel=1e-4)
    assert list(one["maps"]) == ["occlusion"]
    assert found["left_out"]["grad_cam"] == ["cells", "gradient"]
    at = one["maps"]["occlusion"]["highest_at"]
    assert at["x"] > 0.75
    assert at["y"] < 1 / 3
    scores = {entry["word"]: entry["score"] for entry in one["words"]["word_occlusion"]}
    assert scores == {
        "Is": pytest.approx(0.0, abs=1e-6), "it": pytest.approx(0.0, abs=1e-6),
        "bright?": pytest.approx(0.4 * 250 / 255, rel=1e-4),
    }  # fmt: skip
    assert one["uncertainty"]["epistemic"] is None
    assert one["uncertainty"]["predictive"] > 0
    page = Path(found["page"]).read_text(encoding="utf-8")
    assert "answer, mine.py:corner" in page
    assert "no head" in page


def test_a_model_that_returns_forward_gets_every_method_but_attention(mine: Path) -> None:
    ask = ["--model", "mine.py:net", "--image", "corner.png"]
    found = explained(*ask, *ASK, "--question", "is the zebra dark", "--answer", "b")
    assert [one["explained"]["answer"] for one in found["questions"]] == ["b", "b"]
    assert found["questions"][1]["unknown_words"] == ["the", "zebra"]
    assert found["left_out"] == {
        "attention": ["attention"], "aleatoric_mask": ["variance"],
        "predictive_mask": ["variance"], "guided_backprop": ["rectifier"],
        "deconvolution": ["rectifier"], "guided_grad_cam": ["rectifier"],
    }  # fmt: skip
    assert found["grid"] == [3, 4]
    assert found["questions"][0]["maps"]["grad_cam"]["shape"] == [3, 4]
    assert_refused(
        vqax("explain", *ask, *ASK, "--method", "attention"),
        *[2, "--method attention: needs attention, which net (Net) has not", "grad_cam"],
    )


def test_a_rule_for_rectifiers_is_drawn_where_there_is_one(mine: Path) -> None:
    """Without a rectifier its map would be the plain gradient under another name."""
    ask = ["--image", "corner.png", *ASK]
    found = explained("--model", "mine.py:rectified", *ask)
    assert found["questions"][0]["maps"]["guided_backprop"]["shape"] == [36, 48]
    assert not any("rectifier" in needs for needs in found["left_out"].values())
    assert_refused(
        vqax("explain", "--model", "mine.py:net", *ask, "--method", "deconvolution"),
        *[2, "--method deconvolution: needs rectifier, which net (Net) has not"],
    )
    assert_refused(
        vqax("explain", "--model", "mine.py:net", *ask, "--method", "guided_word_gradient"),
        *[2, "--method guided_word_gradient: needs rectifier"],
    )


def line_of(text: str) -> int:
    return 1 + next(n for n, line in enumerate(MINE.splitlines()) if text in line)


@pytest.mark.parametrize("where", [["--image", "corner.png"], ["--from", "album", "--figures"]])
def test_a_mistake_in_the_models_code_is_told_with_its_line(mine: Path, where: list[str]) -> None:
    Path("album").mkdir()
    Image.fromarray(corner()).save("album/a.png")
    for function, line, kind in [
        ("breaks", line_of("# BREAKS HERE"), "RuntimeError"),
        ("box_breaks", line_of("# BOX BREAKS HERE"), "KeyError: 'weights'"),
    ]:
        refused = vqax("explain", "--model", f"mine.py:{function}", *where, *ASK)
        assert_refused(refused, 3, f"mine.py:{function}: stopped at mine.py:{line} ({kind}")


def test_a_wrong_forward_is_refused_before_anything_is_made_of_it(mine: Path) -> None:
    ask = ["--image", "corner.png", *ASK]
    refused = vqax("explain", "--model", "mine.py:four", *ask)
    assert_refused(refused, 3, "Net: its Forward is wrong", "logits is of shape (1, 3)", "(1, 4)")
    assert_refused(
        vqax("explain", "--model", "mine.py:detached", *ask, "--method", "topn_grad_cam"),
        *[2, "--method topn_grad_cam: needs question, which detached (Detached) has not"],
    )


def test_an_answer_is_found_in_any_spelling(mine: Path) -> None:
    ask = ["--model", "mine.py:corner", "--image", "corner.png", *ASK]
    for wanted, known in [("yes", "Yes"), ("YES", "Yes"), ("Yes", "Yes"), ("No", "no")]:
        found = explained(*ask, "--answer", wanted)
        assert found["questions"][0]["explained"]["answer"] == known


def test_a_vision_and_language_transformer_is_explained(mine: Path) -> None:
    pytest.importorskip("transformers", reason="needs the extra vqax[hf]")
    Path("theirs.py").write_text(
        "from pathlib import Path\nfrom tests.adapters.tiny import vilt\n"
        "def tiny():\n    return vilt(Path('.'))\n",
        encoding="utf-8",
    )
    found = explained("--model", "theirs.py:tiny", "--image", "corner.png", *ASK)
    (one,) = found["questions"]
    assert one["maps"]["attention"]["shape"] == [3, 4]
    assert [entry["word"] for entry in one["words"]["word_occlusion"]] == [
        *["is", "it", "[UNK]", "?"]
    ] or one["unknown_words"]


def rotated(path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90° clockwise, so stored turned the other way
    Image.fromarray(np.ascontiguousarray(np.rot90(corner(), 1))).save(path, exif=exif)


def sixteen_bits(path: Path) -> None:
    Image.fromarray(corner()[:, :, 0].astype(np.uint16) * 257).save(path)


def transparent(path: Path) -> None:
    """The bright corner is bright because nothing is there."""
    layer = np.dstack([np.full_like(corner(), 10), np.full((36, 48), 255, dtype=np.uint8)])
    layer[:12, 36:, 3] = 0
    Image.fromarray(layer).save(path)


STORED = {
    "cmyk.jpg": lambda path: Image.fromarray(corner()).convert("CMYK").save(path, quality=100),
    "sixteen.png": sixteen_bits,
    "transparent.png": transparent,
    "rotated.jpg": rotated,
    "large.png": lambda path: Image.fromarray(corner()).resize((960, 700), 0).save(path),
}


@pytest.mark.parametrize("name", STORED)
def test_maps_lie_where_a_viewer_shows_it(mine: Path, name: str) -> None:
    STORED[name](Path(name))
    found = explained("--model", "mine.py:corner", "--image", name, *ASK)
    (one,) = found["questions"]
    assert one["top5"][0]["probability"] == pytest.approx(0.78, abs=0.03)
    at = one["maps"]["occlusion"]["highest_at"]
    assert at["x"] > 0.75
    assert at["y"] < 1 / 3
    with Image.open(one["files"]["figure"]) as figure:
        assert figure.width > 600


def giant(path: Path) -> None:
    """A file that says it holds 20,000 by 20,000 pixels."""
    header = struct.pack(">IIBBBBB", 20000, 20000, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
            for kind, data in parts
        )
    )


def test_a_picture_of_one_pixel_is_answered_and_a_giant_is_refused(mine: Path) -> None:
    Image.new("RGB", (1, 1), "white").save("dot.png")
    found = explained("--model", "mine.py:corner", "--image", "dot.png", *ASK)
    assert found["size_px"] == [1, 1]
    assert found["questions"][0]["top5"][0]["probability"] == pytest.approx(0.8, rel=1e-4)
    giant(Path("giant.png"))
    refused = vqax("explain", "--model", "mine.py:corner", "--image", "giant.png", *ASK)
    assert_refused(refused, 3, "giant.png: too many pixels", "scale it down")


def test_a_folder_of_pictures_gets_every_question(mine: Path) -> None:
    Path("album").mkdir()
    for name in ("b.png", "a.jpg"):
        Image.fromarray(corner()).save(Path("album", name))
    Path("album/notes.txt").write_text("no image")
    Path("album/cut.jpeg").write_bytes(b"\xff\xd8\xff")
    ask = ["--model", "mine.py:corner", "--from", "album"]
    found = explained(*ask, *ASK, "--question", "is it dark", "--answer", "no")
    assert (found["explained"], found["skipped"]) == (4, 2)
    table = pd.read_parquet(found["predictions"])
    assert list(table["image"]) == ["a.jpg", "a.jpg", "b.png", "b.png"]
    assert list(table["question"]) == ["Is it bright?", "is it dark"] * 2
    assert list(table["explained"]) == ["no"] * 4
    skipped = pd.read_parquet(found["skipped_list"])
    assert list(skipped["image"]) == ["cut.jpeg", "cut.jpeg"]
    assert skipped["reason"].str.contains("cut.jpeg: not a readable image").all()
    assert_refused(vqax("explain", *ask), 2, "album: is a folder", "--question")
    Path("empty").mkdir()
    refused = vqax("explain", *ask[:2], "--from", "empty", *ASK)
    assert_refused(refused, 3, "empty: holds no image", ".png")


def test_what_is_no_such_model_is_refused_with_the_remedy(mine: Path) -> None:
    Path("broken.py").write_text("import nowhere_to_be_found\n")
    Path("typo.py").write_text("net = torch.nn\n")
    Path("stops.py").write_text("def net():\n    raise KeyError('weights')\n")
    before = files(Path())
    for code, words, model in [
        (2, ["FILE.py:FUNCTION"], "mine.py"),
        (2, ["FILE.py:FUNCTION"], "mine:corner"),
        (4, ["none.py: no such file"], "none.py:corner"),
        (3, ["broken.py: cannot be imported", "nowhere_to_be_found"], "broken.py:corner"),
        (3, ["typo.py: cannot be imported (NameError: name 'torch'", "--debug"], "typo.py:net"),
        (3, ["stops.py:net: stopped (KeyError: 'weights')", "mend it"], "stops.py:net"),
        (2, ["mine.py has no function other", "of_forward"], "mine.py:other"),
        (2, ["mine.py has no function text"], "mine.py:text"),
        (2, ["mine.py:wrong: returns Identity", "of_forward"], "mine.py:wrong"),
    ]:
        assert_refused(
            vqax("explain", "--model", model, "--image", "corner.png", *ASK), code, *words
        )
    ask = ["explain", "--model", "mine.py:corner", "--image", "corner.png"]
    for code, words, arguments in [
        (2, ["mcb and --model", "one of the two"], [*ask, *ASK, "mcb"]),
        (2, ["'truth'", "give the answer itself"], [*ask, *ASK, "--answer", "truth"]),
        (2, ["answer 'noo'", "near ones are no"], [*ask, *ASK, "--answer", "noo"]),
        (2, ["region_rise: needs cells"], [*ask, *ASK, "--method", "region_rise"]),
        (2, ["question '?!': holds no word"], [*ask, "--question", "?!"]),
        (2, ["question ''"], [*ask, "--question", ""]),
    ]:
        assert_refused(vqax(*arguments), code, *words)
    assert {k: v for k, v in files(Path()).items() if "__pycache__" not in k} == before


def test_a_question_of_200_words_is_read_whole_by_who_can(mine: Path) -> None:
    long = " ".join(["bright"] * 200)
    ask = ["--image", "corner.png", "--question", long, "--method", "occlusion"]
    assert explained("--model", "mine.py:corner", *ask)["questions"][0]["words_not_read"] == 0
    found = explained("--model", "mine.py:net", *ask)["questions"][0]
    assert found["words_not_read"] == 186
    assert "leaves out 186" in found["notes"][0]


def test_the_answer_is_said_before_any_map_is_made(mine: Path, monkeypatch) -> None:
    from stages.explain_one import answer
    from vqax.errors import BadData

    def fail(*arguments):
        raise BadData("maps: broken")

    monkeypatch.setattr(answer, "map_each", fail)
    result = vqax("explain", "--model", "mine.py:corner", "--image", "corner.png", *ASK)
    assert result.exit_code == 3
    assert "maps: broken" in result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "corner looks at corner.png, 48 × 36 px"
    assert lines[1:3] == ["Is it bright?", "  answer: Yes (78 %)"]
