from pathlib import Path

import pytest
import yaml

from studies import captions

STUDIES = (Path(__file__).parents[2] / "studies").glob("*/study.yaml")
TABLES = sorted(
    {
        table
        for file in STUDIES
        for study in yaml.safe_load(file.read_text(encoding="utf-8"))["studies"].values()
        for part in ("tables", "extra_rows")
        for table in study.get(part) or {}
    }
)


def test_every_paper_has_tables():
    assert {table.split("/")[0] for table in TABLES} == set(captions().papers)


@pytest.mark.parametrize("table", TABLES)
def test_every_table_of_a_study_has_a_caption_that_begins_with_its_paper(table):
    paper, name = table.split("/")
    words = captions().tables[table]
    assert words.startswith(captions().papers[paper])
    assert not words.endswith((".", "?"))
    if name.isnumeric() or name.isupper():
        assert words.startswith(f"{captions().papers[paper]} Table {name}: ")


def test_a_table_without_a_caption_is_called_by_its_paper_and_name():
    assert captions().of_table("ucam/X") == "U-CAM Table X"
    assert captions().of_table("mine/two") == "mine Table two"


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ("ucam/IV; ucam/II", "U-CAM Table IV; U-CAM Table II"),
        ("attreg/6 ratio column", "AttReg Table 6 ratio column"),
        ("cited in interp section 3.1", "cited in Interp section 3.1"),
        ("ucam Fig. 4; CD column of ucam/IV", "U-CAM Fig. 4; CD column of U-CAM Table IV"),
        ("text section VII-D", "text section VII-D"),
    ],
)
def test_where_a_claim_stands_is_said_in_the_words_of_the_captions(places, words):
    assert captions().cited(places) == words
