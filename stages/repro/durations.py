"""How long stages took when they last ran here, and so how long those to run will take."""

import json
from collections.abc import Mapping
from pathlib import Path
from statistics import mean
from typing import Any

FILE = Path(".dvc") / "tmp" / "vqax" / "seconds.jsonl"
MINUTE, HOUR = 60, 3600


def record(folder: Path, stage: str, seconds: float) -> None:
    """Add what a stage took."""
    path = folder / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps([stage, round(seconds, 1)]) + "\n")


def recorded(folder: Path) -> dict[str, float]:
    """Stage -> seconds of its last run here; a line that cannot be read is none."""
    path = folder / FILE
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    seconds: dict[str, float] = {}
    for line in lines:
        try:
            stage, took = json.loads(line)
            seconds[str(stage)] = float(took)
        except (ValueError, TypeError):
            continue
    return seconds


def forecast(folder: Path) -> dict[str, Any]:
    """The stages that ``vqax repro`` would run, and how long it will take, one at a time.

    Raises:
        VqaxError: as ``plan.stale``.
    """
    from stages.repro.plan import stale

    stages = list(stale(folder, ()))
    known = [took for stage in stages if (took := expected(stage, recorded(folder))) is not None]
    unknown = len(stages) - len(known)
    time = in_words(sum(known)) if known else "not known"
    more = f", and {unknown} stages that never ran here" if known and unknown else ""
    return {"stale": stages, "will take": f"{time}{more}" if stages else "nothing to run"}


def expected(stage: str, seconds: Mapping[str, float]) -> float | None:
    """What it took last, else the mean of stages of its kind; None where none ran here."""
    if stage in seconds:
        return seconds[stage]
    kind = stage.partition("@")[0]
    alike = [took for name, took in seconds.items() if name.partition("@")[0] == kind]
    return mean(alike) if alike else None


def in_words(seconds: float) -> str:
    """``about 40 s``, ``about 12 min``, ``about 3.5 h``."""
    if seconds < MINUTE:
        return f"about {seconds:.0f} s"
    return (
        f"about {seconds / MINUTE:.0f} min" if seconds < HOUR else f"about {seconds / HOUR:.1f} h"
    )
