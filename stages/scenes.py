"""Stage ``scenes``: the embedded data set, in the official formats."""

import shutil
from pathlib import Path
from typing import Any

from project.params import Params, named
from project.workspace import Workspace
from vqax.data.scenes import SceneSettings, contact_sheet, generate


def run(
    params: Params, workspace: Workspace, name: str, *, workers: int = 1, progress: Any = None
) -> dict[str, Any]:
    """Generate ``name`` from its settings into the root its data set names."""
    scenes = named(params.scenes, name, "Scenes data set", "params.yaml: scenes")
    root = _root(params, workspace, name)
    shutil.rmtree(root, ignore_errors=True)
    generate(root, SceneSettings(**scenes.model_dump()), workers=workers, progress=progress)
    return {"data set": str(root), "questions": scenes.train_questions + scenes.val_questions}


def sheet(params: Params, workspace: Workspace, name: str, path: Path) -> dict[str, Any]:
    """Draw a contact sheet of a generated data set."""
    contact_sheet(_root(params, workspace, name), path)
    return {"contact sheet": str(path)}


def _root(params: Params, workspace: Workspace, name: str) -> Path:
    return workspace.root / named(params.datasets, name, "data set", "params.yaml: datasets").root
