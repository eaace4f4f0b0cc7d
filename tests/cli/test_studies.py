"""Commands about a study, an analysis or the claims: what they leave, and unknown names."""

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.cli.commands import assert_refused, files, vqax
from tests.stages import tiny

pytestmark = pytest.mark.usefixtures("studies")
MINE = "mine"


def removed(folder: str) -> Path:
    """An output that the command has to write again."""
    path = Path(folder)
    for one in [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]:
        one.unlink()
    return path


@pytest.fixture
def mine() -> str:
    """A third study, of two runs of the headline."""
    settings = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    study = settings["studies"][tiny.STUDY]
    study["report"] |= {"gallery": 1, "gallery_runs": ["mcb"], "comparisons": {"mcb_p_gca": "mcb"}}
    rows = {"Baseline": "mcb", "P-GCA (ours)": "mcb_p_gca"}
    study |= {"tables": {"ucam/II": rows}, "extra_tables": {}}
    study["significance"]["sets"] = {"two": ["mcb", "mcb_p_gca"]}
    settings["studies"][MINE] = study
    Path("params.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return MINE


def test_analyse() -> None:
    folder = removed("data/analyses/noise")
    result = vqax("analyse", "noise", "--json")
    assert result.exit_code == 0, result.output
    rates = json.loads(result.stdout)
    assert {"mcb, image 0.5", "mcb_p_gca, question 1"} <= rates.keys()
    assert all(0 <= rate <= 1 for rate in rates.values())
    assert sorted(path.name for path in folder.iterdir()) == ["questions.parquet", "top5.parquet"]


def test_claims() -> None:
    removed("results/claims.parquet")
    result = vqax("claims", "--json")
    assert result.exit_code == 0, result.output
    found = pd.read_parquet("results/claims.parquet")["verdict"].value_counts()
    printed = json.loads(result.stdout)
    assert set(printed.pop("tested")) >= {"all papers"}
    assert printed == found.to_dict()


def test_a_study_is_compared_shown_checked_and_reported(mine: str) -> None:
    others = files(Path("results/headline")) | files(Path("results/ucam"))
    result = vqax("compare", mine, "--json")
    assert result.exit_code == 0, result.output
    assert {"mcb", "mcb_p_gca"} <= json.loads(result.stdout)["accuracy"].keys()
    ranks = pd.read_parquet(f"results/{mine}/significance/ranks.parquet")
    assert set(ranks["set"]) == {"two"}

    assert vqax("table", "--study", mine).stdout.split() == ["ucam/II"]
    shown = vqax("table", "ucam/II", "--study", mine, "--format", "csv")
    assert "P-GCA (ours)" in shown.stdout

    tolerances = Path("tolerances.yaml")
    tolerances.write_text("metrics: [accuracy_all]\n", encoding="utf-8")
    assert vqax("check", "--study", mine, "--write").exit_code == 0
    assert_refused(vqax("check", "--study", mine), 2, "every configuration was trained once")
    expected = yaml.safe_load(tolerances.read_text(encoding="utf-8"))
    of_mcb = expected["expected"]["mcb"]["accuracy_all"]
    of_mcb += [of_mcb[0] - 0.01, of_mcb[0] + 0.01]  # as two more trainings would have it
    tolerances.write_text(yaml.safe_dump(expected), encoding="utf-8")
    assert vqax("check", "--study", mine).exit_code == 0
    path = Path(f"results/{mine}/trainings.json")
    trainings = json.loads(path.read_text(encoding="utf-8"))
    trainings["mcb"]["metrics"]["accuracy_all"] = [of_mcb[0] + 0.5]
    path.write_text(json.dumps(trainings), encoding="utf-8")
    assert vqax("check", "--study", mine).exit_code == 5
    assert vqax("check").exit_code == 0

    result = vqax("report", mine, "--json")
    assert result.exit_code == 0, result.output
    page = Path(f"data/reports/{mine}/report.html").read_text(encoding="utf-8")
    assert page.count('<article class="card"') == 1
    assert files(Path("results/headline")) | files(Path("results/ucam")) == others


def test_without_a_name_it_is_the_headline() -> None:
    removed("results/headline/tables")
    assert vqax("compare").exit_code == 0
    assert vqax("table").stdout.split() == ["ucam/I", "ucam/II", "ucam/IV"]
    assert "ucam/controls" in vqax("table", "--study", "ucam").stdout.split()


def test_data_agreement() -> None:
    removed("data/agreement/scenes_v1")
    result = vqax("data", "agreement", "scenes_v1", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    metric = "attention_rank_correlation"
    assert found[f"scenes_v1/human {metric}"] > found[f"scenes_v1/random {metric}"]
    assert Path("data/agreement/scenes_v1/metrics.parquet").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["analyse", "dreams"], ["dreams: no such analysis", "explanation_masks, noise"]),
        (["compare", "dreams"], ["dreams: no such study", "headline, ucam"]),
        (["report", "dreams"], ["dreams: no such study", "headline, ucam"]),
        (["table", "--study", "dreams"], ["dreams: no such study", "headline, ucam"]),
        (["table", "ucam/controls"], ["ucam/controls: no such table", "ucam/I, ucam/II"]),
        (["check", "--study", "dreams"], ["dreams: no such study", "headline, ucam"]),
        (["check", "--write", "--study", "dreams"], ["dreams: no such study", "headline, ucam"]),
        (["data", "agreement", "dreams"], ["dreams: no such data set", "scenes_v1, scenes_v2"]),
    ],
)
def test_an_unknown_name_names_the_known_ones(arguments: list[str], words: list[str]) -> None:
    before = files(Path())
    assert_refused(vqax(*arguments), 2, *words)
    assert files(Path()) == before


@pytest.mark.parametrize(
    ("missing", "arguments", "remedy"),
    [
        ("data/analyses/explanation_masks", ["compare", "ucam"], "metrics.parquet"),
        ("results/ucam/significance", ["claims", "ucam"], "ranks.parquet"),
        ("results/claims", ["claims"], "ucam.parquet"),
        ("results/claims", ["report", "ucam"], "ucam.parquet"),
        ("results/ucam/tables", ["report", "ucam"], "vqax repro compare_ucam"),
        ("results/ucam/tables", ["table", "--study", "ucam"], "vqax repro compare_ucam"),
    ],
)
def test_what_an_earlier_stage_did_not_leave(
    missing: str, arguments: list[str], remedy: str
) -> None:
    removed(missing)
    assert_refused(vqax(*arguments), 4, missing, remedy)


def test_the_claims_of_no_study() -> None:
    settings = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    settings["studies"]["ucam"]["report"].pop("claims")
    Path("params.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    assert_refused(vqax("claims"), 2, "params.yaml: no study tests the claims", "name one")
    assert_refused(vqax("claims", "ucam"), 2, "study ucam tests the claims of no paper", "name one")
