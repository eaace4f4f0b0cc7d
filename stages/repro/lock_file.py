"""dvc.lock, with the entries of several stages at once, as DVC makes and prints them.

DVC parses and prints the whole file for each stage, seconds for hundreds of stages, and leaves
half a file where it is killed meanwhile.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from vqax.files import write_text
from vqax.yaml_files import read_yaml

EMPTY = {"schema": "2.0", "stages": {}}


def add(folder: Path, stages: Iterable[Any]) -> None:
    """Put what DVC knows of ``stages`` into dvc.lock; entries keep their places."""
    from dvc.stage.serialize import to_lockfile
    from dvc.utils.serialize import dumps_yaml

    path = folder / "dvc.lock"
    lock = read_yaml(path) if path.exists() else EMPTY
    made = {name: entry for stage in stages for name, entry in to_lockfile(stage).items()}
    # what two entries share would be printed once, and named in the other
    lock = {**lock, "stages": {**lock.get("stages", {}), **json.loads(json.dumps(made))}}
    write_text(path, dumps_yaml(lock))
