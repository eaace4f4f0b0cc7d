"""Runs with further seeds: what `seeds` of a profile says, as runs that repeat others."""

from collections.abc import Mapping
from typing import Any

from vqax.errors import UsageError, did_you_mean

EVERY = "every"
NONE = "none"
Runs = Mapping[str, dict[str, Any]]


def seed_lists(value: Any, runs: Runs, source: str) -> dict[str, list[int]]:
    """Run -> the seeds it is trained with besides its own; runs that repeat others have none.

    A list is for every run. A mapping gives lists to runs by name, and to all others by `every`.

    Raises:
        UsageError: a list holds something else than whole numbers, or a name is no run's.
    """
    lists = value if isinstance(value, dict) else {EVERY: [] if value is None else value}
    originals = [name for name, run in runs.items() if run.get("replicate_of") is None]
    for name, seeds in lists.items():
        if name not in (EVERY, *originals):
            near = did_you_mean(str(name), [EVERY, *originals])
            raise UsageError(
                f"{source}: seeds: {name}: no such run; {near}name one that repeats none"
            )
        if not isinstance(seeds, list) or not all(type(seed) is int for seed in seeds):
            raise UsageError(f"{source}: seeds: {seeds!r}; list whole numbers, such as [21, 22]")
    return {name: lists.get(name, lists.get(EVERY, [])) for name in originals}


def repetitions(
    runs: Runs, seeds: Mapping[str, list[int]], shared_seed: int
) -> dict[str, dict[str, Any]]:
    """``RUN_seedN`` for each run and each of its seeds that no training of it has yet.

    A run that starts from another one starts from that one's training with the same seed, which is
    added where it is not listed: so both sides of a comparison are trained equally often.
    """
    wanted = {name: dict.fromkeys(listed) for name, listed in seeds.items()}
    for name, listed in seeds.items():
        backbone = _backbone(runs[name])
        if backbone is not None and backbone in wanted:
            wanted[backbone] |= dict.fromkeys(listed)
    return {
        f"{name}_seed{seed}": _with_seed(runs[name], name, seed)
        for name, listed in wanted.items()
        for seed in listed
        if seed not in _seeds_elsewhere(name, runs, shared_seed, f"{name}_seed{seed}")
    }


def _with_seed(run: dict[str, Any], name: str, seed: int) -> dict[str, Any]:
    again = {**run, "replicate_of": name, "seed": seed}
    return (
        again if _backbone(run) is None else {**again, "backbone": f"{run['backbone']}_seed{seed}"}
    )


def _backbone(run: dict[str, Any]) -> str | None:
    backbone = str(run.get("backbone", NONE))
    return None if backbone == NONE else backbone.rpartition("/")[2]


def _seeds_elsewhere(name: str, runs: Runs, shared: int, but: str) -> set[int]:
    """The seeds of a run and of its repetitions, but for the one called ``but``."""
    trainings = {
        one: run
        for one, run in runs.items()
        if one != but and (one == name or run.get("replicate_of") == name)
    }
    own = (run.get("seed") for run in trainings.values())
    return {shared if seed is None else seed for seed in own}
