from pathlib import Path

import pytest

from stages.check import run
from stages.workspace import Workspace
from vqax.errors import MissingArtefact, OutOfTolerance
from vqax.files import write_json

TOLERANCES = "mcb:\n  accuracy_all: {expected: 0.6, tolerance: 0.05}\n"


def checked(folder: Path, metrics: dict, tolerances: str = TOLERANCES) -> dict:
    write_json(folder / "results" / "metrics.json", metrics)
    (folder / "tolerances.yaml").write_text(tolerances, encoding="utf-8")
    return run(Workspace(folder), folder / "tolerances.yaml")


def test_within(tmp_path: Path) -> None:
    assert checked(tmp_path, {"mcb": {"accuracy_all": 0.64}}) == {"within tolerance": 1}


@pytest.mark.parametrize("value", [0.54, 0.66, float("nan")])
def test_outside_says_value_range_and_remedy(tmp_path: Path, value: float) -> None:
    with pytest.raises(OutOfTolerance, match=r"mcb.accuracy_all is .*, expected 0.6 ± 0.05") as e:
        checked(tmp_path, {"mcb": {"accuracy_all": value}})
    assert e.value.exit_code == 5
    assert "commit new values" in str(e.value)


def test_a_metric_that_is_gone_is_out_of_tolerance(tmp_path: Path) -> None:
    with pytest.raises(OutOfTolerance, match=r"mcb\.accuracy_all is missing"):
        checked(tmp_path, {"san": {}})


def test_nothing_to_check(tmp_path: Path) -> None:
    with pytest.raises(MissingArtefact):
        run(Workspace(tmp_path), tmp_path / "tolerances.yaml")
