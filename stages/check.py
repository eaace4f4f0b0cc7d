"""``vqax check``: are the metrics within the tolerances that are committed?"""

from pathlib import Path
from typing import Any

from stages.params import read_yaml
from stages.workspace import Workspace
from vqax.errors import OutOfTolerance
from vqax.files import read_json


def run(workspace: Workspace, tolerances: Path) -> dict[str, Any]:
    """Compare each entry ``run.metric: {expected, tolerance}`` with results/metrics.json.

    Raises:
        OutOfTolerance: every metric that left its range, or that is missing, one line each.
    """
    source = workspace.results / "metrics.json"
    metrics = read_json(source)
    wanted = {
        (run, metric): (float(entry["expected"]), float(entry["tolerance"]))
        for run, entries in read_yaml(tolerances).items()
        for metric, entry in entries.items()
    }
    wrong = []
    for (run, metric), (expected, tolerance) in wanted.items():
        value = metrics.get(run, {}).get(metric)
        if value is None:
            wrong.append(f"{run}.{metric} is missing")
        elif not abs(value - expected) <= tolerance:
            wrong.append(
                f"{run}.{metric} is {value:.4g}, expected {expected:.4g} ± {tolerance:.4g}"
            )
    if wrong:
        lines = "\n  ".join(wrong)
        raise OutOfTolerance(
            f"{source}: {len(wrong)} of {len(wanted)} metrics out of tolerance (if the change is "
            f"meant, commit new values to {tolerances}):\n  {lines}"
        )
    return {"within tolerance": len(wanted)}
