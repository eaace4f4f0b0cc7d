"""Pairs of questions about two objects of one image that have the same answer.

TopN looks at such pairs ("What color is the cake?", "What color are the balloons?"). Few are asked
in a data set, so they are put here to the objects that its instances file lists: whether each of
two things is there (yes), or what colour it is, where the colour is the same.
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from project.trained import Trained
from vqax.data import Example
from vqax.data.coco import Instance, read_instances
from vqax.data.images import size_px
from vqax.errors import BadData
from vqax.metrics.resize import GRID

EXISTENCE, COLOUR = "existence", "colour"
YES = "yes"


class Probe(NamedTuple):
    """A question about one thing of an image; ``covered`` is the share of each cell it covers."""

    example: Example
    thing: str
    covered: Float[np.ndarray, "h w"]


class Pair(NamedTuple):
    """Two probes of one image by their rows; ``kind`` is existence or colour."""

    kind: str
    first: int
    second: int


class Probes(NamedTuple):
    probes: list[Probe]
    pairs: list[Pair]


def make_probes(loaded: Trained, pairs: dict[str, int]) -> Probes:
    """At most ``pairs[kind]`` pairs, evenly spaced over all there are, and their questions.

    Raises:
        BadData: the data set has no instances file, or no two things with one answer.
    """
    path = loaded.prepared.test_folder.instances_path
    if path is None:
        raise BadData(
            f"{loaded.prepared.test_folder.root}: no annotations/instances_*.json, which TopN "
            "takes its pairs of objects from; take the analysis out of params.yaml"
        )
    shown = {example.image_id for example in loaded.examples}
    things = _things(read_instances(path, skipped=[]), shown)
    made = _Made(loaded)
    for kind, found in ((EXISTENCE, list(_any_two(things))), (COLOUR, list(_one_colour(things)))):
        for image_id, first, second, answer in _spaced(found, pairs.get(kind, 0)):
            if answer in loaded.prepared.answers.index:
                rows = [
                    made.row(kind, image_id, one, answer, things[image_id])
                    for one in (first, second)
                ]
                made.pairs.append(Pair(kind, *rows))
    if not made.pairs:
        raise BadData(f"{path}: no image of the test part shows two kinds of things; none to ask")
    return Probes(made.probes, made.pairs)


Things = dict[int, dict[str, list[Instance]]]
Found = tuple[int, str, str, str]


def _things(instances: list[Instance], shown: set[int]) -> Things:
    """Image -> category -> its instances."""
    things: Things = defaultdict(lambda: defaultdict(list))
    for one in instances:
        if one.image_id in shown:
            things[one.image_id][one.category].append(one)
    return things


def _any_two(things: Things) -> Iterator[Found]:
    for image_id, there in sorted(things.items()):
        for first, second in combinations(sorted(there), 2):
            yield image_id, first, second, YES


def _one_colour(things: Things) -> Iterator[Found]:
    """Two things, each the only one of its kind, of one colour."""
    for image_id, there in sorted(things.items()):
        alone = sorted(name for name, instances in there.items() if len(instances) == 1)
        for first, second in combinations(alone, 2):
            colours = {there[name][0].attributes for name in (first, second)}
            if len(colours) == 1 and len(next(iter(colours))) == 1:
                yield image_id, first, second, next(iter(colours))[0]


def _spaced(found: list[Found], count: int) -> list[Found]:
    places = np.linspace(0, len(found) - 1, min(count, len(found))).round().astype(int)
    return [found[place] for place in places]


class _Made:
    """Probes as they are made: one for each kind of question, image and thing."""

    def __init__(self, loaded: Trained) -> None:
        self.image_path = loaded.prepared.image_path
        self.probes: list[Probe] = []
        self.pairs: list[Pair] = []
        self.rows: dict[tuple[str, int, str], int] = {}

    def row(
        self, kind: str, image_id: int, thing: str, answer: str, there: dict[str, list[Instance]]
    ) -> int:
        key = (kind, image_id, thing)
        if key not in self.rows:
            self.rows[key] = number = len(self.probes)
            text = question_about(kind, thing)
            example = Example(number, image_id, text, kind, kind, answer, (answer,) * 10)
            boxes = [one.box_px for one in there[thing]]
            height, width = size_px(self.image_path(image_id))
            self.probes.append(Probe(example, thing, coverage(boxes, (width, height))))
        return self.rows[key]


def question_about(kind: str, thing: str) -> str:
    """The question in the words of the data set."""
    if kind == EXISTENCE:
        return f"Is there {'an' if thing[:1] in 'aeiou' else 'a'} {thing}?"
    return f"What color is the {thing}?"


def coverage(
    boxes_px: list[tuple[float, float, float, float]], size_px: tuple[int, int]
) -> Float[np.ndarray, "h w"]:
    """The share of each cell of the 14×14 grid that any of the boxes (x, y, w, h) covers."""
    h, w = GRID
    fine = 4
    inside = np.zeros((h * fine, w * fine))
    width, height = size_px
    xs = (np.arange(w * fine) + 0.5) * width / (w * fine)
    ys = (np.arange(h * fine) + 0.5) * height / (h * fine)
    for x, y, box_width, box_height in boxes_px:
        rows, columns = (ys >= y) & (ys < y + box_height), (xs >= x) & (xs < x + box_width)
        inside[np.ix_(rows, columns)] = 1.0
    return inside.reshape(h, fine, w, fine).mean(axis=(1, 3))
