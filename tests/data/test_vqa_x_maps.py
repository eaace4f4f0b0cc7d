"""VQA-X maps, written and read, and what is refused."""

import contextlib
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vqax.data.records import Skipped
from vqax.data.vqa_x_maps import (
    explanation_map_paths,
    read_explanation_maps,
    write_explanation_maps,
)
from vqax.errors import BadData, MissingArtefact

MAPS = np.array([[[0, 1, 1], [0, 0, 0]], [[0, 0, 1], [0, 0, 0]], [[1, 1, 1], [1, 1, 0]]], np.uint8)


def save(path: Path, *arrays: np.ndarray) -> Path:
    if path.suffix == ".npy":
        np.save(path, arrays[0])
    else:
        np.savez(path, *arrays)
    return path


def packed(maps: np.ndarray, suffix: str) -> bytes:
    stream = io.BytesIO()
    if suffix == ".npy":
        np.save(stream, maps)
    else:
        np.savez_compressed(stream, maps)
    return stream.getvalue()


def test_three_maps_of_a_question(tmp_path: Path) -> None:
    path = write_explanation_maps(tmp_path / "visual" / "val", 11042002, MAPS)
    assert path == tmp_path / "visual" / "val" / "11042002.npz"
    maps = read_explanation_maps(path, (2, 3))
    assert maps.dtype == np.float32
    np.testing.assert_array_equal(maps, MAPS)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    maps=hnp.arrays(np.uint8, (2, 3, 5)).filter(lambda m: all(a.min() < a.max() for a in m)),
    dtype=st.sampled_from([np.uint8, np.int64, np.float16, np.float64]),
    form=st.sampled_from([".npz", ".npy", "three arrays"]),
)
def test_every_form_and_type_says_the_same(
    tmp_path: Path, maps: np.ndarray, dtype: type, form: str
) -> None:
    stored = maps.astype(dtype)
    if form == "three arrays":
        path = save(tmp_path / "7.npz", *stored)
    else:
        path = save(tmp_path / f"7{form}", stored)
    np.testing.assert_array_equal(read_explanation_maps(path), maps)


def test_the_same_maps_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = (write_explanation_maps(tmp_path / name, 7, MAPS) for name in "ab")
    assert first.read_bytes() == second.read_bytes()


def test_maps_of_other_sizes_in_one_file(tmp_path: Path) -> None:
    path = save(tmp_path / "7.npz", MAPS[0], MAPS[1][:, :2])
    with pytest.raises(BadData) as caught:
        read_explanation_maps(path)
    assert str(caught.value) == (
        f"{path}: holds 2x3, 2x2, expected people x height x width with at most 10 people; "
        "fetch the file again or put the axes in this order"
    )


@pytest.mark.parametrize("shape", [(2, 3), (11, 2, 3), (0, 2, 3), (3, 0, 3), (1, 3, 2, 3), ()])
def test_arrays_of_the_wrong_shape(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = save(tmp_path / "7.npy", np.zeros(shape))
    with pytest.raises(BadData, match=r"7\.npy: holds .*, expected people x height x width"):
        read_explanation_maps(path)


def test_an_empty_archive(tmp_path: Path) -> None:
    with pytest.raises(BadData, match=r"7\.npz: holds nothing, expected people"):
        read_explanation_maps(save(tmp_path / "7.npz"))


def test_maps_of_another_picture(tmp_path: Path) -> None:
    path = write_explanation_maps(tmp_path, 7, MAPS)
    with pytest.raises(BadData) as caught:
        read_explanation_maps(path, (3, 2))
    assert str(caught.value) == (
        f"{path}: is 2x3 px (height x width), expected 3x2; "
        "fetch the maps of this image or resize them"
    )


def test_words_are_not_maps(tmp_path: Path) -> None:
    path = save(tmp_path / "7.npz", np.full((1, 2, 3), "a"))
    with pytest.raises(BadData, match=r"7\.npz: holds <U1, not real numbers"):
        read_explanation_maps(path)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (np.nan, "has NaN or infinite values; fetch the file again or leave this map out"),
        (np.inf, "has NaN or infinite values; fetch the file again or leave this map out"),
        (1e300, "has NaN or infinite values; fetch the file again or leave this map out"),
        (-0.5, "has negative values down to -0.5; leave this map out"),
        (None, "is constant (1); leave this map out"),
    ],
)
def test_one_unusable_map_is_named_or_listed(
    tmp_path: Path, value: float | None, problem: str
) -> None:
    maps = MAPS.astype(np.float64)
    maps[1, 0] = 1 if value is None else value
    maps[1, 1] = 1
    path = save(tmp_path / "7.npz", maps)
    with pytest.raises(BadData) as caught:
        read_explanation_maps(path)
    assert str(caught.value) == f"{path}: map 2 {problem}"
    skipped: list[Skipped] = []
    np.testing.assert_array_equal(read_explanation_maps(path, skipped=skipped), MAPS[[0, 2]])
    assert skipped == [(str(path), "map 2", problem)]


def test_a_file_without_one_usable_map_is_an_error(tmp_path: Path) -> None:
    path = write_explanation_maps(tmp_path, 7, np.ones_like(MAPS))
    with pytest.raises(BadData, match=r"7\.npz: map 1 is constant \(1\)"):
        read_explanation_maps(path, skipped=[])


@pytest.mark.parametrize("suffix", [".npz", ".npy"])
def test_python_objects_are_not_unpickled(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"7{suffix}"
    objects = np.array([{"a": 1}], dtype=object)
    (np.save if suffix == ".npy" else np.savez)(path, objects, allow_pickle=True)
    with pytest.raises(BadData, match=r"not a readable array file .*Python objects, fetch it"):
        read_explanation_maps(path)


@pytest.mark.parametrize("suffix", [".npz", ".npy"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=120)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_cut_file(tmp_path: Path, suffix: str, share: float) -> None:
    whole = packed(MAPS, suffix)
    path = tmp_path / f"7{suffix}"
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(BadData, match=r": not a readable array file .*fetch it again"):
        read_explanation_maps(path)


@pytest.mark.parametrize("suffix", [".npz", ".npy"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(place=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
def test_a_damaged_byte_is_refused_or_harmless(
    tmp_path: Path, suffix: str, place: float, byte: int
) -> None:
    content = bytearray(packed(MAPS, suffix))
    content[int(place * len(content))] = byte
    path = tmp_path / f"7{suffix}"
    path.write_bytes(content)
    with contextlib.suppress(BadData):
        assert read_explanation_maps(path).ndim == 3


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(MissingArtefact, match=r"7\.npz: no such map file"):
        read_explanation_maps(tmp_path / "7.npz")


def test_files_of_both_parts_by_question(tmp_path: Path) -> None:
    val, test = tmp_path / "val", tmp_path / "test"
    seven, eight = write_explanation_maps(val, 7, MAPS), write_explanation_maps(test, 8, MAPS)
    nine = save(test / "9.npy", MAPS)
    (val / "readme.txt").write_text("not a map")
    assert explanation_map_paths([val, test], {7, 8, 9}) == {7: seven, 8: eight, 9: nine}
    assert explanation_map_paths([]) == {}


def test_files_that_belong_to_no_question(tmp_path: Path) -> None:
    first = write_explanation_maps(tmp_path, 7, MAPS)
    unknown = write_explanation_maps(tmp_path, 8, MAPS)
    twice = save(tmp_path / "7.npy", MAPS)
    unnamed = save(tmp_path / "mean.npz", MAPS)
    skipped: list[Skipped] = []
    assert explanation_map_paths([tmp_path], {7}, skipped) == {7: twice}
    assert skipped == [
        (
            str(first),
            "question_id 7",
            f"occurs twice, also as {twice}; remove one of them",
        ),
        (
            str(unknown),
            "question_id 8",
            "is not among the 1 questions of the split; delete it or give the split it belongs to",
        ),
        (
            str(unnamed),
            "question_id mean",
            "is not a question_id; rename it to the number of its question",
        ),
    ]
    with pytest.raises(BadData, match=r"7\.npz: question_id 7 occurs twice"):
        explanation_map_paths([tmp_path], {7})


def test_no_folder_of_maps(tmp_path: Path) -> None:
    with pytest.raises(MissingArtefact, match="no such folder; put the VQA-X maps there"):
        explanation_map_paths([tmp_path / "val"])
