"""VQA-X, the maps: the regions that people outlined to justify an answer.

Park et al., Multimodal Explanations: Justifying Decisions and Pointing to the Evidence (2018).
``visual/{part}/{question_id}.npz`` (or ``.npy``) holds one array (k,h,w), the map of each of k = 3
people; the release has about 1,000 such files for val and for test, none for train.
"""

from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Shaped

from vqax.data.checks import RecordError, Report, fail
from vqax.data.records import Skipped
from vqax.data.vqa_x import parse_question_id
from vqax.errors import BadData, MissingArtefact
from vqax.files import atomic_path
from vqax.foreign import reading
from vqax.npy import read_arrays

SUFFIXES = (".npz", ".npy")
MOST_ANNOTATORS = 10
"""More maps than this in a file are rows of an image whose axes are in another order."""


def explanation_map_paths(
    folders: Iterable[Path],
    known: Collection[int] | None = None,
    skipped: list[Skipped] | None = None,
) -> dict[int, Path]:
    """The map files in ``folders``, such as ``visual/val`` and ``visual/test``, by question_id.

    Raises:
        MissingArtefact: one of the folders is absent.
        BadData: (without ``skipped``) a file is not named by a question_id, by one that is not
            ``known``, or by one that another file has.
    """
    report: Report = fail if skipped is None else skipped.append
    wanted = None if known is None else frozenset(known)
    found: dict[int, Path] = {}
    for path in (path for folder in folders for path in _files(folder)):
        try:
            question_id = parse_question_id(path.stem, wanted)
            if question_id in found:
                raise RecordError(f"occurs twice, also as {found[question_id]}; remove one of them")
            found[question_id] = path
        except RecordError as problem:
            report(Skipped(str(path), f"question_id {path.stem}", str(problem)))
    return found


def read_explanation_maps(
    path: Path,
    size_px: tuple[int, int] | None = None,
    skipped: list[Skipped] | None = None,
) -> Float32[np.ndarray, "k h w"]:
    """The maps of one question, one per person, 0 where nothing justifies the answer.

    ``size_px`` is the (height, width) they must have. A file is one array (k,h,w), or in an
    ``.npz`` also k arrays (h,w); numbers are kept as they stand. Unusable maps of a usable file
    are appended to ``skipped``; without it the first one raises.

    Raises:
        MissingArtefact: there is no such file.
        BadData: the file is cut, pickled, or of another shape; a map has NaN, infinite or negative
            values or is constant (it has no ranks) and there is no ``skipped``, or no other map.
    """
    maps = _stacked(path, _arrays(path), size_px)
    # a skipped map must not hide that nothing is left
    problems = [_problem(one) for one in maps]
    report: Report = fail if skipped is None or all(problems) else skipped.append
    for number, problem in enumerate(problems, start=1):
        if problem:
            report(Skipped(str(path), f"map {number}", problem))
    return maps[[not problem for problem in problems]]


def write_explanation_maps(
    folder: Path, question_id: int, maps: Shaped[np.ndarray, "k h w"]
) -> Path:
    """Write the maps of a question, a row per person; returns the path."""
    path = folder / f"{question_id}.npz"
    with atomic_path(path, flush=False) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, maps)
    return path


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise MissingArtefact(f"{folder}: no such folder; put the VQA-X maps there")
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def _arrays(path: Path) -> list[np.ndarray]:
    """Every array of the file; nothing is unpickled."""
    remedy = "it is cut, damaged or holds Python objects, fetch it again or save plain numbers"
    with reading(
        path,
        "a readable array file",
        remedy,
        absent="no such map file; fetch it or name another one",
    ):
        return list(read_arrays(path.read_bytes()).values())


def _stacked(
    path: Path, arrays: list[np.ndarray], size_px: tuple[int, int] | None
) -> Float32[np.ndarray, "k h w"]:
    flat = len(arrays) > 1 and all(one.ndim == 2 for one in arrays)
    same = len({one.shape for one in arrays}) == 1
    whole = np.stack(arrays) if flat and same else arrays[0] if len(arrays) == 1 else None
    if whole is None or whole.ndim != 3 or not 0 < len(whole) <= MOST_ANNOTATORS or not whole.size:
        shapes = ", ".join("x".join(map(str, one.shape)) or "a single number" for one in arrays)
        raise BadData(
            f"{path}: holds {shapes or 'nothing'}, expected people x height x width with at most "
            f"{MOST_ANNOTATORS} people; fetch the file again or put the axes in this order"
        )
    if whole.dtype.kind not in "biuf":
        raise BadData(f"{path}: holds {whole.dtype}, not real numbers; fetch the file again")
    if size_px is not None and whole.shape[1:] != size_px:
        raise BadData(
            f"{path}: is {whole.shape[1]}x{whole.shape[2]} px (height x width), expected "
            f"{size_px[0]}x{size_px[1]}; fetch the maps of this image or resize them"
        )
    with np.errstate(over="ignore"):  # becomes infinite, which is reported
        return whole.astype(np.float32)


def _problem(one: Float32[np.ndarray, "h w"]) -> str:
    """Why a map cannot be used; empty where it can."""
    if not np.isfinite(one).all():
        return "has NaN or infinite values; fetch the file again or leave this map out"
    if one.min() < 0:
        return f"has negative values down to {one.min():g}; leave this map out"
    if one.min() == one.max():
        return f"is constant ({one.flat[0]:g}); leave this map out"
    return ""
