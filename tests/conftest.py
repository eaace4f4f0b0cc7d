"""Fixtures that every test may use."""

from pathlib import Path

import pytest
from jaxtyping import config

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference data beside the repository, not part of it."""
    if not SHARED.is_dir():
        pytest.skip(f"reference data not present: {SHARED}")
    return SHARED


@pytest.fixture
def without_type_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a user calls the library: what the annotations say is checked in tests alone."""
    monkeypatch.setattr(config, "jaxtyping_disable", True)
