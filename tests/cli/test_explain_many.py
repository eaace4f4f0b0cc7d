"""``vqax explain --from``: nothing that was answered is lost, and nothing of the user's."""

import json
import shutil
import signal
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.cli.commands import assert_refused, files, start, vqax
from tests.cli.test_killed import ended, until
from vqax.ownership import FILES

SLOW = '''
import time

from vqax.adapters import of_function


def slow():
    """Answers by the mean brightness; takes its time."""
    def answer(images, questions):
        time.sleep(WAIT)
        seen = images.mean((1, 2, 3)) / 255
        return [[float(one) / (1 + len(text)), 1 - float(one) / (1 + len(text))]
                for one, text in zip(seen, questions)]
    return of_function(answer, answers=["Yes", "no"], size_px=(16, 24))
'''
ASK = ["explain", "--model", "mine.py:slow", "--from", "album", "--out", "out"]
ASK += ["--question", "Is it bright?", "--question", "Dark?"]
IMAGES = 12


@pytest.fixture
def album(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of images and a model, no params.yaml."""
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(SLOW.replace("WAIT", "0"), encoding="utf-8")
    Path("album").mkdir()
    random = np.random.default_rng(3)
    for number in range(IMAGES):
        pixels = random.integers(0, 256, (9, 14, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(f"album/{number:02}.png")
    return tmp_path


def tables(out: Path) -> dict[str, bytes]:
    return {name: (out / f"{name}.parquet").read_bytes() for name in ("predictions", "skipped")}


def answered(out: Path) -> int:
    journal = out / "answers.jsonl"
    return max(0, journal.read_bytes().count(b"\n") - 1) if journal.exists() else 0


@pytest.mark.slow
def test_killed_and_started_again_it_ends_with_the_same_bytes(album: Path) -> None:
    Path("album/05.png").write_bytes(Path("album/05.png").read_bytes()[:40])
    Path("mine.py").write_text(SLOW.replace("WAIT", "0.02"), encoding="utf-8")
    assert vqax(*ASK).exit_code == 0
    whole = tables(Path("out"))
    shutil.rmtree("out")
    first = start(ASK, album)
    until(lambda: answered(album / "out") >= 3, first)
    first.send_signal(signal.SIGKILL)
    ended(first)
    before = answered(Path("out"))
    assert 3 <= before < 2 * IMAGES - 2
    assert not Path("out/predictions.parquet").exists()
    with Path("out/answers.jsonl").open("ab") as journal:
        journal.write(b'{"line": [7, "03.p')  # as a kill, or a power cut, may leave it
    assert vqax(*ASK).exit_code == 0
    assert tables(Path("out")) == whole
    assert sorted(path.name for path in Path("out").iterdir()) == [
        FILES, "predictions.csv", "predictions.parquet", "skipped.parquet",
    ]  # fmt: skip


def test_what_was_answered_is_not_asked_again(album: Path, monkeypatch) -> None:
    from stages.explain_one import batch as many

    asked: list[str] = []
    ask, encode = many.ask, many.load_upright

    def counted(loaded: object, text: str):
        asked.append(text)
        if len(asked) == 5:
            raise KeyboardInterrupt
        return ask(loaded, text)

    monkeypatch.setattr(many, "ask", counted)
    with pytest.raises(KeyboardInterrupt):
        many.run(*arguments(), out=Path("out"), **QUESTIONS)
    assert answered(Path("out")) == 4
    visual_input: list[Path] = []
    monkeypatch.setattr(
        many, "load_upright", lambda path: visual_input.append(path) or encode(path)
    )
    many.run(*arguments(), out=Path("out"), **QUESTIONS)
    assert len(asked) == 5 + 2 * IMAGES - 4
    assert [path.name for path in visual_input] == [f"{n:02}.png" for n in range(2, IMAGES)]


QUESTIONS = {"source": Path("album"), "questions": ["Is it bright?", "Dark?"]}


def arguments() -> tuple:
    from stages.explain_one import Model

    return (Model(None, "mine.py:slow"),)


def interrupted(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Answers kept of the first ``after`` lines, as a kill leaves them."""
    from stages.explain_one import batch as many

    ask, calls = many.ask, iter(range(10**6))

    def stopping(loaded: object, text: str):
        if next(calls) == after:
            raise KeyboardInterrupt
        return ask(loaded, text)

    with monkeypatch.context() as patch:
        patch.setattr(many, "ask", stopping)
        with pytest.raises(KeyboardInterrupt):
            many.run(*arguments(), out=Path("out"), **QUESTIONS)


def other_model() -> None:
    Path("mine.py").write_text(SLOW.replace("WAIT", "0").replace("/ 255", "/ 999"), "utf-8")


def other_image() -> None:
    Image.fromarray(np.full((9, 14, 3), 200, dtype=np.uint8)).save("album/00.png")


@pytest.mark.parametrize("change", [other_model, other_image])
def test_answers_of_another_model_or_picture_are_not_taken_over(
    album: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[], None]
) -> None:
    interrupted(monkeypatch, after=6)
    change()
    assert vqax(*ASK).exit_code == 0
    again = pd.read_parquet("out/predictions.parquet")
    shutil.rmtree("out")
    assert vqax(*ASK).exit_code == 0
    pd.testing.assert_frame_equal(again, pd.read_parquet("out/predictions.parquet"))


def write_with_exif(path: Path, exif: bytes) -> None:
    """A PNG whose EXIF chunk holds these bytes, whatever they are."""
    Image.new("RGB", (3, 3)).save(path)
    whole, chunk = path.read_bytes(), b"eXIf" + exif
    end_of_header = 33
    length, check = struct.pack(">I", len(exif)), struct.pack(">I", zlib.crc32(chunk))
    path.write_bytes(whole[:end_of_header] + length + chunk + check + whole[end_of_header:])


def test_an_odd_picture_is_listed_and_the_others_are_answered(album: Path) -> None:
    write_with_exif(Path("album/04.png"), b"nonsense")
    result = vqax(*ASK, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["explained"], found["skipped"]) == (2 * IMAGES - 2, 2)
    skipped = pd.read_parquet("out/skipped.parquet")
    assert skipped["image"].tolist() == ["04.png"] * 2
    assert "album/04.png: not an image with whole EXIF data" in skipped["reason"][0]


@pytest.mark.parametrize("name", ["predictions.parquet", "skipped.parquet", "answers.jsonl"])
def test_a_file_of_the_users_is_not_replaced(album: Path, name: str) -> None:
    Path("out").mkdir()
    (Path("out") / name).write_text("years of work")
    before = files(album)
    assert_refused(vqax(*ASK), 3, f"out/{name}: stands there already", "choose another folder")
    assert files(album) == before


def test_a_figure_of_the_users_is_not_replaced(album: Path) -> None:
    Path("out").mkdir()
    mine = Path("out/1_is_it_bright.svg")
    mine.write_text("years of work")
    one = ["explain", "--model", "mine.py:slow", "--image", "album/00.png", "--out", "out"]
    one += ["--question", "Is it bright?"]
    result = vqax(*one)
    assert result.exit_code == 3
    assert f"{mine}: stands there already" in result.stderr
    assert mine.read_text() == "years of work"
    mine.unlink()
    for _ in range(2):
        assert vqax(*one).exit_code == 0
    Path("out/page.html").write_text("years of work")
    assert vqax(*one, "--html").exit_code == 3
    assert Path("out/page.html").read_text() == "years of work"


def test_a_second_one_at_the_same_time_is_refused(album: Path) -> None:
    from vqax.locks import locked

    with locked(Path("out/.explain.lock")):
        other = start(ASK, album)
        code, errors = ended(other)
    assert code == 3
    assert "out/.explain.lock: another process holds it" in errors


def test_an_album_is_one_page_and_one_table_anybody_reads(album: Path) -> None:
    """Every line with its image, answer and maps; what could not be read; nothing of the parts."""
    Path("album/05.png").write_bytes(b"no image")
    result = vqax(*ASK, "--html", "--method", "word_occlusion")
    assert result.exit_code == 0, result.output
    page = Path("out/page.html").read_text(encoding="utf-8")
    assert page.count("<section>") == 2 * (IMAGES - 1) + 2  # left out, how it was made
    assert page.count("Is it bright?") == IMAGES - 1
    assert "05.png: " in page.split("Left out")[1]
    assert page.count("word occlusion") == 2 * (IMAGES - 1)
    assert "http" not in page.replace("http-equiv", "")  # asks for nothing outside itself
    table = pd.read_parquet("out/predictions.parquet")
    plain = pd.read_csv("out/predictions.csv")
    assert list(plain) == list(table)
    assert plain["answer"].tolist() == table["answer"].tolist()
    assert [json.loads(text) for text in plain["top5_answers"]] == [
        [*answers] for answers in table["top5_answers"]
    ]
    assert not list(Path("out").glob(".page_part*"))


def test_an_album_goes_on_with_its_page_after_a_kill(album: Path) -> None:
    """The parts of lines that were answered are kept with them."""
    Path("mine.py").write_text(SLOW.replace("WAIT", "0.02"), encoding="utf-8")
    assert vqax(*ASK, "--html").exit_code == 0
    whole = Path("out/page.html").read_bytes()
    shutil.rmtree("out")
    first = start([*ASK, "--html"], album)
    until(lambda: answered(album / "out") >= 2, first)
    first.send_signal(signal.SIGKILL)
    ended(first)
    assert answered(Path("out")) >= 2
    assert vqax(*ASK, "--html").exit_code == 0
    assert Path("out/page.html").read_bytes() == whole


def test_a_page_that_is_somebody_elses_is_left_alone(album: Path) -> None:
    Path("out").mkdir()
    Path("out/page.html").write_text("years of work", encoding="utf-8")
    assert_refused(vqax(*ASK, "--html"), 3, "page.html: stands there already")
    assert Path("out/page.html").read_text(encoding="utf-8") == "years of work"
