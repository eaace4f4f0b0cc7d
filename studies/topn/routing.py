"""TopN, section 3.3: does Grad-CAM see the object of the question when few gradients flow back?"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, Float32
from torch import Tensor

from project.trained import Trained
from studies.topn.probes import Probes
from vqax.explain.topn import (
    entries_read,
    exclusive,
    most_sensitive,
    question_sensitivities,
    routed_grad_cam,
)
from vqax.metrics.rank_correlation import rank_correlation
from vqax.metrics.resize import GRID, rectify, resize_area

BATCH = 32
ALL = 2**20
"""More entries than any combine layer has: plain Grad-CAM."""
SENSITIVE, RANDOM, EXCLUSIVE, WORD = "sensitive", "random", "exclusive", "word"
RANDOM_STEPS = "steps at random"


def name_of(how: str, n: int) -> str:
    """``sensitive, n = 25``; with all entries every choice is Grad-CAM."""
    return "Grad-CAM" if n == ALL else f"{how}, n = {n}"


class Choice(NamedTuple):
    """``n`` entries of A, chosen ``how``, of every question."""

    how: str
    n: int
    allowed: Bool[Tensor, "m c"]


class Vectors(NamedTuple):
    """∂A/∂q of every question by reduction, and the entries that its answers read."""

    by_reduction: dict[str, Float[Tensor, "m c"]]
    read: Bool[Tensor, "m c"]


def vectors(loaded: Trained, reductions: tuple[str, ...]) -> Vectors:
    found, read = [], []
    for _, batch in loaded.batches(BATCH):
        given = loaded.model, batch.visual, batch.tokens
        found.append(question_sensitivities(*given, reductions=reductions).cpu())
        read.append(entries_read(*given).cpu())
    together = torch.cat(found, 1)
    return Vectors(dict(zip(reductions, together, strict=True)), torch.cat(read))


def at_random(shape: torch.Size, seed: int) -> Float[Tensor, "m c"]:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def sweep(how: str, scores: Float[Tensor, "m c"], read: Tensor, ns: list[int]) -> Iterator[Choice]:
    for n in ns:
        yield Choice(how, n, most_sensitive(scores, n, among=read))


def of_pairs(choices: list[Choice], probes: Probes) -> Iterator[Choice]:
    """What a question allows and the other of its pair does not; of its first pair if of more."""
    partner = partners(probes)
    for choice in choices:
        alone, _ = exclusive(choice.allowed, choice.allowed[partner])
        yield Choice(EXCLUSIVE, choice.n, alone)


def partners(probes: Probes) -> Tensor:
    partner = torch.arange(len(probes.probes))
    for pair in reversed(probes.pairs):
        partner[pair.first], partner[pair.second] = pair.second, pair.first
    return partner


def maps(
    loaded: Trained, choices: list[Choice], *, own: bool = False
) -> Float32[np.ndarray, "k m 14 14"]:
    """The published maps on the 14×14 grid, negative evidence 0; of right answers, or ``own``."""
    found = []
    for start, batch in loaded.batches(BATCH):
        rows = slice(start, start + len(batch.tokens))
        answer = batch.targets.argmax(1)
        if own:
            with torch.no_grad():
                answer = loaded.model(batch.visual, batch.tokens).logits.argmax(1)
        allowed = torch.stack([choice.allowed[rows] for choice in choices]).to(loaded.place)
        given = loaded.model, batch.visual, batch.tokens, answer, loaded.feature_file.grid, allowed
        found.append(routed_grad_cam(*given).float().cpu().numpy())
    return rectify(resize_area(np.concatenate(found, 1)))


def scored(
    probes: Probes, choices: list[Choice], drawn: Float32[np.ndarray, "k m h w"]
) -> pd.DataFrame:
    """A row per pair and choice: how alike its two maps are, and where they lie.

    pair_similarity: Spearman's ρ of the two maps. own_share: share of a map's mass in the boxes of
    the thing it was asked about, mean of the two; other_share: in those of the other thing;
    preference: the difference. shared_share: share of the allowed entries that both allow.
    """
    first, second = (np.array([pair[side] for pair in probes.pairs]) for side in (1, 2))
    covered = np.stack([probe.covered for probe in probes.probes])
    head = pd.DataFrame(
        {
            "pair": range(len(probes.pairs)),
            "kind": [pair.kind for pair in probes.pairs],
            "question_id": [probes.probes[row].example.question_id for row in first],
            "image_id": [probes.probes[row].example.image_id for row in first],
        }
    )
    frames = []
    for choice, of_all in zip(choices, drawn, strict=True):
        a, b = of_all[first], of_all[second]
        own = (inside(a, covered[first]) + inside(b, covered[second])) / 2
        other = (inside(a, covered[second]) + inside(b, covered[first])) / 2
        frames.append(
            head.assign(
                how=choice.how,
                n=choice.n,
                pair_similarity=rank_correlation(a, b),
                own_share=own,
                other_share=other,
                preference=own - other,
                shared_share=_shared(choice.allowed, first, second),
            )
        )
    return pd.concat(frames, ignore_index=True)


def by_row(pairs: pd.DataFrame, probes: Probes) -> pd.DataFrame:
    """The rows of all pairs, of each kind of pairs, of blank maps, and how they move with n."""
    names = [name_of(how, n) for how, n in zip(pairs["how"], pairs["n"], strict=True)]
    of_kinds = [f"{kind}: {name}" for kind, name in zip(pairs["kind"], names, strict=True)]
    moves = [steps(pairs), steps(pairs, RANDOM, RANDOM_STEPS)]
    frames = [pairs.assign(row=names), pairs.assign(row=of_kinds), blank(probes), *moves]
    return pd.concat(frames, ignore_index=True)


def blank(probes: Probes) -> pd.DataFrame:
    """Where the mass of a map lies that is the same everywhere."""
    nothing = torch.zeros(len(probes.probes), 1, dtype=torch.bool)
    even = np.ones((1, len(probes.probes), *GRID), dtype=np.float32)
    found = scored(probes, [Choice("", 0, nothing)], even)
    return found.drop(columns=["how", "n"]).assign(row="even map")


def steps(pairs: pd.DataFrame, how: str = SENSITIVE, row: str = "steps") -> pd.DataFrame:
    """How the mass on the thing asked about moves with n, a row per pair.

    best_of_each: its largest value; best_of_all: its value at the n whose mean is largest; dip:
    the largest fall below an earlier value that a later one makes good. All entries together are
    the same however fewer of them are chosen (``how``).
    """
    chosen = pairs[(pairs["how"] == how) | (pairs["n"] == ALL)]
    key = ["pair", "kind", "question_id", "image_id"]
    table = chosen.pivot(index=key, columns="n", values="own_share").sort_index(axis=1).dropna()
    values = table.to_numpy(dtype=np.float64)
    before = np.maximum.accumulate(values, axis=1)
    after = np.maximum.accumulate(values[:, ::-1], axis=1)[:, ::-1]
    return table.index.to_frame(index=False).assign(
        row=row,
        best_of_each=values.max(axis=1),
        best_of_all=values[:, values.mean(axis=0).argmax()],
        dip=(np.minimum(before, after) - values).max(axis=1),
    )


def inside(
    drawn: Float[np.ndarray, "m h w"], covered: Float[np.ndarray, "m h w"]
) -> Float[np.ndarray, "m"]:
    """The share of each map's mass in what is covered; NaN for a map without mass."""
    drawn = drawn.astype(np.float64)
    mass = drawn.sum(axis=(1, 2))
    return np.divide(
        (drawn * covered).sum(axis=(1, 2)), mass, out=np.full(len(mass), np.nan), where=mass > 0
    )


def _shared(
    allowed: Bool[Tensor, "m c"], first: np.ndarray, second: np.ndarray
) -> Float[np.ndarray, "p"]:
    a, b = allowed[first].numpy(), allowed[second].numpy()
    either = np.minimum(a.sum(1), b.sum(1))
    return np.divide((a & b).sum(1), either, out=np.full(len(a), np.nan), where=either > 0)
