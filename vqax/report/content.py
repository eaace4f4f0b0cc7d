"""Everything a report shows, as plain data; nothing here knows HTML or where files lie."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import urlencode

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
class ResearchQuestion:
    """A question the study asks, and what answers it: measures of its comparisons, or claims.

    Without either, every measure that has a better side answers it.
    """

    question: str
    measures: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """What no model does, to read the levels by: a floor (image-blind), or the human ceiling.

    ``value`` is as stored, in the unit of ``metric``; ``dataset`` is the label of the runs on it.
    """

    dataset: str
    name: str
    metric: str
    value: float
    kind: Literal["floor", "ceiling"]


@dataclass(frozen=True, slots=True)
class Provenance:
    """How the report came to be; the date is given, so the same input gives the same bytes.

    ``facts`` are what else a reader may want to know: the commit, the machine, hashes of the data.
    """

    date: str
    command: str
    seed: int
    versions: Mapping[str, str]
    parameters: Mapping[str, Any]
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class ReportContent:
    """What `write_report` needs.

    ``headline`` has the columns of `vqax.report.tables.COLUMNS`; differences in ``pairs`` are
    run_a − run_b, accuracies as fractions. ``cd_diagrams`` maps a measure of ``ranks`` to SVG
    text. ``claims`` has a row per claim of a paper with its verdict (`vqax.report.claims`).
    ``questions`` are answered in the first screen. ``committed`` are the ``pairs`` of the results
    in git, shown beside these where they are others. ``explorers`` maps a run to the page of all
    its test questions, ``row_runs`` a (table, row) to the run that measures it. Empty frames are
    allowed: the section then says that nothing was measured. A report without ``figures`` or
    ``claims`` lacks that section.

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
    questions: tuple[ResearchQuestion, ...] = ()
    references: tuple[Reference, ...] = ()
    committed: pd.DataFrame | None = None
    explorers: Mapping[str, str] = field(default_factory=dict)
    row_runs: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, columns in FRAMES.items():
            require(getattr(self, name), columns, f"report content: {name}")

    def label(self, run: str) -> str:
        """The words for a run; its own name where it is not described."""
        return next((item.label for item in self.runs if item.name == run), run)

    def with_pairs(self, pairs: pd.DataFrame) -> "ReportContent":
        """The same with other differences."""
        return replace(self, pairs=pairs)

    def explorer(self, run: str, other: str = "", measure: str = "") -> str:
        """The address of a run's test questions, of two runs with the largest difference first.

        Nothing where there is no page of both.
        """
        page = self.explorers.get(run, "")
        if not page or (other and self.explorers.get(other) != page):
            return ""
        state = {"a": run, "b": other, "sort": f"d:{measure}" if measure else ""}
        return f"{page}#{urlencode({key: value for key, value in state.items() if value})}"


FRAMES = {
    "headline": COLUMNS,
    "metrics": METRIC_COLUMNS,
    "ranks": RANK_COLUMNS,
    "pairs": PAIR_COLUMNS,
    "history": HISTORY_COLUMNS,
    "claims": CLAIM_COLUMNS,
}
