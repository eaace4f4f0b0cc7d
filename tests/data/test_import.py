"""Reading data and scoring answers do not pay for torch."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module", ["vqax.data.vqa", "vqax.data.vqa_x_maps", "vqax.text", "vqax.metrics.accuracy"]
)
def test_torch_is_not_imported(module: str) -> None:
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
