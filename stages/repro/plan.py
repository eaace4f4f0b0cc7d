"""What has to run: stages that changed and those that follow, each with the ones it needs.

``dvc repro --dry`` lists only the first kind: it cannot know that their outputs will change.
"""

from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from stages.code.fingerprint import fingerprints
from stages.dvc_errors import unknown_stage
from stages.repro.pipeline import Pipeline, opened
from stages.settings_files import read_settings
from vqax.errors import UsageError

Plan = dict[str, set[str]]
"""Stage -> those of the plan that it needs; every stage after all it needs."""


def stale(folder: Path, targets: tuple[str, ...], *, force: bool = False) -> Plan:
    """The plan of ``folder``, for the targets (all if none)."""
    with opened(folder) as pipeline:
        return to_do(pipeline, targets, force=force)


def to_do(pipeline: Pipeline, targets: tuple[str, ...], *, force: bool) -> Plan:
    """The plan for the targets; with ``force`` all that they need."""
    needs = pipeline.needs
    wanted = _with_needs(needs, _named(needs, targets))
    changed = wanted if force else pipeline.changed(wanted)
    unchanged = set() if force else set(_same_fingerprints(pipeline, changed))
    plan: Plan = {}
    for name in TopologicalSorter(needs).static_order():
        before = needs[name] & plan.keys()
        follows = any(not _spared(pipeline, name, need, unchanged) for need in before)
        if name in changed or (name in wanted and follows):
            plan[name] = before
    return plan


def _same_fingerprints(pipeline: Pipeline, changed: set[str]) -> Iterator[str]:
    """Paths of fingerprints that will be the same when their stage has run.

    What follows from an edit can so be told at once: an edit of a docstring changes none of them.
    """
    for name in sorted(name for name in changed if name.startswith("code_")):
        stage = pipeline.stages[name]
        _, _, code, *sections = stage.cmd.split()
        settings = read_settings(pipeline.folder / "params.yaml")
        for member, text in fingerprints(settings, code, sections).items():
            path = Path(stage.outs[0].def_path) / f"{member}.txt"
            there = pipeline.folder / path
            if there.is_file() and there.read_text(encoding="utf-8") == text:
                yield path.as_posix()


def _spared(pipeline: Pipeline, name: str, need: str, unchanged: set[str]) -> bool:
    """Whether all that a stage reads of another will be the same as before."""
    made = [Path(out.def_path) for out in pipeline.stages[need].outs]
    read = [Path(dep.def_path) for dep in pipeline.stages[name].deps]
    return all(
        path.as_posix() in unchanged
        for path in read
        if any(out == path or out in path.parents or path in out.parents for out in made)
    )


def _named(needs: dict[str, Any], targets: tuple[str, ...]) -> list[str]:
    """The stages that targets name; ``train`` stands for train@san, train@mcb and so on."""
    found = {target: [s for s in needs if target in (s, s.split("@")[0])] for target in targets}
    for target in (target for target, stages in found.items() if not stages):
        raise UsageError(unknown_stage(target, needs))
    return [stage for stages in found.values() for stage in stages] if targets else list(needs)


def _with_needs(needs: dict[str, set[str]], stages: list[str]) -> set[str]:
    wanted: set[str] = set()
    while stages:
        new = set(stages) - wanted
        wanted |= new
        stages = [need for stage in new for need in needs[stage]]
    return wanted
