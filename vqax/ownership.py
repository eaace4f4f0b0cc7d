"""Folders that this program makes carry a marker; it deletes a folder only if it finds one there.

A path in the settings may name anything, a user's own data set as well as what was generated
there before. The marker is written before anything else and removed after everything else, so a
folder that was made here is known as such at any moment, also after a kill.
"""

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from vqax.errors import BadData
from vqax.files import leftovers, rename_durably, temporary_path, unwritable, write_json

MARKER = ".made_by_vqax"
FILES = ".files_by_vqax"


@contextmanager
def made_folder(path: Path, kind: str) -> Iterator[Path]:
    """Yield a new, marked folder beside ``path``; it gets this name if the block succeeds.

    Raises:
        BadData: ``path`` already holds files, the disk is full or the folder cannot be written;
            nothing is left behind.
    """
    temporary = temporary_path(path)
    try:
        if path.exists() and any(path.iterdir()):
            raise BadData(f"{path}: already holds files; delete it or choose another folder")
        temporary.mkdir(parents=True)
        mark(temporary, kind)
        yield temporary
        os.sync()  # once, where a flush for each of thousands of small files takes minutes
        rename_durably(temporary, path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def mark(folder: Path, kind: str) -> None:
    """Make a folder, or take an empty one, and leave the marker of its kind in it.

    Raises:
        BadData: it holds files and has no such marker, or cannot be written.
    """
    if was_made(folder, kind):
        return
    refuse_foreign(folder, kind)
    write_json(folder / MARKER, {"made_by": "vqax", "kind": kind})


def was_made(folder: Path, kind: str) -> bool:
    """Whether the folder has the marker of this kind."""
    try:
        marker = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(marker == {"made_by": "vqax", "kind": kind})


def refuse_foreign(folder: Path, kind: str) -> None:
    """Raise BadData where something stands that was not made here: a file, or a filled folder."""
    try:
        filled = any(folder.iterdir())
    except FileNotFoundError:
        return
    except OSError as error:
        raise unwritable(folder, error) from error
    if filled and not was_made(folder, kind):
        raise BadData(
            f"{folder}: holds files and no marker ({MARKER}) of {kind}, so this program did not "
            "make it and leaves it as it is; move it away or choose another name"
        )


def remove_made(folder: Path, kind: str, *, below: Path) -> None:
    """Delete a folder of this kind, and what killed runs left of it; absent ones are no error.

    No other process may be making the folder at this time.

    Raises:
        BadData: it was not made here, or lies outside of ``below``; nothing is deleted.
    """
    refuse_outside(folder, below)
    refuse_foreign(folder, kind)
    try:
        if was_made(folder, kind):
            folder.replace(temporary_path(folder))
        for remains in leftovers(folder):
            if was_made(remains, kind):
                _delete(remains)
    except OSError as error:
        raise unwritable(folder, error) from error


def refuse_outside(folder: Path, below: Path) -> None:
    """Raise BadData unless the folder, links followed, lies below another."""
    place, limit = folder.resolve(), below.resolve()
    if folder.is_symlink() or limit not in place.parents:
        raise BadData(
            f"{folder}: leads to {place}, and generated data lie below {limit} alone; "
            "remove the link or name another folder"
        )


def _delete(folder: Path) -> None:
    """The marker last: killed on the way, the rest is still known as ours."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != MARKER:
            path.unlink()
    (folder / MARKER).unlink(missing_ok=True)
    folder.rmdir()


class OwnFiles:
    """The files written into a folder that may hold others; no other is ever replaced.

    Their names stand in the folder, in a hidden file with a line for each.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self._names = set((folder / FILES).read_text(encoding="utf-8").splitlines())
        except FileNotFoundError:
            self._names = set()
        except (OSError, ValueError) as error:
            raise BadData(
                f"{folder / FILES}: cannot be read ({error}); delete it or choose another folder"
            ) from error

    def claim(self, *paths: Path) -> None:
        """Note files, or folders, of ``folder`` that are about to be written.

        Raises:
            BadData: one stands there already that was not written by this program.
        """
        new = {path.relative_to(self.folder).as_posix(): path for path in paths}
        new = {name: path for name, path in new.items() if name not in self._names}
        for path in new.values():
            if path.exists() or path.is_symlink():
                raise BadData(
                    f"{path}: stands there already and was not written by this program; "
                    "move it away or choose another folder"
                )
        self._names.update(new)
        if new:
            self._note(new)

    def _note(self, names: Iterable[str]) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / FILES).open("a", encoding="utf-8") as file:
                file.write("".join(f"{name}\n" for name in names))
        except OSError as error:
            raise unwritable(self.folder, error) from error
