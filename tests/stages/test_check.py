from pathlib import Path

import pytest

from stages.check import run, write
from vqax.errors import MissingArtefact, OutOfTolerance, UsageError
from vqax.files import write_json

TOLERANCES = "tolerance: {accuracy_all: 0.05}\nexpected: {mcb: {accuracy_all: 0.6}}\n"


def checked(folder: Path, metrics: dict, tolerances: str = TOLERANCES) -> dict:
    write_json(folder / "metrics.json", metrics)
    (folder / "tolerances.yaml").write_text(tolerances, encoding="utf-8")
    return run(folder, folder / "tolerances.yaml")


def test_within(tmp_path: Path) -> None:
    assert checked(tmp_path, {"mcb": {"accuracy_all": 0.64}}) == {"within tolerance": 1}


@pytest.mark.parametrize("value", [0.54, 0.66, float("nan")])
def test_outside_says_value_range_and_remedy(tmp_path: Path, value: float) -> None:
    with pytest.raises(OutOfTolerance, match=r"mcb.accuracy_all is .*, expected 0.6 ± 0.05") as e:
        checked(tmp_path, {"mcb": {"accuracy_all": value}})
    assert e.value.exit_code == 5
    assert "vqax check --write" in str(e.value)


def test_a_metric_that_is_gone_is_out_of_tolerance(tmp_path: Path) -> None:
    with pytest.raises(OutOfTolerance, match=r"mcb\.accuracy_all is missing"):
        checked(tmp_path, {"mcb": {}, "san": {}})


def test_the_tolerances_of_another_study_are_neither_compared_nor_overwritten(
    tmp_path: Path,
) -> None:
    with pytest.raises(UsageError, match=r"expects mcb …, none of which .* has.*--tolerances"):
        checked(tmp_path, {"lmh": {"accuracy_all": 0.5}})
    with pytest.raises(UsageError, match="of another study"):
        write(tmp_path, tmp_path / "tolerances.yaml")
    assert (tmp_path / "tolerances.yaml").read_text(encoding="utf-8") == TOLERANCES


def test_nothing_to_check(tmp_path: Path) -> None:
    with pytest.raises(MissingArtefact):
        run(tmp_path, tmp_path / "tolerances.yaml")


def test_writing_makes_the_present_values_the_expected_ones(tmp_path: Path) -> None:
    with pytest.raises(OutOfTolerance):
        checked(tmp_path, {"mcb": {"accuracy_all": 0.9, "ece": 0.1}})
    write(tmp_path, tmp_path / "tolerances.yaml")
    assert run(tmp_path, tmp_path / "tolerances.yaml") == {"within tolerance": 1}
    assert "0.9" in (tmp_path / "tolerances.yaml").read_text(encoding="utf-8")


OWN = """# mine
tolerance:
  accuracy_all: 0.05   # as the reviewers asked
expected:
  mcb:
    accuracy_all: 0.6
notes: [of mine]
"""


@pytest.mark.parametrize(
    "text", [OWN, OWN.replace("expected:\n  mcb:\n    accuracy_all: 0.6\n", "")]
)
def test_writing_keeps_what_a_person_wrote_into_the_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tolerances.yaml"
    write_json(tmp_path / "metrics.json", {"mcb": {"accuracy_all": 0.9}})
    path.write_text(text, encoding="utf-8")
    write(tmp_path, path)
    block = "expected:\n  mcb:\n    accuracy_all: 0.9\n"
    after = path.read_text(encoding="utf-8")
    assert after.replace(block, "") == OWN.replace(block.replace("0.9", "0.6"), "")
    assert run(tmp_path, path) == {"within tolerance": 1}


def test_an_expected_metric_without_tolerance_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no entry for ece; add one line"):
        checked(tmp_path, {}, "tolerance: {accuracy_all: 0.05}\nexpected: {mcb: {ece: 0.6}}\n")


def test_a_file_that_expects_nothing_can_be_written(tmp_path: Path) -> None:
    nothing = "tolerance: {accuracy_all: 0.05}\nexpected:\n"
    with pytest.raises(UsageError, match="expects nothing yet; run `vqax check --write`"):
        checked(tmp_path, {"mcb": {"accuracy_all": 0.6}}, nothing)
    write(tmp_path, tmp_path / "tolerances.yaml")
    assert run(tmp_path, tmp_path / "tolerances.yaml") == {"within tolerance": 1}
