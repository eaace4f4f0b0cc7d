from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.check import run, write
from vqax.errors import MissingArtefact, OutOfTolerance, UsageError
from vqax.files import write_json
from vqax.stats.prediction_interval import prediction_interval
from vqax.stats.seed_variance import pooled_seed_variance

SEEDS = [0.60, 0.62, 0.61, 0.63]
OTHER = [0.50, 0.52, 0.51]
TOLERANCES = (
    "metrics: [accuracy_all]\n"
    f"expected: {{mcb: {{accuracy_all: {SEEDS}}}, mcb_ve: {{accuracy_all: {OTHER}}}}}\n"
)


def trainings(**runs: Any) -> dict[str, Any]:
    return {
        name: {"family": "mcb on v1", "seeds": [], "metrics": metrics}
        for name, metrics in runs.items()
    }


def checked(folder: Path, runs: dict[str, Any], tolerances: str = TOLERANCES) -> dict[str, Any]:
    write_json(folder / "trainings.json", trainings(**runs))
    (folder / "tolerances.yaml").write_text(tolerances, encoding="utf-8")
    return run(folder, folder / "tolerances.yaml")


def both(value: float, *more: float) -> dict[str, Any]:
    return {"mcb": {"accuracy_all": [value, *more]}, "mcb_ve": {"accuracy_all": OTHER}}


@pytest.mark.parametrize("more", [(), (0.0,)])
def test_the_interval_is_that_of_new_trainings_of_the_family(
    tmp_path: Path, more: tuple[float, ...]
) -> None:
    """Two metrics are compared, so each at 97.5 %; both configurations say how trainings differ."""
    seeds = pooled_seed_variance([np.array(SEEDS), np.array(OTHER)])
    new = [1 + len(more)]
    low, high = prediction_interval(0.615, seeds, old=[4], new=new, level=0.975)
    for value, inside in ((low + 1e-6, True), (high - 1e-6, True), (low - 1e-6, False)):
        made = both(value, *(value for _ in more))
        if inside:
            assert checked(tmp_path, made) == {"within tolerance": 2}
        else:
            with pytest.raises(OutOfTolerance, match=r"mcb\.accuracy_all is"):
                checked(tmp_path, made)


@pytest.mark.parametrize("value", [0.4, 0.9, float("nan")])
def test_outside_says_value_interval_and_remedy(tmp_path: Path, value: float) -> None:
    with pytest.raises(OutOfTolerance, match=r"mcb.accuracy_all is .*, expected 0.\d+ to 0.6") as e:
        checked(tmp_path, both(value))
    assert e.value.exit_code == 5
    assert "1 new and 4 expected trainings, which differ by 0.012" in str(e.value)
    assert "vqax check --write" in str(e.value)


def test_a_metric_that_is_gone_is_out_of_tolerance(tmp_path: Path) -> None:
    with pytest.raises(OutOfTolerance, match=r"mcb\.accuracy_all is missing"):
        checked(tmp_path, {"mcb": {}, "mcb_ve": {"accuracy_all": OTHER}})


def test_a_kind_of_model_that_was_trained_once_is_counted_apart(tmp_path: Path) -> None:
    text = TOLERANCES.replace("expected: {", "expected: {san: {accuracy_all: [0.5]}, ")
    write_json(
        tmp_path / "trainings.json",
        {
            **trainings(**both(0.61)),
            "san": {"family": "san on v1", "metrics": {"accuracy_all": [0.9]}},
        },
    )
    (tmp_path / "tolerances.yaml").write_text(text, encoding="utf-8")
    found = run(tmp_path, tmp_path / "tolerances.yaml")
    assert found == {"within tolerance": 2, "trained once": 1}


def test_trainings_of_which_nothing_follows(tmp_path: Path) -> None:
    once = "metrics: [accuracy_all]\nexpected: {mcb: {accuracy_all: [0.6]}}\n"
    with pytest.raises(UsageError, match=r"every configuration was trained once.*several seeds"):
        checked(tmp_path, {"mcb": {"accuracy_all": [0.6]}}, once)


def test_the_tolerances_of_another_study_are_neither_compared_nor_overwritten(
    tmp_path: Path,
) -> None:
    with pytest.raises(UsageError, match=r"expects mcb, mcb_ve …, none of which .* has"):
        checked(tmp_path, {"lmh": {"accuracy_all": [0.5]}})
    with pytest.raises(UsageError, match="of another study"):
        write(tmp_path, tmp_path / "tolerances.yaml")
    assert (tmp_path / "tolerances.yaml").read_text(encoding="utf-8") == TOLERANCES


def test_nothing_to_check(tmp_path: Path) -> None:
    with pytest.raises(MissingArtefact):
        run(tmp_path, tmp_path / "tolerances.yaml")


OWN = f"""# mine
metrics: [accuracy_all]   # as the reviewers asked
expected:
  mcb:
    accuracy_all: {SEEDS}
notes: [of mine]
"""


@pytest.mark.parametrize("expects", [True, False])
def test_writing_keeps_what_a_person_wrote_into_the_file(tmp_path: Path, expects: bool) -> None:
    path, old = tmp_path / "tolerances.yaml", f"expected:\n  mcb:\n    accuracy_all: {SEEDS}\n"
    new = {"accuracy_all": [0.1, 0.2], "ece": [0.3, 0.4]}
    write_json(tmp_path / "trainings.json", trainings(mcb=new))
    path.write_text(OWN if expects else OWN.replace(old, ""), encoding="utf-8")
    write(tmp_path, path)
    after = path.read_text(encoding="utf-8")
    block = "expected:\n  mcb:\n    accuracy_all: [0.1, 0.2]\n"
    assert after.replace(block, "") == OWN.replace(old, "")
    assert run(tmp_path, path) == {"within tolerance": 1}


def test_an_expected_metric_that_is_not_listed_is_named(tmp_path: Path) -> None:
    text = "metrics: [accuracy_all]\nexpected: {mcb: {ece: [0.6]}}\n"
    with pytest.raises(UsageError, match="does not list ece; list those"):
        checked(tmp_path, {}, text)


def test_a_file_that_expects_nothing_can_be_written(tmp_path: Path) -> None:
    nothing = "metrics: [accuracy_all]\nexpected:\n"
    with pytest.raises(UsageError, match="expects nothing yet; run `vqax check --write`"):
        checked(tmp_path, {"mcb": {"accuracy_all": [0.6, 0.7]}}, nothing)
    write(tmp_path, tmp_path / "tolerances.yaml")
    assert run(tmp_path, tmp_path / "tolerances.yaml") == {"within tolerance": 1}
