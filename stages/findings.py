"""``vqax findings``: the verdicts of every paper on the front page, as results/ has them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pandas as pd

import studies
from project.params import Params
from project.schema import Study
from project.tables import read_tables
from project.workspace import Workspace
from stages.table import references_of
from vqax.errors import BadData, UsageError
from vqax.files import read_parquet, write_text
from vqax.foreign import reading
from vqax.report.labels import label_of
from vqax.report.tables import measured_cell
from vqax.stats.verdict import Verdict

BEGIN = "<!-- written by `vqax findings`: results/claims.parquet -->\n"
END = "<!-- end of what `vqax findings` writes -->\n"
VERDICTS = get_args(Verdict)
SEEDS = ("seeds", "seeds_a", "seeds_b")


def write(params: Params, workspace: Workspace, page: Path) -> dict[str, Any]:
    """Bring the findings in ``page`` up to date.

    Raises:
        UsageError: the page has no place for them.
        MissingArtefact: nothing was tested yet.
    """
    old, new = _old_and_new(params, workspace, page)
    if new != old:
        write_text(page, new)
    return {str(page): "up to date" if new == old else "written"}


def check(params: Params, workspace: Workspace, page: Path) -> dict[str, Any]:
    """Raises BadData where the page does not say what results/ says; else as ``write``."""
    old, new = _old_and_new(params, workspace, page)
    if new != old:
        raise BadData(f"{page}: its findings are not those of results/; run vqax findings")
    return {str(page): "up to date"}


def _old_and_new(params: Params, workspace: Workspace, page: Path) -> tuple[str, str]:
    with reading(page, "a page of Markdown", "name the page that findings stand on"):
        text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise UsageError(f"{page}: has no lines {BEGIN.strip()!r} and {END.strip()!r}; add them")
    return text, before + begin + findings(params, workspace) + end + after


def findings(params: Params, workspace: Workspace) -> str:
    """A Markdown table, a row a paper, and the floors and ceilings of what it measures."""
    tested = claims(workspace)
    words = [*VERDICTS, *sorted(set(tested["verdict"]) - set(VERDICTS))]
    head = ["study", "asks", *words, "trainings a side"]
    rows = [
        [
            f"[{studies.captions().papers[study.report.claims]}](studies/{name}/README.md)",
            question_of(study),
            *(str(int((of["verdict"] == word).sum())) for word in words),
            trainings(of),
        ]
        for name, study in params.studies.items()
        if study.report.claims
        for of in (tested[tested["paper"] == study.report.claims],)
    ]
    total = [str(int((tested["verdict"] == word).sum())) for word in words]
    lines = [head, ["---", "---", *["---:"] * (len(words) + 1)], *rows, ["all", "", *total, ""]]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    bounds = "".join(f"- {line}\n" for line in floors(params, workspace))
    return f"{table}\n\n{bounds}"


def claims(workspace: Workspace) -> pd.DataFrame:
    """Paper, verdict, and how many trainings are behind it on either side, of every claim."""
    table = read_parquet(workspace.claims)
    counts = table[[name for name in SEEDS if name in table]].astype("Float64")
    return pd.DataFrame(
        {
            "paper": table["paper"],
            "verdict": table["verdict"],
            "fewest": counts.min(axis=1),
            "most": counts.max(axis=1),
        }
    )


def trainings(of: pd.DataFrame) -> str:
    """``1``, ``1 to 3``; a dash where no training is behind any."""
    known = of[["fewest", "most"]].astype("Float64").dropna()
    if known.empty:
        return "–"
    fewest, most = int(known["fewest"].min()), int(known["most"].max())
    return str(fewest) if fewest == most else f"{fewest} to {most}"


def question_of(study: Study) -> str:
    """What the report of the study asks, under the key that the settings have for it."""
    report = study.report
    question = getattr(report, "research_question", None) or getattr(report, "asked", "")
    return str(question).strip()


def floors(params: Params, workspace: Workspace) -> Iterator[str]:
    """Rows that no training measures: human attention and random maps, once each.

    Of studies that test claims: the headline is made anew by every demo.
    """
    told: set[tuple[str, str, str]] = set()
    for name, study in params.studies.items():
        if not (study.report.claims and workspace.tables(name).exists()):
            continue
        tidy = read_tables(workspace, name)
        for table, cells in tidy.groupby("table", sort=False):
            rows = references_of(params, name, str(table))
            for _, cell in cells[cells["row"].isin(rows) & cells["value"].notna()].iterrows():
                key = (str(cell["row"]), str(cell["dataset"]), str(cell["metric"]))
                if key not in told:
                    told.add(key)
                    label = label_of(key[2]).name
                    yield f"{key[0]}, {label}: {measured_cell(cell, key[2])} ({key[1]})"
