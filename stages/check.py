"""``vqax check``: are the metrics within the tolerances that are committed?

tolerances.yaml says how far each metric may move (``tolerance``) and where it was when somebody
last agreed to its value (``expected``, written by ``vqax check --write``).
"""

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from stages.settings_files import read_settings
from vqax.errors import OutOfTolerance, UsageError
from vqax.files import read_json, write_text

HEAD = "# tolerance: how far a metric may move; expected: written by `vqax check --write`.\n"


def run(study: Path, tolerances: Path) -> dict[str, Any]:
    """Compare metrics.json in the folder of a study with the expected values.

    Raises:
        OutOfTolerance: every metric that left its range, or that is missing, one line each.
        UsageError: the file has not both of its sections, nothing in them, or expects the runs
            of another study.
    """
    source = study / "metrics.json"
    metrics, settings = read_json(source), _settings(tolerances)
    if not settings["expected"]:
        raise UsageError(f"{tolerances}: expects nothing yet; run `vqax check --write` first")
    _of_this_study(metrics, settings["expected"], source, tolerances)
    wrong, checked = [], 0
    for name, entries in settings["expected"].items():
        for metric, expected in entries.items():
            checked += 1
            value, tolerance = metrics.get(name, {}).get(metric), settings["tolerance"][metric]
            if value is None:
                wrong.append(f"{name}.{metric} is missing")
            elif not abs(value - expected) <= tolerance:
                wrong.append(
                    f"{name}.{metric} is {value:.4g}, expected {expected:.4g} ± {tolerance:.4g}"
                )
    if wrong:
        lines = "\n  ".join(wrong)
        raise OutOfTolerance(
            f"{source}: {len(wrong)} of {checked} metrics out of tolerance (if the change is "
            f"meant, run `vqax check --write` and commit {tolerances}):\n  {lines}"
        )
    return {"within tolerance": checked}


def write(study: Path, tolerances: Path) -> dict[str, Any]:
    """Make the present values the expected ones; all else in the file stays as it is.

    Raises:
        UsageError: as ``run``, but for a file that expects nothing.
    """
    metrics, settings = read_json(study / "metrics.json"), _settings(tolerances)
    _of_this_study(metrics, settings["expected"], study / "metrics.json", tolerances)
    expected = {
        name: {metric: values[metric] for metric in settings["tolerance"] if metric in values}
        for name, values in metrics.items()
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
    block = yaml.safe_dump({"expected": expected}, sort_keys=False)
    wanted = {**yaml.safe_load(text), "expected": expected}
    changed = "".join(lines[:first]) + block + "".join(rest)
    with suppress(yaml.YAMLError):
        if yaml.safe_load(changed) == wanted:
            return changed
    return HEAD + yaml.safe_dump(wanted, sort_keys=False)


def _of_this_study(
    metrics: dict[str, Any], expected: dict[str, Any], source: Path, tolerances: Path
) -> None:
    if expected and not expected.keys() & metrics.keys():
        raise UsageError(
            f"{tolerances}: expects {', '.join(list(expected)[:3])} …, none of which {source} has; "
            "it is of another study: give this one a file of its own by --tolerances"
        )


def _settings(path: Path) -> dict[str, dict[str, Any]]:
    settings = read_settings(path)
    known = settings.get("tolerance") or {}
    expected = settings["expected"] = settings.get("expected") or {}
    unknown = {metric for entries in expected.values() for metric in entries} - known.keys()
    if unknown or not known:
        raise UsageError(
            f"{path}: `tolerance` has no entry for {', '.join(sorted(unknown)) or 'any metric'}; "
            "add one line `metric: number` for each"
        )
    return settings
