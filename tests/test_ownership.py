"""Only what was made here is deleted, and known as such at any moment."""

import shutil
from pathlib import Path

import pytest

from vqax.errors import BadData
from vqax.files import temporary_path
from vqax.ownership import MARKER, made_folder, mark, remove_made, was_made

KIND = "toys"


def made(path: Path, kind: str = KIND) -> Path:
    with made_folder(path, kind) as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "a.txt").write_text("made")
    return path


def precious(path: Path) -> Path:
    path.mkdir(parents=True)
    (path / "thesis.txt").write_text("years of work")
    return path


def test_a_folder_is_marked_from_its_first_moment_and_appears_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "toys"
    with made_folder(path, KIND) as folder:
        assert [one.name for one in folder.iterdir()] == [MARKER]
        assert not path.exists()
    assert was_made(path, KIND)
    assert not was_made(path, "books")
    assert list(path.parent.iterdir()) == [path]


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with made_folder(tmp_path / "toys", KIND):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_files_is_never_replaced(tmp_path: Path) -> None:
    path = precious(tmp_path / "toys")
    with pytest.raises(BadData, match=r"toys: already holds files; delete it or choose"):
        made(path)
    assert [one.name for one in path.iterdir()] == ["thesis.txt"]
    assert list(tmp_path.iterdir()) == [path]


def test_what_was_made_is_removed_and_an_absent_folder_is_no_error(tmp_path: Path) -> None:
    path = made(tmp_path / "data" / "toys")
    (path / "deep" / "link").symlink_to(precious(tmp_path / "mine"))
    remove_made(path, KIND, below=tmp_path / "data")
    assert list((tmp_path / "data").iterdir()) == []
    assert (tmp_path / "mine" / "thesis.txt").exists()
    remove_made(path, KIND, below=tmp_path / "data")
    remove_made(tmp_path / "data" / "none" / "toys", KIND, below=tmp_path / "data")


@pytest.mark.parametrize("content", [None, "", "[]", '{"made_by": "vqax", "kind": "books"}'])
def test_no_marker_or_one_of_another_kind(tmp_path: Path, content: str | None) -> None:
    path = precious(tmp_path / "toys")
    if content is not None:
        (path / MARKER).write_text(content)
    with pytest.raises(BadData, match=rf"toys: holds files and no marker \({MARKER}\) of toys"):
        remove_made(path, KIND, below=tmp_path)
    assert (path / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("name", ["../mine", "..", ".", "link", "in/mine"])
def test_a_path_that_leads_out_is_refused_with_both_places(tmp_path: Path, name: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    mine = made(tmp_path / "mine")
    (data / "link").symlink_to(mine)
    (data / "in").symlink_to(tmp_path)
    with pytest.raises(BadData) as error:
        remove_made(data / name, KIND, below=data)
    assert f"leads to {(data / name).resolve()}, and generated data lie below {data}" in str(
        error.value
    )
    assert (mine / "deep" / "a.txt").exists()


def test_a_linked_data_folder_is_the_place_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "disk")
    path = made(tmp_path / "data" / "toys")
    remove_made(path, KIND, below=tmp_path / "data")
    assert list((tmp_path / "disk").iterdir()) == []


def test_a_file_of_that_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "toys").write_text("years of work")
    with pytest.raises(BadData, match=r"toys: cannot be written"):
        remove_made(tmp_path / "toys", KIND, below=tmp_path)
    assert (tmp_path / "toys").read_text() == "years of work"


def test_killed_while_it_deletes_the_rest_is_still_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made(tmp_path / "toys")
    rmtree = shutil.rmtree

    def killed(folder: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        remove_made(path, KIND, below=tmp_path)
    monkeypatch.setattr(shutil, "rmtree", rmtree)
    (rest,) = tmp_path.iterdir()
    assert was_made(rest, KIND)
    made(path)
    remove_made(path, KIND, below=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_leftovers_of_others_stay(tmp_path: Path) -> None:
    path = made(tmp_path / "toys")
    mine, other = temporary_path(path), temporary_path(tmp_path / "toys2")
    precious(mine)
    made(other)
    remove_made(path, KIND, below=tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([mine, other])


def test_a_folder_that_is_marked_again_and_a_foreign_one(tmp_path: Path) -> None:
    mark(tmp_path / "toys", KIND)
    mark(tmp_path / "toys", KIND)
    with pytest.raises(BadData, match="no marker"):
        mark(precious(tmp_path / "mine"), KIND)
