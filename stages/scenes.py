"""Stage ``scenes``: the embedded data set, in the official formats."""

from pathlib import Path
from typing import Any

from stages.params import Params, named
from stages.workspace import Workspace
from vqax.data.scenes import KIND, SceneSettings, contact_sheet, generate
from vqax.locks import locked
from vqax.ownership import remove_made


def run(
    params: Params, workspace: Workspace, name: str, *, workers: int = 1, progress: Any = None
) -> dict[str, Any]:
    """Generate ``name`` from its settings into data/scenes/``name``, in place of an earlier one.

    Raises:
        BadData: something stands there that was not generated, or another process generates it.
    """
    scenes = named(params.scenes, name, "Scenes data set", "params.yaml: scenes")
    root = workspace.scenes(name)
    with locked(workspace.lock(KIND, name)):
        remove_made(root, KIND, below=workspace.data)
        generate(root, SceneSettings(**scenes.model_dump()), workers=workers, progress=progress)
    return {"data set": str(root), "questions": scenes.train_questions + scenes.val_questions}


def sheet(params: Params, workspace: Workspace, name: str, path: Path) -> dict[str, Any]:
    """Draw a contact sheet of a generated data set."""
    named(params.scenes, name, "Scenes data set", "params.yaml: scenes")
    contact_sheet(workspace.scenes(name), path)
    return {"contact sheet": str(path)}
