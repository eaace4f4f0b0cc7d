"""Stage ``compare``: what the runs of a study add up to."""

from typing import Any

import numpy as np
import pandas as pd

from project.params import Params
from project.significance import pairs, ranks
from project.study import Measured, family
from project.workspace import Workspace
from stages.check import TRAININGS
from stages.tables import tables
from vqax.files import atomic_path, write_json, write_parquet


def run(params: Params, workspace: Workspace, study: str) -> dict[str, Any]:
    """Write results/``study``: tables/, significance/, metrics.json, trainings.json, curves.csv.

    The last two are of runs.
    """
    measured = Measured(params, workspace, study)
    ranked, tests = ranks(measured)
    write_parquet(workspace.significance(study) / "ranks.parquet", ranked)
    write_parquet(workspace.significance(study) / "pairs.parquet", pairs(measured, tests))
    for name, table in tables(measured).items():
        write_parquet(workspace.tables(study) / f"{name.replace('/', '_')}.parquet", table)
    write_json(workspace.study(study) / "metrics.json", _by_run(measured.metrics), indent=2)
    if measured.runs:
        write_json(workspace.study(study) / TRAININGS, _trainings(measured), indent=2)
        with atomic_path(workspace.study(study) / "curves.csv") as temporary:
            _curves(measured.history).to_csv(temporary)
    accuracy = measured.metrics[measured.metrics["metric"] == "accuracy_all"]
    return {
        "tables": list(measured.study.rows),
        "accuracy": dict(zip(accuracy["run"], accuracy["value"], strict=True)),
    }


def _by_run(metrics: pd.DataFrame) -> dict[str, dict[str, float]]:
    """For ``dvc metrics``: undefined values are left out, they have no place in JSON."""
    return {
        str(name): {
            row.metric: round(float(row.value), 6)
            for row in table.itertuples()
            if np.isfinite(row.value)
        }
        for name, table in metrics.groupby("run", sort=False)
    }


def _trainings(measured: Measured) -> dict[str, dict[str, Any]]:
    """Run -> its family, and of each training its seed and its metrics, for ``vqax check``."""
    params, of_runs = measured.params, measured.metrics
    return {
        run: {
            "family": family(params, run),
            "seeds": [params.seed_of(one) for one in measured.seeds(run)],
            "metrics": {
                row.metric: [round(float(value), 6) for value in row.by_seed]
                for row in of_runs[of_runs["run"] == run].itertuples()
                if np.isfinite(row.by_seed).all()
            },
        }
        for run in measured.runs
    }


def _curves(history: pd.DataFrame) -> pd.DataFrame:
    """Accuracy on the held-out part by epoch, a column per run, for ``dvc plots``."""
    chosen = history[(history["split"] == "val") & (history["metric"] == "accuracy")]
    return chosen.pivot(index="epoch", columns="run", values="value")
