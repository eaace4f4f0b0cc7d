"""``vqax init``: a project folder beside an installation, without a clone."""

import shutil
from pathlib import Path
from typing import Any

from stages.profile import link_code, make_repository
from vqax.errors import UsageError
from vqax.files import write_text

HOME = Path(__file__).resolve().parents[1]
"""The repository, or the folder ``program`` of an installed wheel: both have the settings."""
COPIED = ("params.yaml", "dvc.yaml", "tolerances.yaml", "profiles/*.yaml", "studies/*/*.yaml")
NOT_FOR_GIT = ("/data/", "/work/", "__pycache__/", "/.dvc/tmp/", "/.dvc/cache/")


def run(folder: Path) -> dict[str, Any]:
    """Copy the settings into ``folder``, link the code that dvc.yaml names, make it DVC's.

    Raises:
        UsageError: something stands there already.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder}: holds something already; name a new or an empty folder")
    copied = [path for pattern in COPIED for path in sorted(HOME.glob(pattern))]
    for path in copied:
        target = folder / path.relative_to(HOME)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    link_code(HOME, folder)
    make_repository(folder)
    write_text(folder / ".gitignore", "\n".join(NOT_FOR_GIT) + "\n")
    return {
        "folder": str(folder.resolve()),
        "files": len(copied),
        "next": f"vqax -C {folder} repro report_headline --jobs 2",
    }
