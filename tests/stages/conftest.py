from pathlib import Path

import pytest

from tests.stages import tiny


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace after every stage, for reading only."""
    return tiny.build(tmp_path_factory.getbasetemp() / "finished")


@pytest.fixture(scope="session")
def whole(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace after every stage of both studies, for reading only."""
    return tiny.build_study(tmp_path_factory.getbasetemp() / "whole", finished)
