"""The tidy tables: what was measured beside what the papers print."""

from typing import Any

import pandas as pd

from stages.averages import mean_of_two
from stages.params import Params, named, unknown
from stages.sections import RowSource, spelled_out
from stages.significance import paired
from stages.study import HELD_OUT, Measured
from stages.workspace import Workspace
from vqax.errors import MissingArtefact, UsageError
from vqax.files import read_parquet
from vqax.report.labels import label_of
from vqax.report.numbers import number
from vqax.report.tables import (
    MEASURED,
    join_published,
    no_table,
    published_table,
    to_csv,
    to_latex,
    to_markdown,
)
from vqax.stats.bootstrap import paired_bootstrap

FORMATS = {"markdown": to_markdown, "csv": to_csv, "latex": to_latex}
ACCURACIES = {
    f"accuracy_{kind}": f"accuracy_{kind}" for kind in ("all", "yes_no", "number", "other")
}
MAPS = {
    "rank_correlation": "attention_rank_correlation",
    "emd": "attention_emd",
    "histogram_emd": "attention_histogram_emd",
    "top2_distance": "margin",
}
MASKS = {"rank_correlation": "rank_correlation", "emd": "emd"}
REGIONS = {
    "needed_share": "attention_needed_share",
    "pointing": "attention_pointing",
    "rank_correlation": "attention_rank_correlation",
}
GAINS = {
    "accuracy_all": "accuracy_official",
    "rank_correlation": "attention_rank_correlation",
    "emd": "attention_emd",
    "top2_distance": "margin",
}
WORDS = {
    name: name
    for name in (
        *("most_important_occlusion", "most_important_gradient", "most_important_chance"),
        "changed_share",
    )
}
CHANGES = {f"changed_share{of}": f"changed_share{of}" for of in ("", "_of_right", "_of_wrong")}
ENTRIES = {name: name for name in ("dA_dq_top10_value", "dA_dq_top10_index")}
VECTORS = {name: name for name in ("spearman", "shared_of_10")}
ROUTED = {
    name: name
    for name in (
        *("pair_similarity", "own_share", "other_share", "preference"),
        *("shared_share", "rank_correlation"),
    )
}
OVERALL = {"accuracy_all": "accuracy_all", **MAPS}
PRINTED: dict[str, dict[str, str]] = {
    "ucam/I": ACCURACIES,
    "ucam/II": ACCURACIES,
    "ucam/III": MASKS,
    "ucam/IV": MAPS,
    "ucam/V": {},
    "ucam/VI": ACCURACIES,
    "ucam/VII": ACCURACIES,
    "ucam/controls": OVERALL,
    "ucam/readings": OVERALL,
    "ucam/inputs": OVERALL,
    "interp/1": {"rank_correlation": "rank_correlation", "standard_error": "standard_error"},
    **dict.fromkeys((f"attreg/{number}" for number in (1, 2, 3, 4, 5, 7)), ACCURACIES),
    "attreg/6": {"key_object_sample_ratio": "key_object_sample_ratio", **ACCURACIES},
    "attreg/controls": {**ACCURACIES, **REGIONS},
    "attreg/sweeps": {"accuracy_all": "accuracy_all", **REGIONS},
    "attreg/key_attention": {name: name for name in ("key_share", "ignored_key_objects")},
    "interp/words": WORDS,
    "interp/changes": {**CHANGES, "failure_auroc": "failure_auroc"},
    "interp/failure": {"failure_accuracy": "failure_accuracy", "failure_auroc": "failure_auroc"},
    "edl/1": {"dice": "dice"},
    "edl/2": {"iou": "iou"},
    "edl/heads": {
        **{name: name for name in ("accuracy", "uncertainty", "belief", "ece")},
        **{name: name for name in ("brier_classes", "aurc", "auroc_uncertainty")},
    },
    "edl/strangers": {
        f"{measure}_{kind}": f"{measure}_{kind}"
        for measure in ("stranger_auroc", "uncertainty", "confidence")
        for kind in ("familiar", "silhouettes", "photographs", "noise", "fashion")
    },
    "edl/rotation": {name: name for name in ("accuracy", "uncertainty", "confidently_wrong")},
    "edl/overlap": {
        name: name
        for name in (
            *("dice", "dice_test", "iou", "dice_centred", "centroid_distance", "object_emd"),
            *("blank_map", "uncertainty", "uncertainty_dice"),
        )
    },
    "edl/effects": {
        f"{measure}_{kind}": f"{measure}_{kind}"
        for measure in ("dice", "iou", "centroid_distance", "object_emd", "uncertainty")
        for kind in ("difference", "effect")
    },
    "edl/maps": {"dice": "dice", "iou": "iou", "map_similarity": "map_similarity"},
    "edl/vqa": {
        "accuracy_all": "accuracy_all",
        "ece": "ece",
        **{
            f"{kind}_{name}": f"{kind}_{name}"
            for kind in ("auroc", "map_quality")
            for name in ("aleatoric", "epistemic", "entropy", "predictive", "evidential")
        },
    },
    **{f"topn/{k}": {**ENTRIES, **VECTORS} for k in range(1, 7)},
    **{f"topn/{name}": ROUTED for name in ("sweep", "controls", "future", "readings", "models")},
    "topn/answers": {"pair_similarity": "pair_similarity"},
    "topn/vectors": VECTORS,
}
CELL = ["table", "row", "metric", *MEASURED, "unit", "note"]
NOTES = {
    "emd": "ours is spatial, in fractions of the grid diagonal; the paper does not say which EMD",
    "histogram_emd": "1-D EMD between value histograms, the form of the same laboratory's code",
    "dA_dq_top10_value": "ours: length of the row of ∂A/∂q, of another question and picture than "
    "the printed ones (examples.parquet of the analysis); the paper does not say how the rows are "
    "reduced",
    "dA_dq_top10_index": "ours: an entry of another model than the printed one",
    "top2_distance": "top-2 softmax margin, our reading of the column CD",
    "uncertainty_variance": "ours: mean of the variance σ²_a (aleatoric), mean variance of the "
    "Monte-Carlo probabilities (epistemic); the paper does not say of what the variance is",
}


def tables(measured: Measured) -> dict[str, pd.DataFrame]:
    """Table -> a row per printed or measured number of it."""
    by_run = {name: table.set_index("metric") for name, table in measured.metrics.groupby("run")}
    result = {}
    for table, rows in measured.study.rows.items():
        cells = [
            cell
            for row, source in rows.items()
            for cell in _cells(measured, table, row, source, by_run)
        ]
        added = {row for row, _ in spelled_out(measured.study.added.get(table, {}))}
        result[table] = join_published(
            pd.DataFrame(cells, columns=CELL), _published(measured.workspace, table), added=added
        )
    return result


def _cells(
    measured: Measured, table: str, row: str, source: RowSource, by_run: dict[str, pd.DataFrame]
) -> list[dict[str, Any]]:
    """The numbers of one row: levels, then gains over the run that the study names for it."""

    def measured_by(name: str) -> pd.DataFrame:
        if name not in by_run:
            raise UsageError(
                f"params.yaml: studies.{measured.name}: row {row!r} of {table} asks for {name}, of "
                "which there is no measurement (a data set without human maps has no people to "
                f"compare with); take the row out, or one of {', '.join(by_run)}"
            )
        return by_run[name]

    metrics = source.metrics
    if metrics is None:
        metrics = named(PRINTED, table, "table", "stages.tables.PRINTED")
    names = [name for name in (source.run, source.average_with) if name is not None]
    values, *second = map(measured_by, names)
    if second:
        values = mean_of_two(measured, *names, metrics=tuple(metrics.values()))
    dataset = " + ".join(map(measured.dataset_label, names))
    if source.more is not None:
        rest = measured_by(source.more)
        values = pd.concat([values, rest.loc[rest.index.difference(values.index)]])
    cells = [
        {
            **{"table": table, "row": row, "metric": metric, "dataset": dataset},
            **values.loc[measure, ["value", "ci_low", "ci_high", "n", "unit", "seeds"]],
            "note": "; ".join(filter(None, [NOTES.get(metric), _by_seed(metric, values, measure)])),
        }
        for metric, measure in metrics.items()
        if measure in values.index
    ]
    if source.gap_to is not None:
        cells.append(_gap(measured, table, row, source.gap_to, source.run))
    baseline = measured.study.gains.get(table)
    if baseline and source.run in measured.questions and source.run != baseline:
        cells += _gains(measured, table, row, source.run, baseline)
    return cells


def _by_seed(metric: str, values: pd.DataFrame, measure: str) -> str:
    """The value of each training in the unit of the table; nothing where there is one."""
    if values.loc[measure, "by_seed"] is None or values.loc[measure, "seeds"] == 1:
        return ""
    label = label_of(metric)
    each = (number(value * label.scale, label.digits) for value in values.loc[measure, "by_seed"])
    return f"by seed: {', '.join(each)}"


def _gap(measured: Measured, table: str, row: str, above: str, run: str) -> dict[str, Any]:
    """How much less the run has of accuracy than ``above``."""
    gap = _difference(measured, "accuracy_official", above, run)
    seeds = len(measured.seeds(run))
    return {"table": table, "row": row, "metric": "accuracy_all_gap", **gap, "seeds": seeds}


def _gains(
    measured: Measured, table: str, row: str, run: str, baseline: str
) -> list[dict[str, Any]]:
    """What the run adds to the baseline."""
    row_of = {source.run: row for row, source in measured.study.rows[table].items()}
    return [
        {
            **{"table": table, "row": row, "metric": f"{metric}_gain"},
            **_difference(measured, measure, run, baseline),
            "seeds": len(measured.seeds(run)),
            "note": f"minus {row_of.get(baseline, baseline)}, paired by question",
        }
        for metric, measure in GAINS.items()
        if all(measure in measured.questions[one] for one in (run, baseline))
    ]


def _difference(measured: Measured, measure: str, first: str, second: str) -> dict[str, Any]:
    """First minus second run, over the questions that both answered."""
    a, b, images = paired(measured.questions[first], measured.questions[second], measure)
    settings = measured.params
    found = paired_bootstrap(
        a, b, samples=settings.score.resamples, seed=settings.seed, clusters=images
    )
    return {
        **{"dataset": measured.dataset_label(first), "value": found.value},
        **{"ci_low": found.low, "ci_high": found.high, "n": found.n},
        "unit": "fraction" if measure.startswith("accuracy") else "",
    }


def _published(workspace: Workspace, table: str) -> pd.DataFrame:
    """What the paper prints; nothing for a table of our own."""
    path = workspace.published / f"{table.replace('/', '_table_')}.csv"
    return published_table(path) if path.exists() else no_table()


def printed_pairs(
    params: Params, study: str, proposed: str, baseline: str
) -> tuple[tuple[str, str, str], ...]:
    """(table, row of ``proposed``, row of ``baseline``) wherever a table prints both."""
    pairs = []
    for table in params.study(study).tables:
        rows = params.study(study).rows[table]
        row_of = {source.run: row for row, source in rows.items()}
        if proposed in row_of and baseline in row_of:
            pairs.append((table, row_of[proposed], row_of[baseline]))
    return tuple(pairs)


def read_tables(workspace: Workspace, study: str) -> pd.DataFrame:
    """All tables of a study, one below the other.

    Raises:
        MissingArtefact: there are none.
    """
    paths = sorted(workspace.tables(study).glob("*.parquet"))
    if not paths:
        raise MissingArtefact(
            f"{workspace.tables(study)}: no tables; run `vqax repro compare_{study}`, or give the "
            f"study some in params.yaml: studies.{study} where it has none"
        )
    return pd.concat([read_parquet(path) for path in paths], ignore_index=True)


def render(params: Params, workspace: Workspace, name: str | None, form: str, study: str) -> str:
    """Table ``name`` of a study as Markdown, CSV or LaTeX; the names there are, without one.

    Raises:
        UsageError: no such study or table.
        MissingArtefact: the study was not compared yet.
    """
    tidy = _chosen(params, workspace, name, study)
    if name is None:
        return "\n".join(tidy["table"].unique())
    return FORMATS[form](tidy, rules_of(params, tidy))


def records(params: Params, workspace: Workspace, name: str | None, study: str) -> dict[str, Any]:
    """What ``render`` shows, for a program: the cells of a table, or the names there are.

    Errors as ``render``.
    """
    tidy = _chosen(params, workspace, name, study)
    if name is None:
        return {"study": study, "tables": list(tidy["table"].unique())}
    cells = tidy.astype(object).where(tidy.notna(), None).drop(columns="table")
    accuracy = rules_of(params, tidy)
    return {"study": study, "table": name, "accuracy": accuracy, "cells": cells.to_dict("records")}


def rules_of(params: Params, tidy: pd.DataFrame) -> dict[str, str]:
    """Data set, by its name in the table -> the rule of its accuracies; none without accuracies."""
    accuracies = tidy[tidy["metric"].str.startswith("accuracy") & tidy["value"].notna()]
    names = {
        name.removesuffix(HELD_OUT)
        for both in accuracies["dataset"].unique()
        for name in both.split(" + ")
    }
    return {
        spec.label: spec.accuracy
        for spec in params.datasets.values()
        if names & {spec.label, spec.label.removesuffix(" test")}
    }


def _chosen(params: Params, workspace: Workspace, name: str | None, study: str) -> pd.DataFrame:
    """Table ``name`` of a study, or without a name all of them."""
    params.study(study)
    tidy = read_tables(workspace, study)
    names = list(tidy["table"].unique())
    if name is None:
        return tidy
    if name not in names:
        raise UsageError(unknown(name, names, "table", f"study {study}"))
    return tidy[tidy["table"] == name]
