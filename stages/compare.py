"""Stage ``compare``: what the runs add up to: significance, tables, metrics and curves."""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from stages.params import Params, Significance
from stages.tables import headline
from stages.workspace import Workspace
from vqax.errors import BadData
from vqax.files import atomic_path, read_parquet, write_json, write_parquet
from vqax.report.content import PAIR_COLUMNS, RANK_COLUMNS
from vqax.stats.bootstrap import paired_bootstrap
from vqax.stats.effect import rank_biserial
from vqax.stats.nemenyi import NemenyiResult, nemenyi

MEASURES = {
    "accuracy_official": True,
    "attention_rank_correlation": True,
    "attention_emd": False,
    "margin": True,
    "entropy": False,
}


def run(params: Params, workspace: Workspace) -> dict[str, Any]:
    """Write results/: significance/, tables/, metrics.json and curves.csv."""
    names = list(params.runs)
    questions = {n: read_parquet(workspace.scores(n) / "questions.parquet") for n in names}
    metrics = pd.concat(read_parquet(workspace.scores(n) / "metrics.parquet") for n in names)
    ranks, tests = _ranks(questions, params.significance)
    write_parquet(workspace.significance() / "ranks.parquet", ranks)
    write_parquet(workspace.significance() / "pairs.parquet", _pairs(questions, tests, params))
    write_parquet(workspace.tables() / "headline.parquet", headline(params, workspace, metrics))
    write_json(workspace.results / "metrics.json", _metrics_by_run(metrics), indent=2)
    history = pd.concat(
        read_parquet(workspace.run(n) / "history.parquet").assign(run=n) for n in names
    )
    with atomic_path(workspace.results / "curves.csv") as temporary:
        _curves(history).to_csv(temporary)
    accuracy = metrics[metrics["metric"] == "accuracy_all"]
    return {"accuracy": dict(zip(accuracy["run"], accuracy["value"], strict=True))}


def _ranks(
    questions: dict[str, pd.DataFrame], settings: Significance
) -> tuple[pd.DataFrame, dict[str, tuple[list[str], NemenyiResult]]]:
    """Friedman and Nemenyi per measure; a block is the mean over the questions of one type."""
    rows, tests = [], {}
    for measure, higher in MEASURES.items():
        runs = [n for n, q in questions.items() if measure in q and q[measure].notna().any()]
        if len(runs) < 2:
            continue
        blocks = _blocks({n: questions[n] for n in runs}, measure, settings)
        if len(blocks) < 2:
            continue
        result = nemenyi(
            blocks.to_numpy(),
            alpha=settings.alpha,
            higher_is_better=higher,
            blocks=[str(block) for block in blocks.index],
        )
        tests[measure] = (runs, result)
        rows += [
            {
                "measure": measure,
                "block": settings.block,
                "run": name,
                "mean_rank": float(rank),
                "n_blocks": result.n_blocks,
                "k": len(runs),
                "cd": result.cd,
                "friedman_chi2": result.friedman_chi2,
                "p": result.friedman_p,
            }
            for name, rank in zip(runs, result.ranks, strict=True)
        ]
    return pd.DataFrame(rows, columns=RANK_COLUMNS), tests


def _blocks(
    questions: dict[str, pd.DataFrame], measure: str, settings: Significance
) -> pd.DataFrame:
    """Blocks by runs; blocks with fewer than the asked-for questions are left out."""
    means = {}
    for name, table in questions.items():
        valid = table[table[measure].notna()].groupby(settings.block)[measure]
        means[name] = valid.mean()[valid.size() >= settings.min_block_questions]
    return pd.DataFrame(means).dropna()


def _pairs(
    questions: dict[str, pd.DataFrame],
    tests: dict[str, tuple[list[str], NemenyiResult]],
    params: Params,
) -> pd.DataFrame:
    """Every later run minus every earlier one of params.yaml, over the questions both have."""
    rows = []
    for measure in MEASURES:
        having = {n: q for n, q in questions.items() if measure in q}
        for earlier, later in combinations(having, 2):
            a, b, images = _paired(having[later], having[earlier], measure)
            difference = paired_bootstrap(
                a, b, samples=params.score.resamples, seed=params.seed, clusters=images
            )
            rows.append(
                {
                    "metric": measure,
                    "run_a": later,
                    "run_b": earlier,
                    "difference": difference.value,
                    "ci_low": difference.low,
                    "ci_high": difference.high,
                    "n": difference.n,
                    "p": difference.p,
                    "effect_size": rank_biserial(a, b),
                    "nemenyi_p": _nemenyi_p(tests.get(measure), later, earlier),
                }
            )
    return pd.DataFrame(rows, columns=[*PAIR_COLUMNS, "p"])


def _paired(
    a: pd.DataFrame, b: pd.DataFrame, measure: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    columns = ["question_id", "image_id", measure]
    both = a[columns].merge(b[columns], on=["question_id", "image_id"])
    if both.empty:
        raise BadData(
            "data/scores: two runs have no test question in common; "
            "compare runs of the same data set only"
        )
    values = (both[f"{measure}_{side}"].to_numpy(dtype=np.float64) for side in "xy")
    return *values, both["image_id"].to_numpy()


def _nemenyi_p(test: tuple[list[str], NemenyiResult] | None, first: str, second: str) -> float:
    if test is None or first not in test[0] or second not in test[0]:
        return float("nan")
    runs, result = test
    return float(result.p[runs.index(first), runs.index(second)])


def _metrics_by_run(metrics: pd.DataFrame) -> dict[str, dict[str, float]]:
    """For ``dvc metrics``: undefined values are left out, they have no place in JSON."""
    return {
        str(name): {
            row.metric: round(float(row.value), 6)
            for row in table.itertuples()
            if np.isfinite(row.value)
        }
        for name, table in metrics.groupby("run", sort=False)
    }


def _curves(history: pd.DataFrame) -> pd.DataFrame:
    """Accuracy on the held-out part by epoch, a column per run, for ``dvc plots``."""
    chosen = history[(history["split"] == "val") & (history["metric"] == "accuracy")]
    return chosen.pivot(index="epoch", columns="run", values="value")
