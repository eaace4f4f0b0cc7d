"""Maps and human maps from files, mappings or arrays, each brought to the grids of the metrics.

A map is resized when it is read, so memory holds small grids, not images.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from vqax.alignment.human_map import BLUR, HumanMap, blurred
from vqax.alignment.ids import canonical, question_of
from vqax.data.fixations import read_fixations
from vqax.data.map_files import SUFFIXES, NamedMaps, as_maps, read_named_maps
from vqax.errors import BadData, MissingArtefact
from vqax.metrics.resizing import Resizing

Grids = dict[Resizing, np.ndarray]


@dataclass(frozen=True)
class Predictions:
    """One map a question on each grid (n,h,w); ``ids`` in the order of the rows."""

    ids: list[str]
    grids: Grids


@dataclass(frozen=True)
class Human:
    """Human maps in the order of the questions they are of.

    ``question`` (p,) is the row of each among the questions; ``densities`` and ``fixations`` hold
    (p,h,w) for each grid. ``unmatched`` are the names of human maps without a map, ``outside``
    counts fixations outside of their image.
    """

    question: Int[np.ndarray, "p"]
    densities: Grids
    fixations: Grids
    unmatched: list[str]
    outside: int

    def of_questions(self, rows: Int[np.ndarray, "n"]) -> "Human":
        """The same maps where only questions ``rows`` are left, numbered anew."""
        number = np.full(max(int(rows.max()), int(self.question.max())) + 1, -1)
        number[rows] = np.arange(len(rows))
        return Human(
            number[self.question], self.densities, self.fixations, self.unmatched, self.outside
        )


def read_predictions(source: Any, rules: Collection[Resizing]) -> Predictions:
    """The maps that are scored, one for each id.

    ``source``: a path (``vqax.data.map_files``), a mapping of ids to maps (h,w), or a sequence of
    them, numbered from 0.

    Raises:
        BadData: an id has more than one map, or as ``read_named_maps``.
        MissingArtefact, UsageError: as ``read_named_maps``.
    """
    found: dict[str, Grids] = {}
    for named in _named(source):
        key = canonical(named.name)
        if key in found or len(named.maps) > 1:
            raise BadData(f"{named.where}: gives {key} more than one map; give one for each id")
        found[key] = {rule: rule(named.maps[0]) for rule in rules}
    return Predictions(list(found), _stacked(list(found.values()), rules))


def read_human(
    source: Any, ids: Sequence[str], rules: Collection[Resizing], blur: float = BLUR
) -> Human:
    """The human maps of questions ``ids``, several for one where several people looked.

    ``source`` as for ``read_predictions``, with (h,w) or (k,h,w) for each id; a CSV, or those in a
    folder, are lists of fixations (``vqax.data.fixations``), blurred by ``blur`` image widths.

    Raises:
        BadData: a map has a NaN or a negative value, or as the readers.
        MissingArtefact, UsageError: as ``read_named_maps``.
    """
    row_of = {key: row for row, key in enumerate(ids)}
    rows: list[int] = []
    grids: list[tuple[Grids, Grids]] = []
    unmatched: dict[str, None] = {}
    outside = 0
    for name, human, left_out in _annotators(source, blur):
        key = question_of(name, row_of)
        if key is None:
            unmatched[name] = None
            continue
        rows.append(row_of[key])
        grids.append(({r: human.density(r) for r in rules}, {r: human.fixations(r) for r in rules}))
        outside += left_out
    order = np.argsort(rows, kind="stable")
    densities, fixations = ([pair[side] for pair in grids] for side in (0, 1))
    return Human(
        np.array(rows, dtype=np.int64)[order],
        _stacked([densities[i] for i in order], rules),
        _stacked([fixations[i] for i in order], rules),
        list(unmatched),
        outside,
    )


def _annotators(source: Any, blur: float) -> Iterator[tuple[str, HumanMap, int]]:
    """Name, map and uncounted fixations of each person."""
    lists = _fixation_files(source)
    for path in lists:
        for fixations in read_fixations(path):
            yield fixations.name, blurred(fixations.counts, blur), fixations.outside
    if lists and (source.is_file() or not _has_maps(source)):
        return
    for named in _named(source):
        for one_map in named.maps:
            if not np.isfinite(one_map).all() or one_map.min() < 0:
                raise BadData(
                    f"{named.where}: has NaN or negative values; a human map is 0 or more"
                )
            yield named.name, HumanMap(one_map), 0


def _fixation_files(source: Any) -> list[Path]:
    if not isinstance(source, Path):
        return []
    if source.is_dir():
        return sorted(path for path in source.iterdir() if path.suffix.lower() == ".csv")
    if source.suffix.lower() != ".csv":
        return []
    if not source.exists():
        raise MissingArtefact(f"{source}: no such file; name the fixations that are there")
    return [source]


def _has_maps(folder: Path) -> bool:
    return any(path.suffix.lower() in SUFFIXES for path in folder.iterdir())


def _named(source: Any) -> Iterable[NamedMaps]:
    if isinstance(source, Path):
        return read_named_maps(source)
    pairs = source.items() if isinstance(source, Mapping) else enumerate(source)
    return (_given(str(key), value) for key, value in pairs)


def _given(key: str, value: Any) -> NamedMaps:
    return NamedMaps(key, as_maps(np.asarray(value), f"map {key}"), f"map {key}")


def _stacked(grids: list[Grids], rules: Collection[Resizing]) -> Grids:
    empty = {rule: np.empty((0, *rule.size), dtype=np.float32) for rule in rules}
    return {rule: np.stack([g[rule] for g in grids]) if grids else empty[rule] for rule in rules}
