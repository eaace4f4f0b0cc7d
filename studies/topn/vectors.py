"""TopN, tables 1 to 6: which entries of the combine layer are most sensitive to the question?

Two questions are compared by the entries that both have among their first ten, and by Spearman's ρ
of their whole vectors. The same question is put to two images, or two are put to one image.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from torch import Tensor

from studies.topn.probes import COLOUR, Probes
from vqax.data import Example
from vqax.metrics.rank_correlation import rank_correlation
from vqax.metrics.ties import exact_ties

TOP = 10
COLUMNS = ["question_id", "image_id", "shared_of_10", "spearman"]
SAME, OTHER = "same question, other image", "other question, same image"
Vectors = Float[np.ndarray, "n c"]


def relations(examples: list[Example], vectors: Vectors) -> pd.DataFrame:
    """A row per question and relation: the means over all questions it is so related to."""
    frames = [
        compared(examples, vectors, pairs).assign(row=relation)
        for relation, pairs in ((SAME, _same(examples)), (OTHER, _other(examples)))
    ]
    return pd.concat(frames, ignore_index=True)


def compared(
    examples: list[Example], vectors: Vectors, pairs: Iterable[tuple[int, int]]
) -> pd.DataFrame:
    """shared_of_10 and spearman of both questions of each pair of rows; a mean per question."""
    rows = np.array(list(pairs), dtype=np.int64).reshape(-1, 2)
    values = {
        "shared_of_10": shared(vectors, rows, TOP),
        "spearman": rank_correlation(vectors[rows[:, 0], None], vectors[rows[:, 1], None]),
    }
    frames = [
        pd.DataFrame(
            {
                "question_id": [examples[row].question_id for row in rows[:, side]],
                "image_id": [examples[row].image_id for row in rows[:, side]],
                **values,
            }
        )
        for side in (0, 1)
    ]
    both = pd.concat(frames, ignore_index=True)
    return both.groupby(["question_id", "image_id"], as_index=False, sort=True).mean()[COLUMNS]


def first_entries(vectors: Vectors, n: int) -> Int[np.ndarray, "m k"]:
    """The indices of the n largest of each row, the largest first; of equal ones the first."""
    return np.argsort(-exact_ties(vectors), axis=1, kind="stable")[:, :n]


def shared(vectors: Vectors, rows: Int[np.ndarray, "p 2"], n: int) -> Float[np.ndarray, "p"]:
    """How many of the first n entries both rows of a pair have."""
    chosen = np.zeros(vectors.shape, dtype=bool)
    np.put_along_axis(chosen, first_entries(vectors, n), True, axis=1)
    return (chosen[rows[:, 0]] & chosen[rows[:, 1]]).sum(axis=1).astype(np.float64)


def _same(examples: list[Example]) -> Iterator[tuple[int, int]]:
    """Neighbours among the images that a question is asked of."""
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, example in enumerate(examples):
        rows_of[example.question].append(row)
    for rows in rows_of.values():
        for first, second in pairwise(rows):
            if examples[first].image_id != examples[second].image_id:
                yield first, second


def _other(examples: list[Example]) -> Iterator[tuple[int, int]]:
    of_image: dict[int, list[int]] = defaultdict(list)
    for row, example in enumerate(examples):
        of_image[example.image_id].append(row)
    for rows in of_image.values():
        for first, second in combinations(rows, 2):
            if examples[first].question != examples[second].question:
                yield first, second


def examples(single: list[Example], put: list[Example], probes: Probes) -> pd.DataFrame:
    """What tables 1 to 6 show, by rules that look at no result: a row per example or its half.

    The question that most images are asked, of the first four of them (``image k``); two
    other questions of the first of these (``other question k``); the pair of one colour in the
    middle of the list (``same answer k``); five such, evenly spaced (``pair k``, two rows each).
    ``row`` is that in ``single`` or in ``put``, as ``of`` says.
    """
    by_question: dict[str, list[int]] = defaultdict(list)
    for row, example in enumerate(single):
        rows = by_question[example.question]
        if all(single[other].image_id != example.image_id for other in rows):
            rows.append(row)
    of_most = max(by_question.values(), key=len)
    first = single[of_most[0]]
    beside = [
        row
        for row, example in enumerate(single)
        if example.image_id == first.image_id and example.question != first.question
    ]
    named = [(f"image {k}", "single", row) for k, row in enumerate(of_most[:4], start=1)]
    named += [(f"other question {k}", "single", row) for k, row in enumerate(beside[:2], start=1)]
    alike = [pair for pair in probes.pairs if pair.kind == COLOUR] or probes.pairs
    middle = alike[len(alike) // 2]
    named += [("same answer 1", "put", middle.first), ("same answer 2", "put", middle.second)]
    places = np.linspace(0, len(alike) - 1, 5).round().astype(int)
    for k, pair in enumerate((alike[place] for place in places), start=1):
        named += [(f"pair {k}", "put", pair.first), (f"pair {k}", "put", pair.second)]
    of = {"single": single, "put": put}
    rows = [
        (name, where, row, of[where][row].question, of[where][row].image_id)
        for name, where, row in named
    ]
    return pd.DataFrame(rows, columns=["example", "of", "row", "question", "image_id"])


def listed(of_single: Tensor, of_put: Tensor, shown: pd.DataFrame) -> Iterator[tuple[object, ...]]:
    """Rows of metrics.parquet without their analysis: the first ten entries, or Spearman's ρ."""
    of = {"single": of_single.numpy(), "put": of_put.numpy()}
    for name, table in shown.groupby("example", sort=False):
        vectors = [of[one.of][one.row] for one in table.itertuples()]
        if len(vectors) == 2:
            first, second = (vector[None, None] for vector in vectors)
            yield _row(str(name), "spearman", float(rank_correlation(first, second)[0]))
            continue
        for rank, index in enumerate(first_entries(vectors[0][None], TOP)[0], start=1):
            yield _row(f"{name} | rank {rank}", "dA_dq_top10_value", float(vectors[0][index]))
            yield _row(f"{name} | rank {rank}", "dA_dq_top10_index", float(index))


def _row(name: str, metric: str, value: float) -> tuple[object, ...]:
    """An example has no interval."""
    nothing = float("nan")
    return name, metric, value, nothing, nothing, 1, "", ""
