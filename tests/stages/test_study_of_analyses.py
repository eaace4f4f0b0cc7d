"""A study without runs: its tables come from analyses alone, and nothing is ranked."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from stages import compare, report
from studies.ucam import explanation_masks
from tests.stages import tiny
from vqax.files import read_json

STUDY, TABLE, ROW = "masks", "ucam/III", "explanation_masks/grad_cam"


@pytest.fixture(scope="module")
def written(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = shutil.copytree(finished, tmp_path_factory.mktemp("masks") / "folder")
    value = tiny.settings()
    value["analyses"] = {
        "explanation_masks": {
            **{"dataset": tiny.DATASET, "features": tiny.DATASET},
            **{"group": tiny.STUDY, "study": tiny.WHOLE_STUDY},
            "rows": {"grad_cam": {"run": "mcb", "method": "grad_cam"}},
        }
    }
    value["studies"][STUDY] = {
        "groups": [],
        "significance": None,
        "tables": {TABLE: {"Baseline": ROW}},
        "report": {
            "title": "Masks",
            "research_question": "Where?",
            "gallery": 0,
            "comparisons": {},
        },
    }
    params = tiny.write_settings(folder, value)
    where = tiny.workspace(folder)
    options = {"dataset": tiny.DATASET, "rows": value["analyses"]["explanation_masks"]["rows"]}
    explanation_masks.run(params, where, **options)
    compare.run(params, where, STUDY)
    report.run(params, where, STUDY)
    return folder


def test_its_table_has_the_rows_of_the_analysis(written: Path) -> None:
    table = pd.read_parquet(written / "results" / STUDY / "tables" / "ucam_III.parquet")
    own = table[(table["row"] == "Baseline") & (table["metric"] == "rank_correlation")]
    metrics = pd.read_parquet(written / "data/analyses/explanation_masks/metrics.parquet")
    expected = metrics[metrics["metric"] == "rank_correlation"]["value"]
    assert own["value"].tolist() == expected.tolist()
    assert table["reported"].notna().any()


def test_nothing_is_ranked_and_no_curve_is_drawn(written: Path) -> None:
    folder = written / "results" / STUDY
    assert pd.read_parquet(folder / "significance" / "ranks.parquet").empty
    assert pd.read_parquet(folder / "significance" / "pairs.parquet").empty
    assert not (folder / "curves.csv").exists()
    assert set(read_json(folder / "metrics.json")) == {ROW}


def test_its_report_has_only_the_sections_that_say_something(written: Path) -> None:
    page = (written / "data" / "reports" / STUDY / "report.html").read_text(encoding="utf-8")
    assert 'id="tables"' in page
    for section in ("significance", "uncertainty", "training", "gallery"):
        assert f'id="{section}"' not in page
        assert f'href="#{section}"' not in page
