"""The language of the rules: which value has to be larger than which."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

from vqax.report.labels import label_of

ACCURACY = "accuracy_official"
CORRELATION = "attention_rank_correlation"
EMD = "attention_emd"

NAMES = {
    "correct": "accuracy",
    "aleatoric": "aleatoric uncertainty",
    "epistemic": "epistemic uncertainty (mutual information)",
    "flipped": "share of changed answers",
    "predictive": "predictive uncertainty",
    "probability_variance": "epistemic variance of the probabilities",
    CORRELATION: "rank correlation of the attention with human maps",
    EMD: "earth mover's distance of the attention to human maps",
    "best_of_all": "mass on the thing asked about at the n best for all",
    "best_of_each": "mass on the thing asked about at the n best for the pair",
    "colour_word": "sensitivity to the word color",
    "dip": "fall and recovery of the mass on the thing asked about",
    "map_difference": "difference of TopN with all entries from Grad-CAM",
    "object_word": "sensitivity to the object's word",
    "sign_change": "share of signs of A that another question changes",
    "sign_change_of_answer": "share that another answer changes",
    "grad_cam_rank_correlation": "rank correlation of Grad-CAM with human maps",
    "has_key_objects": "share of questions with key objects",
    "ignored_key_objects": "ignored key objects per question",
    "key_share": "share of attention on key objects",
    "key_share_where_ignored": "share of attention on key objects that were ignored before",
    "tvd": "total variation distance",
    "tvd_low_ranks": "total variation distance of ranks 26 to 36",
    "tvd_rank_correlation": "rank correlation of weight and total variation distance",
    "hit": "right or wrong predicted",
    "hits_wh_words": "a wh-word",
    "hits_adjectives": "an adjective",
    "hits_nouns": "a noun",
    "hits_all_other_kinds": "any other kind of word",
}


Role = Literal["required", "if measured", "beside", "control"]


class Row(NamedTuple):
    """A printed row of a table; the study says which run measures it."""

    table: str
    row: str


class Side(NamedTuple):
    """One value per test question: of a printed row, or of a run or analysis by its name.

    A number in place of ``column`` is a limit that all questions of the source have.
    """

    source: Row | str
    column: str | float


@dataclass(frozen=True)
class Comparison:
    """A contrast of the claim, in the order "larger, smaller".

    ``statistic`` is one of ``vqax.claims.measure``. Without a ``required`` comparison there is no
    verdict; one ``if measured`` counts where it can be measured. One ``beside`` the verdict never
    counts: another reading of what the paper prints. A claim is supported only if each ``control``
    is, too: what does as well without what the claim is about explains it.

    With a ``margin`` it says "smaller by less than the margin" (a test of non-inferiority).
    """

    statistic: str
    sides: tuple[Side, ...]
    role: Role = "required"
    margin: float = 0.0


@dataclass(frozen=True)
class Rule:
    """How a claim is tested: all ``comparisons`` have to come out positive.

    ``note`` is what a reader has to know; without comparisons it says why there is nothing to
    measure here. Where the paper can be read in two ways, ``other_reading`` is the second, and a
    verdict is given only if both readings have it.
    """

    comparisons: tuple[Comparison, ...] = ()
    note: str = ""
    other_reading: tuple[Comparison, ...] = ()


def larger(
    column: str,
    first: Row | str,
    second: Row | str,
    *,
    statistic: str = "mean",
    role: Role = "required",
) -> Comparison:
    """``column`` of ``first`` is larger than that of ``second``."""
    return Comparison(statistic, (Side(first, column), Side(second, column)), role)


def falling(
    column: str, *sources: Row | str, statistic: str = "mean", role: Role = "required"
) -> tuple[Comparison, ...]:
    """a > b > c …: every step of the chain."""
    return tuple(
        larger(column, first, second, statistic=statistic, role=role)
        for first, second in pairwise(sources)
    )


def rising(
    column: str, *sources: Row | str, statistic: str = "mean", role: Role = "required"
) -> tuple[Comparison, ...]:
    """a < b < c …: every step of the chain."""
    steps = falling(column, *reversed(sources), statistic=statistic, role=role)
    return tuple(reversed(steps))


def above(
    column: str,
    firsts: tuple[Row | str, ...],
    others: tuple[Row | str, ...],
    *,
    statistic: str = "mean",
    role: Role = "required",
) -> tuple[Comparison, ...]:
    """Each of ``firsts`` is larger than each of ``others``."""
    return tuple(
        larger(column, first, other, statistic=statistic, role=role)
        for first in firsts
        for other in others
    )


def within(
    source: Row | str, first: str | float, second: str | float, *, role: Role = "required"
) -> Comparison:
    """Of one source, column ``first`` is larger than ``second``; either may be a limit."""
    return Comparison("mean", (Side(source, first), Side(source, second)), role)


def rows(table: str, *names: str) -> tuple[Row, ...]:
    """Printed rows of one table."""
    return tuple(Row(table, name) for name in names)


SENTENCES = {
    "correlation": "rank correlation over questions of {what[0]} with {what[1]} ({who[0]}) > 0",
    "separation": "AUROC of errors by {what[0]} ({who[0]}) > ½",
    "rate": "P(most important) by {who[0]}: {what[0]} > {what[2]}",
    "gain": "gain in {what[0]}: {who[0]} over {who[1]} > {who[2]} over {who[3]}",
    "difference": "{what[0]}: {who[0]} differs from {who[1]}",
    "mean of both sets": "{what[0]} over both data sets: {who[0]} > {who[2]}",
    "mean rank": "mean rank by {what[0]}: {who[0]} before {who[1]}",
}
"""What a statistic compares, of all its sides; the others compare two values as they are."""


def describe(comparison: Comparison, name: Callable[[Row | str], str]) -> str:
    """The comparison in words; ``name`` says how a reader knows a source."""
    who = [name(side.source) for side in comparison.sides]
    what = [measure(side.column) for side in comparison.sides]
    if comparison.margin:
        return f"{what[0]}: {who[0]} smaller than {who[1]} by less than {comparison.margin:g}"
    if comparison.statistic in SENTENCES:
        return SENTENCES[comparison.statistic].format(who=who, what=what)
    if comparison.statistic == "spread":
        what = [f"variance over questions of {one}" for one in what]
    if len(set(who)) == 1 and len(set(what)) > 1 and comparison.statistic == "mean":
        return f"{what[0]} > {what[1]} ({who[0]})"
    if len(set(what)) == 1:
        return f"{what[0]}: {who[0]} > {who[1]}"
    return f"{what[0]} ({who[0]}) > {what[1]} ({who[1]})"


def measure(column: str | float) -> str:
    """A column as a reader knows it."""
    if isinstance(column, float):
        return f"{column:g}"
    return NAMES.get(column) or label_of(column).name
