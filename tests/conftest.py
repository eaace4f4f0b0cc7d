"""Fixtures that every test may use."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference data beside the repository, not part of it."""
    if not SHARED.is_dir():
        pytest.skip(f"reference data not present: {SHARED}")
    return SHARED
