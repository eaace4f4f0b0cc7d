from pathlib import Path

import pytest
import yaml

from vqax.report.captions import CAPTIONS, PAPERS, caption_of

PARAMS = yaml.safe_load(
    (Path(__file__).parents[2] / "params.yaml").read_text(encoding="utf-8"),
)
TABLES = sorted(
    {
        table
        for study in PARAMS["studies"].values()
        for part in ("tables", "added")
        for table in study.get(part) or {}
    }
)


def test_every_paper_has_tables():
    assert {table.split("/")[0] for table in TABLES} == set(PAPERS)


@pytest.mark.parametrize("table", TABLES)
def test_every_table_of_a_study_has_a_caption_that_begins_with_its_paper(table):
    paper, name = table.split("/")
    words = CAPTIONS[table]
    assert words.startswith(PAPERS[paper])
    assert not words.endswith((".", "?"))
    if name.isnumeric() or name.isupper():
        assert words.startswith(f"{PAPERS[paper]} Table {name}: ")


def test_a_table_without_a_caption_is_called_by_its_paper_and_name():
    assert caption_of("ucam/X") == "U-CAM Table X"
    assert caption_of("mine/two") == "mine Table two"
