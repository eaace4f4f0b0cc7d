"""Tidy tables as the paper prints them, measured and published numbers side by side.

A tidy table has the columns ``COLUMNS``. Values are in the unit the paper prints:
accuracies in per cent, everything else as it is. ``value`` is what this run measured on
``dataset``; ``reported`` is the paper's number on ``reported_dataset``. They never mix.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from vqax.errors import BadData, MissingArtefact, UsageError
from vqax.report.captions import Captions
from vqax.report.labels import label_of, reported_number
from vqax.report.numbers import number
from vqax.stats.seed_variance import FEWEST_SEEDS

KEY = ["table", "row", "metric"]
MEASURED = ["dataset", "value", "ci_low", "ci_high", "n", "seeds"]
COLUMNS = [
    *["table", "row", "dataset", "metric", "value", "ci_low", "ci_high", "n", "seeds"],
    *["reported", "reported_dataset", "direction", "note"],
]
PUBLISHED_COLUMNS = ["table", "row", "dataset", "metric", "value", "std_error", "direction", "note"]


def require(table: pd.DataFrame, columns: Sequence[str], name: str) -> None:
    """Raise BadData if a table lacks one of the columns."""
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise BadData(
            f"{name}: lacks the columns {', '.join(missing)}; "
            f"it has {', '.join(map(str, table.columns)) or 'none'}, write it again"
        )


def published_table(path: Path) -> pd.DataFrame:
    """Read one printed table as CSV: a row per printed number, in the printed order.

    Raises:
        MissingArtefact: no such file.
        BadData: a column is missing, a value is not a number or a cell is printed twice.
    """
    if not path.exists():
        raise MissingArtefact(f"{path}: no such file; restore it from git")
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise BadData(f"{path}: not readable as CSV ({error}); restore it from git") from error
    require(table, PUBLISHED_COLUMNS, str(path))
    for column in ("value", "std_error"):
        table[column] = _numbers(table, column, path)
    table = _significantly_different(table)
    _reject_duplicates(table, str(path))
    return table[PUBLISHED_COLUMNS]


def _numbers(table: pd.DataFrame, column: str, path: Path) -> pd.Series:
    values = pd.to_numeric(table[column], errors="coerce")
    wrong = table[values.isna() & ((table[column] != "") | (column == "value"))]
    if len(wrong):
        first = wrong.iloc[0]
        raise BadData(
            f"{path}: {column} {first[column]!r} of row {first['row']!r}, {first['metric']} "
            "is not a number; restore the file from git"
        )
    return values


def _significantly_different(table: pd.DataFrame) -> pd.DataFrame:
    """A row printed for several data sets (AttReg table 1) becomes ``row | dataset``.

    One printed twice for the same data set becomes ``row``, ``row (2)``.
    """
    again = table.groupby([*KEY, "dataset"]).cumcount() + 1
    row = table["row"].where(again == 1, table["row"] + " (" + again.astype(str) + ")")
    sets = table.assign(row=row).groupby([*KEY])["dataset"].transform("nunique")
    several = sets.groupby([table["table"], row]).transform("max") > 1
    return table.assign(row=row.where(~several, row + " | " + table["dataset"]))


def _reject_duplicates(table: pd.DataFrame, name: str) -> None:
    twice = table[table.duplicated(KEY)]
    if len(twice):
        row = twice.iloc[0]
        raise BadData(
            f"{name}: {row['table']}, row {row['row']!r}, {row['metric']} occurs twice; keep one"
        )


def no_table() -> pd.DataFrame:
    """What is published of a table that no paper prints."""
    numbers = {"value": pd.Series(dtype=float), "std_error": pd.Series(dtype=float)}
    texts = {name: pd.Series(dtype=str) for name in PUBLISHED_COLUMNS if name not in numbers}
    return pd.DataFrame({**texts, **numbers})[PUBLISHED_COLUMNS]


def join_published(
    measured: pd.DataFrame, published: pd.DataFrame, *, extra_rows: Collection[str] = ()
) -> pd.DataFrame:
    """Put what was measured beside what is printed; every printed cell stays.

    ``measured`` has table, row (as printed), metric, dataset, value, ci_low, ci_high, n, seeds
    and optionally ``note`` and ``unit``; where ``unit`` is "fraction", accuracies are turned
    into the per cent the paper prints. A metric the paper leaves out for a row it prints
    (the dashes of Table IV) is added behind, with ``reported`` empty, and so are the rows
    ``extra_rows`` that the paper does not have; both in the order of ``measured``.

    Raises:
        BadData: a measured row is not a printed one, or is given twice.
    """
    require(measured, [*KEY, *MEASURED], "measured table")
    _reject_duplicates(measured, "measured table")
    _reject_unreported(measured[~measured["row"].isin(list(extra_rows))], published)
    ours = _in_reported_unit(measured).rename(columns={"note": "note_measured"})
    names = {"dataset": "reported_dataset", "value": "reported"}
    theirs = _with_errors(published).rename(columns=names)
    theirs = theirs.assign(order=np.arange(len(theirs)))
    ours = ours.assign(order_measured=np.arange(len(ours)))
    joined = theirs.merge(ours, on=KEY, how="outer")
    joined = _complete(joined.sort_values(["order", "order_measured"]), published)
    return joined[COLUMNS].reset_index(drop=True)


def _with_errors(published: pd.DataFrame) -> pd.DataFrame:
    """Every printed standard error as a number of its own, behind the one that it is of."""
    errors = published[published["std_error"].notna()]
    errors = errors.assign(metric="standard_error", value=errors["std_error"], direction="")
    both = pd.concat([published, errors]) if len(errors) else published
    return both.sort_index(kind="stable").drop(columns="std_error").reset_index(drop=True)


def _reject_unreported(measured: pd.DataFrame, published: pd.DataFrame) -> None:
    known = set(zip(published["table"], published["row"], strict=True))
    for table, row in zip(measured["table"], measured["row"], strict=True):
        if (table, row) not in known:
            rows = published.loc[published["table"] == table, "row"].unique()
            raise BadData(
                f"measured table: {table} prints no row {row!r}; "
                f"it prints {', '.join(map(repr, rows)) or 'nothing'}"
            )


def _in_reported_unit(measured: pd.DataFrame) -> pd.DataFrame:
    ours = measured.copy()
    if "unit" in ours:
        scale = [
            label_of(metric).scale if unit == "fraction" else 1.0
            for metric, unit in zip(ours["metric"], ours["unit"], strict=True)
        ]
        for column in ("value", "ci_low", "ci_high"):
            ours[column] = ours[column].astype(float) * scale
    notes = ours.get("note", "")
    return ours[[*KEY, *MEASURED]].assign(note=notes)


def _complete(joined: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Texts where the outer merge left none; numbers stay empty where there is no number."""
    datasets = published.groupby("table")["dataset"].first()
    directions = joined["metric"].map(lambda metric: label_of(metric).direction)
    given = joined["reported_dataset"]
    # without any published row the fallback would be a column of numbers, all of them NaN
    joined["reported_dataset"] = given.fillna(joined["table"].map(datasets).astype(given.dtype))
    joined["direction"] = joined["direction"].fillna(directions)
    joined["dataset"] = joined["dataset"].fillna("")
    notes = joined[["note_measured", "note"]].fillna("").to_numpy()
    joined["note"] = ["; ".join(filter(None, map(str, pair))) for pair in notes]
    for column in ("n", "seeds"):
        joined[column] = joined[column].astype("Int64")
    return joined


UNNAMED = Captions()
Rules = Mapping[str, str]
"""Data set -> the rule of its accuracies (``vqax.accuracy_rules``)."""


def to_csv(
    tidy: pd.DataFrame,
    rules: Rules = MappingProxyType({}),
    captions: Captions = UNNAMED,  # noqa: ARG001  all formats are called alike
) -> str:
    """One line per printed row; per metric the value, its interval, n and the published number.

    With ``rules`` a last column names the rule of the accuracies.
    """
    lines = []
    for row, cells in rows_of(tidy):
        line: dict[str, object] = {"row": row}
        for metric in _metrics(tidy):
            cell = cells.get(metric)
            for column, name in _CSV_PARTS.items():
                line[f"{metric}{name}"] = None if cell is None else cell[column]
        line["seeds"] = seeds_of(cells.values())
        line["dataset"] = _names(tidy, "dataset", row)
        line["reported_dataset"] = _names(tidy, "reported_dataset", row)
        if rules:
            line["accuracy_rule"] = rule_in_words(rules)
        lines.append(line)
    return pd.DataFrame(lines).to_csv(index=False, lineterminator="\n")


_CSV_PARTS = {
    "value": "",
    "ci_low": "_ci_low",
    "ci_high": "_ci_high",
    "n": "_n",
    "reported": "_reported",
}


def rule_in_words(rules: Rules) -> str:
    """``official``, or where data sets differ ``official on A, exact on B``."""
    if len(set(rules.values())) == 1:
        return next(iter(rules.values()))
    return ", ".join(f"{rule} on {dataset}" for dataset, rule in rules.items())


def to_markdown(
    tidy: pd.DataFrame, rules: Rules = MappingProxyType({}), captions: Captions = UNNAMED
) -> str:
    """A Markdown table: per metric the value with its interval, then the published number."""
    head, body = _grid(tidy, _plain, escape=lambda text: text.replace("|", "\\|"))
    rule = ["---", *["---:"] * (len(head) - 1)]
    lines = [f"| {' | '.join(cells)} |" for cells in [head, rule, *body]]
    return f"{caption_of(tidy, rules, captions)}\n\n" + "\n".join(lines) + "\n"


def comparable(cells: pd.DataFrame) -> bool:
    """Whether one of the measured ``cells`` of a metric may be called the best of them.

    They are several, on one data set, each of at least ``FEWEST_SEEDS`` trainings.
    """
    often = cells["seeds"].fillna(0).astype(int) >= FEWEST_SEEDS
    return len(cells) > 1 and bool(often.all()) and cells["dataset"].nunique() == 1


def to_latex(
    tidy: pd.DataFrame, rules: Rules = MappingProxyType({}), captions: Captions = UNNAMED
) -> str:
    """A LaTeX table for ``booktabs``; published numbers in italics."""
    head, body = _grid(tidy, _latex_published, escape=_latex)
    lines = [
        r"\begin{table}",
        rf"\caption{{{_latex(caption_of(tidy, rules, captions))}}}",
        rf"\begin{{tabular}}{{l{'r' * (len(head) - 1)}}}",
        r"\toprule",
        rf"{' & '.join(head)} \\",
        r"\midrule",
        *[rf"{' & '.join(cells)} \\" for cells in body],
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _grid(
    tidy: pd.DataFrame, published: Callable[[str], str], escape: Callable[[str], str]
) -> tuple[list[str], list[list[str]]]:
    """Heading and body cells, escaped; every metric takes two columns."""
    metrics = _metrics(tidy)
    head = [escape("Models"), escape("trainings")]
    for metric in metrics:
        label = label_of(metric)
        head += [escape(f"{label.heading} {label.arrow}".strip()), escape("reported")]
    body = []
    for row, cells in rows_of(tidy):
        line = [escape(row), escape(seeds_of(cells.values()) or "–")]
        for metric in metrics:
            cell = cells.get(metric)
            line.append(escape(measured_cell(cell, metric)))
            line.append(
                published(reported_number(None if cell is None else cell["reported"], metric))
            )
        body.append(line)
    return head, body


def seeds_of(cells: Iterable[pd.Series]) -> str:
    """``3``, or ``1 to 3`` where the numbers of a row differ in it; "" without a training."""
    counts = sorted({int(cell["seeds"]) for cell in cells if pd.notna(cell["seeds"])})
    return " to ".join(map(str, dict.fromkeys([*counts[:1], *counts[-1:]])))


def _plain(text: str) -> str:
    return text


def _latex_published(text: str) -> str:
    return _latex(text) if text == "–" else rf"\textit{{{_latex(text)}}}"


def measured_cell(cell: pd.Series | None, metric: str) -> str:
    """``57.9 [55.4, 60.4]``, or a dash where there is no run."""
    if cell is None or pd.isna(cell["value"]):
        return "–"
    digits = label_of(metric).digits
    value, low, high = (number(float(cell[c]), digits) for c in ("value", "ci_low", "ci_high"))
    return value if low == "–" or high == "–" else f"{value} [{low}, {high}]"


def rows_of(tidy: pd.DataFrame) -> list[tuple[str, dict[str, pd.Series]]]:
    """Printed rows in their order, each with its cells by metric."""
    require(tidy, COLUMNS, "table")
    one_table(tidy)
    rows: dict[str, dict[str, pd.Series]] = {}
    for _, cell in tidy.iterrows():
        rows.setdefault(str(cell["row"]), {})[str(cell["metric"])] = cell
    return list(rows.items())


def one_table(tidy: pd.DataFrame) -> str:
    """The name of the only table in a tidy frame.

    Raises:
        UsageError: there is none, or there are several.
    """
    names = [str(name) for name in tidy["table"].unique()]
    if len(names) != 1:
        raise UsageError(f"one table at a time, not {', '.join(names) or 'none'}; name one")
    return names[0]


def _metrics(tidy: pd.DataFrame) -> list[str]:
    return [str(metric) for metric in tidy["metric"].unique()]


def _names(tidy: pd.DataFrame, column: str, row: str | None = None) -> str:
    values = tidy[column] if row is None else tidy.loc[tidy["row"] == row, column]
    return ", ".join(str(name) for name in values.dropna().unique() if name)


def caption_of(tidy: pd.DataFrame, rules: Rules, captions: Captions) -> str:
    rule = f" Accuracy by the rule: {rule_in_words(rules)}." if rules else ""
    reported = _names(tidy[tidy["reported"].notna()], "reported_dataset")
    return (
        f"{captions.of_table(one_table(tidy))}. "
        f"Measured on {_names(tidy, 'dataset') or 'nothing yet'} "
        f"with 95 % intervals{_drawn(tidy)}"
        f"{f'; reported numbers on {reported}' if reported else ''}.{rule}"
    )


def _drawn(tidy: pd.DataFrame) -> str:
    """What the intervals are over: a table of single trainings says nothing about other ones."""
    seeds = tidy.loc[tidy["value"].notna(), "seeds"].dropna()
    if not len(seeds):
        return ""
    return (
        " over trainings and images"
        if int(seeds.max()) > 1
        else " over images of one training each"
    )


_LATEX = {
    **{char: f"\\{char}" for char in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "−": "$-$",
    "–": "--",
}


def _latex(text: str) -> str:
    return "".join(_LATEX.get(char, char) for char in text)
