"""dvc.lock, with the entries of several stages at once, as DVC makes and prints them.

DVC parses and prints the whole file for each stage, seconds for hundreds of stages, and leaves
half a file where it is killed meanwhile. What many stages read, a data set or a fingerprint, is
written once and then named, ``*data_datasets_scenes_v1``, as YAML has it: a change of it is one
change of the file.
"""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from vqax.files import write_text

EMPTY = {"schema": "2.0", "stages": {}}
Entries = dict[str, dict[str, Any]]


def add(folder: Path, stages: Iterable[Any], known: Collection[str]) -> None:
    """Put what DVC knows of ``stages`` into dvc.lock; entries keep their places.

    Those of stages that are not ``known``, as dvc.yaml has them no more, go.
    """
    from dvc.stage.serialize import to_lockfile
    from dvc.utils.serialize import dumps_yaml, load_yaml

    path = folder / "dvc.lock"
    lock = load_yaml(str(path)) if path.exists() else EMPTY  # as DVC does: 1e-05 is a number
    made = {name: entry for stage in stages for name, entry in to_lockfile(stage).items()}
    every = {**lock.get("stages", {}), **made}
    kept = {name: entry for name, entry in every.items() if name in known}
    entries = json.loads(json.dumps(kept))  # nothing shared yet
    write_text(path, dumps_yaml({**lock, "stages": _with_names(entries)}))


def _with_names(entries: Entries) -> Entries:
    """The entries, in which a dependency that several have is one and the same object."""
    from ruamel.yaml.comments import CommentedMap

    every = Counter(json.dumps(dep) for entry in entries.values() for dep in entry.get("deps", []))
    named: dict[str, CommentedMap] = {}
    states: Counter[str] = Counter()  # of one path; several after part of the pipeline ran
    for text in (text for text, times in every.items() if times > 1):
        dep = json.loads(text)
        states[dep["path"]] += 1
        name = re.sub(r"\W+", "_", dep["path"])
        named[text] = CommentedMap(dep)
        named[text].yaml_set_anchor(f"{name}_{states[dep['path']]}".removesuffix("_1"))
    for entry in entries.values():
        if "deps" in entry:
            entry["deps"] = [named.get(json.dumps(dep), dep) for dep in entry["deps"]]
    return entries
