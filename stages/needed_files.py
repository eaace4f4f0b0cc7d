"""``vqax data verify --profile``: the files that a profile wants, and which of them are there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from project.params import Params
from stages.profile import profile_settings
from vqax.data import VqaFolder
from vqax.data.vqa_cp import CpFolder, open_folder
from vqax.errors import MissingArtefact, VqaxError

GENERATED = ("data",)


class Needed(NamedTuple):
    """A file or folder: the setting that wants it, and what is there; "" for nothing."""

    setting: str
    what: str
    path: str
    there: str

    def __str__(self) -> str:
        return f"{self.there or 'MISSING':10s} {self.setting}: {self.what}, {self.path}"

    def as_data(self) -> dict[str, Any]:
        return {**self._asdict(), "there": bool(self.there)}


def run(repository: Path, profile: str, data_root: Path | None) -> list[Needed]:
    """Everything that nothing here generates and that a stage reads, one line each.

    Raises:
        MissingArtefact: some of it is not there, the message lists it; or no such profile.
        UsageError: as ``profile_settings``.
    """
    _, params = profile_settings(repository, profile, data_root)
    lines = list(dict.fromkeys(_all(params, repository)))
    missing = [str(line) for line in lines if not line.there]
    if missing:
        text = "\n  ".join(missing)
        raise MissingArtefact(
            f"{profile}: {len(missing)} of {len(lines)} files are missing; put them there, `vqax "
            f"data list` says where they come from\n  {text}"
        )
    return lines


def _all(params: Params, repository: Path) -> Iterator[Needed]:
    for name, spec in params.datasets.items():
        for split in (spec.train, spec.test):
            if split is not None and spec.root.parts[:1] != GENERATED:
                root, images = repository / spec.root, _elsewhere(spec, repository)
                folder = open_folder(root, split, images, spec.version)
                yield from _of_split(f"datasets.{name}", folder)
    for kind in ("grids", "regions", "detectors"):
        for name, one in getattr(params, kind).items():
            for split in _splits(one) if one.root.parts[:1] != GENERATED else ():
                folder = VqaFolder(repository / one.root, split, _elsewhere(one, repository))
                yield _images(f"{kind}.{name}", folder)
    yield from _single_files(params, repository)


def _elsewhere(spec: Any, repository: Path) -> Path | None:
    """The folder of the images, where it is not the root."""
    images = getattr(spec, "images", None)
    return None if images is None else repository / images


def _splits(spec: Any) -> tuple[str, ...]:
    return spec.splits if hasattr(spec, "splits") else (spec.split, spec.val_split)


def _of_split(setting: str, folder: VqaFolder) -> Iterator[Needed]:
    """Questions, annotations and images; those of VQA-CP are in the folders of its questions."""
    for kind in ("questions", "annotations"):
        yield _official(setting, f"{kind} of {folder.split}", folder, f"{kind}_path")
    try:
        folders = folder.image_folders
    except VqaxError:  # its questions are missing, which stands in a line already
        folders = () if isinstance(folder, CpFolder) else (folder,)
    yield from (_images(setting, one) for one in folders)


def _official(setting: str, what: str, folder: VqaFolder, name: str) -> Needed:
    """A file by its official name; which names would do is in the error."""
    try:
        path = getattr(folder, name)
    except MissingArtefact as error:
        return Needed(setting, what, str(error).partition("; put ")[2] or str(folder.root), "")
    return Needed(setting, what, str(path), "there")


def _images(setting: str, folder: VqaFolder) -> Needed:
    place = folder.place_of(0).parent
    files = sum(1 for _ in place.iterdir()) if place.is_dir() else 0
    there = f"{files:,}" if files else ""
    return Needed(setting, f"images of {folder.split}", str(place), there)


def _single_files(params: Params, repository: Path) -> Iterator[Needed]:
    """Published regions, weights and vectors."""
    for name, regions in params.imported_regions.items():
        for key in ("source", "ids", "vocabulary"):
            if (path := getattr(regions, key)) is not None:
                yield _file(f"imported_regions.{name}", key, repository / path)
    for kind in ("grids", "coco_detectors"):
        for name, spec in getattr(params, kind).items():
            if spec.weights is not None and str(spec.weights) != "random":
                yield _file(f"{kind}.{name}", "weights", repository / spec.weights)


def _file(setting: str, what: str, path: Path) -> Needed:
    return Needed(setting, what, str(path), "there" if path.exists() else "")
