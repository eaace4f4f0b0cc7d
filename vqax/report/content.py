"""Everything a report shows, as plain data; nothing here knows HTML or where files lie."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from vqax.report.captions import Captions
from vqax.report.claims import CLAIM_COLUMNS
from vqax.report.columns import METRIC_COLUMNS
from vqax.report.gallery import GalleryItem
from vqax.report.tables import COLUMNS, require

RANK_COLUMNS = [
    *["set", "measure", "block", "run", "mean_rank", "n_blocks", "k", "cd", "friedman_chi2", "p"],
]
PAIR_COLUMNS = [
    *["metric", "run_a", "run_b", "difference", "ci_low", "ci_high", "n"],
    *["effect_size", "nemenyi_p"],
]
HISTORY_COLUMNS = ["run", "epoch", "split", "metric", "value"]


@dataclass(frozen=True, slots=True)
class Drawing:
    """One drawn figure: SVG text, and the sentence that says how to read it."""

    name: str
    svg: str
    caption: str


@dataclass(frozen=True, slots=True)
class FigureSection:
    """What the paper shows under one number ("" where it shows nothing), measured here.

    ``title`` is the question the drawings answer; ``note`` says what is missing or different.
    """

    name: str
    reported: str
    title: str
    drawings: tuple[Drawing, ...]
    note: str = ""


def no_claims() -> pd.DataFrame:
    """The frame of a report that looks at no claims."""
    return pd.DataFrame(columns=CLAIM_COLUMNS)


@dataclass(frozen=True, slots=True)
class RunDescription:
    """A run by its key in the tables, with the words a reader sees."""

    name: str
    label: str
    description: str
    dataset: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs the report sets against each other in words.

    ``reported`` names the paper's own pair: (table, row of the method, row of the baseline).
    """

    proposed: str
    baseline: str
    reported: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Provenance:
    """How the report came to be; the date is given, so the same input gives the same bytes."""

    date: str
    command: str
    seed: int
    versions: Mapping[str, str]
    parameters: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class ReportContent:
    """What `write_report` needs.

    ``headline`` has the columns of `vqax.report.tables.COLUMNS`; differences in ``pairs`` are
    run_a − run_b, accuracies as fractions. ``cd_diagrams`` maps a measure of ``ranks`` to SVG
    text. ``claims`` has a row per claim of a paper with its verdict (`vqax.report.claims`).
    Empty frames are allowed: the section then says that nothing was measured. A
    report without ``figures`` or ``claims`` lacks that section.

    Raises:
        BadData: a frame lacks one of its columns.
    """

    title: str
    research_question: str
    dataset: str
    dataset_description: str
    runs: tuple[RunDescription, ...]
    headline: pd.DataFrame
    metrics: pd.DataFrame
    ranks: pd.DataFrame
    pairs: pd.DataFrame
    history: pd.DataFrame
    provenance: Provenance
    comparisons: tuple[Comparison, ...] = ()
    cd_diagrams: Mapping[str, str] = field(default_factory=dict)
    gallery: tuple[GalleryItem, ...] = ()
    gallery_rule: str = ""
    caveats: tuple[str, ...] = ()
    figures: tuple[FigureSection, ...] = ()
    claims: pd.DataFrame = field(default_factory=no_claims)
    captions: Captions = field(default_factory=Captions)

    def __post_init__(self) -> None:
        for name, columns in FRAMES.items():
            require(getattr(self, name), columns, f"report content: {name}")

    def label(self, run: str) -> str:
        """The words for a run; its own name where it is not described."""
        return next((item.label for item in self.runs if item.name == run), run)


FRAMES = {
    "headline": COLUMNS,
    "metrics": METRIC_COLUMNS,
    "ranks": RANK_COLUMNS,
    "pairs": PAIR_COLUMNS,
    "history": HISTORY_COLUMNS,
    "claims": CLAIM_COLUMNS,
}
