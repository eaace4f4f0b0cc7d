"""``vqax check-floors``: does a run beat what answers, or points, without looking at the image?"""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from project.floors import FLOORS, floor_questions
from project.params import Params
from project.study import Measured, family
from project.workspace import Workspace
from vqax.claims.floors import above_floor
from vqax.claims.measure import Finding
from vqax.claims.rules import ACCURACY, CORRELATION, EMD
from vqax.claims.sources import Sources
from vqax.errors import UsageError
from vqax.files import write_parquet
from vqax.metrics.accuracy import ANSWER_TYPES

METRICS = (ACCURACY, *(f"accuracy_{short}" for short in ANSWER_TYPES.values()), CORRELATION, EMD)
COLUMNS = [
    *["run", "data", "metric", "floor", "difference", "ci_low", "ci_high", "seeds", "beats"],
]
NO_RANKS = pd.DataFrame(columns=["set", "measure"])


def run(params: Params, workspace: Workspace, study: str) -> dict[str, Any]:
    """Write results/``study``/floors.parquet; the runs and metrics that beat a floor not, in words.

    Raises:
        UsageError: the study has no runs, or no data set of it has floors.
    """
    measured = Measured(params, workspace, study)
    table = floors_of(measured)
    if table.empty:
        raise UsageError(
            f"params.yaml: studies.{study}: no run of it can be compared with a floor; name a "
            "study with runs, and run `vqax repro agreement`"
        )
    write_parquet(workspace.study(study) / "floors.parquet", table)
    decided = table[table["beats"].notna()]
    below = decided[~decided["beats"].astype(bool)]
    return {
        "compared": len(table),
        "beats its floor": int(decided["beats"].sum()),
        "does not": [f"{one.run} {one.metric}: {one.floor}" for one in below.itertuples()],
        "too few trainings": int(table["beats"].isna().sum()),
    }


def floors_of(measured: Measured) -> pd.DataFrame:
    """A row per run, metric and floor: how far it lies above, better being positive.

    ``beats``: the whole interval, over trainings and images, does; None without enough trainings.
    """
    floors = floor_questions(measured)
    sources = Sources(
        values={
            **{run: measured.all_trainings(run) for run in measured.runs},
            **{name: table for found in floors.values() for name, table in found.items()},
        },
        rows={},
        ranks=NO_RANKS,
        families={run: family(measured.params, run) for run in measured.runs},
    )
    rows = [row for run in measured.runs for row in _rows(measured, run, sources, floors)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _rows(
    measured: Measured, run: str, sources: Sources, floors: dict[str, dict[str, pd.DataFrame]]
) -> Iterator[dict[str, object]]:
    for floor in floors.get(measured.params.run(run).dataset, ()):
        for metric in METRICS:
            finding = above_floor(run, floor, metric, sources, seed=measured.params.seed)
            if finding is not None:
                yield {
                    "run": run,
                    "data": measured.dataset_label(run),
                    "metric": metric,
                    "floor": FLOORS[floor.rpartition("/")[2]],
                    **_numbers(finding),
                }


def _numbers(finding: Finding) -> dict[str, object]:
    contrast = finding.contrast
    return {
        "difference": contrast.value,
        "ci_low": contrast.low,
        "ci_high": contrast.high,
        "seeds": max(finding.seeds_a, finding.seeds_b),
        "beats": bool(contrast.low > 0) if finding.enough else None,
    }
