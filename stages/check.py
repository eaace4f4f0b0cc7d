"""``vqax check``: are the metrics where trainings with other seeds would be?

tolerances.yaml names the ``metrics``, and holds what each training gave when somebody last agreed
to it (``expected``, written by ``vqax check --write``). A metric is out of tolerance when it leaves
the prediction interval of these trainings (docs/statistics.md); no range is set by hand.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from project.settings_files import read_settings
from vqax.errors import OutOfTolerance, UsageError
from vqax.files import read_json, write_text
from vqax.stats.prediction_interval import prediction_interval
from vqax.stats.seed_variance import SeedVariance, pooled_seed_variance

HEAD = "# expected: of each training, written by `vqax check --write`.\n"
TRAININGS = "trainings.json"
ERROR = 0.05
"""How often a result made again is out of tolerance by chance, in any of its metrics."""

Values = Mapping[str, Mapping[str, list[float]]]


def run(study: Path, tolerances: Path) -> dict[str, Any]:
    """Compare the trainings of a study with the expected ones.

    Metrics of a kind of model of which every configuration was trained once have no interval; they
    are counted as ``trained once``.

    Raises:
        OutOfTolerance: every metric that left its interval, or that is missing, one line each.
        UsageError: the file lacks a section, expects nothing, or the runs of another study, or
            nothing in it was trained twice.
    """
    source = study / TRAININGS
    trainings, settings = read_json(source), _settings(tolerances)
    expected = settings["expected"]
    if not expected:
        raise UsageError(f"{tolerances}: expects nothing yet; run `vqax check --write` first")
    _of_this_study(trainings, expected, source, tolerances)
    entries = [(name, metric) for name, metrics in expected.items() for metric in metrics]
    spread = {
        (name, metric): _spread(name, metric, expected, trainings) for name, metric in entries
    }
    checked = [entry for entry in entries if spread[entry].df]
    if not checked:
        raise UsageError(
            f"{tolerances}: every configuration was trained once, which says nothing about another "
            "training; write it from a study with several seeds"
        )
    level = 1 - ERROR / len(checked)
    wrong = [_wrong(*entry, expected, trainings, spread[entry], level) for entry in entries]
    lines = [line for line in wrong if line]
    if lines:
        raise OutOfTolerance(
            f"{source}: {len(lines)} of {len(entries)} metrics out of tolerance (if the change is "
            f"meant, run `vqax check --write` and commit {tolerances}):\n  " + "\n  ".join(lines)
        )
    once = len(entries) - len(checked)
    return {"within tolerance": len(checked), **({"trained once": once} if once else {})}


def _spread(name: str, metric: str, expected: Values, trainings: Mapping[str, Any]) -> SeedVariance:
    """s² of the expected trainings of all configurations of the family of ``name``."""
    family = trainings.get(name, {}).get("family", name)
    alike = [one for one in expected if trainings.get(one, {}).get("family", one) == family]
    known = [expected[one][metric] for one in alike if metric in expected[one]]
    return pooled_seed_variance([np.array(values, dtype=np.float64) for values in known])


def _wrong(
    name: str,
    metric: str,
    expected: Values,
    trainings: Mapping[str, Any],
    spread: SeedVariance,
    level: float,
) -> str:
    """Why a metric is out of tolerance; "" where it is not, or where that cannot be known."""
    old, new = expected[name][metric], trainings.get(name, {}).get("metrics", {}).get(metric)
    if new is None:
        return f"{name}.{metric} is missing"
    value = float(np.mean(new))
    interval = prediction_interval(
        float(np.mean(old)), spread, old=[len(old)], new=[len(new)], level=level
    )
    if not spread.df or interval[0] <= value <= interval[1]:
        return ""
    return (
        f"{name}.{metric} is {value:.4g}, expected {interval[0]:.4g} to {interval[1]:.4g} "
        f"({len(new)} new and {len(old)} expected trainings, which differ by "
        f"{spread.variance**0.5:.2g})"
    )


def write(study: Path, tolerances: Path) -> dict[str, Any]:
    """Make the present trainings the expected ones; all else in the file stays as it is.

    Raises:
        UsageError: as ``run``, but for a file that expects nothing.
    """
    trainings, settings = read_json(study / TRAININGS), _settings(tolerances)
    _of_this_study(trainings, settings["expected"], study / TRAININGS, tolerances)
    expected = {
        name: {
            metric: one["metrics"][metric]
            for metric in settings["metrics"]
            if metric in one["metrics"]
        }
        for name, one in trainings.items()
    }
    write_text(tolerances, _with_expected(tolerances.read_text(encoding="utf-8"), expected))
    return {"written": str(tolerances), "metrics": sum(map(len, expected.values()))}


def _with_expected(text: str, expected: dict[str, Any]) -> str:
    """The text of a file of tolerances with another section ``expected``.

    Comments and what else stands in it are a person's; they are kept, but for those of a file
    that is written in braces.
    """
    lines = text.splitlines(keepends=True)
    first = next((n for n, line in enumerate(lines) if line.startswith("expected:")), len(lines))
    after = (n for n in range(first + 1, len(lines)) if re.match(r"[^\s#]", lines[n]))
    rest = lines[next(after, len(lines)) :]
    block = yaml.safe_dump({"expected": expected}, sort_keys=False, default_flow_style=None)
    wanted = {**yaml.safe_load(text), "expected": expected}
    changed = "".join(lines[:first]) + block + "".join(rest)
    with suppress(yaml.YAMLError):
        if yaml.safe_load(changed) == wanted:
            return changed
    return HEAD + yaml.safe_dump(wanted, sort_keys=False, default_flow_style=None)


def _of_this_study(
    trainings: Mapping[str, Any], expected: Mapping[str, Any], source: Path, tolerances: Path
) -> None:
    if expected and not expected.keys() & trainings.keys():
        raise UsageError(
            f"{tolerances}: expects {', '.join(list(expected)[:3])} …, none of which {source} has; "
            "it is of another study: give this one a file of its own by --tolerances"
        )


def _settings(path: Path) -> dict[str, Any]:
    settings = read_settings(path)
    known = settings.get("metrics") or []
    expected = settings["expected"] = settings.get("expected") or {}
    unknown = {metric for entries in expected.values() for metric in entries} - set(known)
    if unknown or not known:
        raise UsageError(
            f"{path}: `metrics` does not list {', '.join(sorted(unknown)) or 'any metric'}; "
            "list those that are to be compared"
        )
    return settings
