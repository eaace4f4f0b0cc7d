import csv
import io

import pandas as pd
import pytest

from tests.report.sample import PUBLISHED
from vqax.errors import BadData, MissingArtefact, UsageError
from vqax.report.captions import Captions
from vqax.report.tables import (
    COLUMNS,
    join_published,
    published_table,
    to_csv,
    to_latex,
    to_markdown,
)

MEASURED = {
    "table": "ucam/IV",
    "row": "Baseline (MCB)",
    "metric": "rank_correlation",
    "dataset": "Scenes v1",
    "value": 0.31,
    "ci_low": 0.29,
    "ci_high": 0.33,
    "n": 400,
    "seeds": 1,
    "unit": "fraction",
}


def measured(*rows: dict) -> pd.DataFrame:
    return pd.DataFrame([MEASURED | row for row in rows])


@pytest.fixture
def table_iv() -> pd.DataFrame:
    return published_table(PUBLISHED / "table_IV.csv")


def cell(tidy: pd.DataFrame, row: str, metric: str) -> pd.Series:
    found = tidy[(tidy["row"] == row) & (tidy["metric"] == metric)]
    assert len(found) == 1
    return found.iloc[0]


@pytest.mark.parametrize(("name", "reported"), [("I", 20), ("II", 48), ("IV", 33)])
def test_the_papers_tables_are_read_whole_and_in_order(name, reported):
    path = PUBLISHED / f"table_{name}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        literal = list(csv.DictReader(file))
    table = published_table(path)
    assert len(table) == reported == len(literal)
    assert list(table["row"]) == [line["row"] for line in literal]
    assert list(table["value"]) == [float(line["value"]) for line in literal]


def test_every_printed_cell_stays_and_only_the_measured_one_has_a_value(table_iv):
    tidy = join_published(measured({}), table_iv)
    assert list(tidy.columns) == COLUMNS
    assert list(zip(tidy["row"], tidy["metric"], strict=True)) == list(
        zip(table_iv["row"], table_iv["metric"], strict=True)
    )
    assert list(tidy["reported"]) == list(table_iv["value"])
    assert tidy["value"].notna().sum() == 1
    mcb = cell(tidy, "Baseline (MCB)", "rank_correlation")
    assert (mcb["value"], mcb["n"], mcb["reported"]) == (0.31, 400, 0.279)
    assert (mcb["dataset"], mcb["reported_dataset"]) == ("Scenes v1", "vqa_hat val")
    human = cell(tidy, "Human [34]", "rank_correlation")
    assert pd.isna(human["value"])
    assert pd.isna(human["n"])
    assert human["dataset"] == ""


def test_a_cell_the_paper_leaves_out_is_added_with_published_empty(table_iv):
    extra = {"metric": "top2_distance", "value": 0.4, "note": "our reading"}
    tidy = join_published(measured({"note": ""}, extra), table_iv)
    mcb = cell(tidy, "Baseline (MCB)", "top2_distance")
    assert mcb["value"] == 0.4
    assert pd.isna(mcb["reported"])
    assert (mcb["reported_dataset"], mcb["direction"]) == ("vqa_hat val", "higher")
    assert mcb["note"] == "our reading"


def test_accuracies_given_as_fractions_are_turned_into_per_cent_and_nothing_else_is():
    published = published_table(PUBLISHED / "table_II.csv")
    rows = {"table": "ucam/II", "row": "Baseline", "metric": "accuracy_all", "value": 0.58}
    tidy = join_published(measured(rows | {"ci_low": 0.56, "ci_high": 0.6}), published)
    found = cell(tidy, "Baseline", "accuracy_all")
    assert [found[c] for c in ("value", "ci_low", "ci_high")] == pytest.approx([58, 56, 60])
    percent = join_published(measured(rows | {"value": 58.0, "unit": "percent"}), published)
    assert cell(percent, "Baseline", "accuracy_all")["value"] == 58.0


def test_notes_of_both_sides_are_kept(table_iv):
    note = {"metric": "top2_distance", "row": "P-GCA (ours)", "note": "top-2 margin"}
    joined = cell(join_published(measured(note), table_iv), "P-GCA (ours)", "top2_distance")
    assert joined["note"].startswith("top-2 margin; column header is CD")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"row": "P-GCA"}], r"prints no row 'P-GCA'; it prints .*'P-GCA \(ours\)'"),
        ([{}, {}], r"ucam/IV, row 'Baseline \(MCB\)', rank_correlation occurs twice"),
    ],
)
def test_measured_rows_must_be_printed_ones_and_given_once(table_iv, rows, message):
    with pytest.raises(BadData, match=message):
        join_published(measured(*rows), table_iv)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("53.7", "fifty"), "value 'fifty' of row 'LSTM Q"),
        (("direction", "way"), "lacks the columns direction"),
    ],
)
def test_a_damaged_published_file_is_named(tmp_path, change, message):
    text = (PUBLISHED / "table_I.csv").read_text(encoding="utf-8").replace(*change)
    path = tmp_path / "table_I.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadData, match=message) as error:
        published_table(path)
    assert "table_I.csv" in str(error.value)


def test_an_absent_or_empty_published_file_is_named(tmp_path):
    with pytest.raises(MissingArtefact, match=r"none\.csv"):
        published_table(tmp_path / "none.csv")
    (tmp_path / "empty.csv").touch()
    with pytest.raises(BadData, match=r"empty\.csv"):
        published_table(tmp_path / "empty.csv")


def test_markdown_is_pivoted_as_printed(table_iv):
    captions = Captions(tables={"ucam/IV": "U-CAM Table IV: where people looked"})
    text = to_markdown(join_published(measured({}), table_iv), captions=captions)
    lines = text.splitlines()
    assert lines[0] == (
        "U-CAM Table IV: where people looked. "
        "Measured on Scenes v1 with 95 % intervals over images of one training each; reported "
        "numbers on vqa_hat val."
    )
    heading = (
        "| Models | trainings | RC ↑ | reported | EMD ↓ | reported | top-2 margin ↑ | reported |"
    )
    assert lines[2] == heading
    assert len(lines) == 4 + table_iv["row"].nunique()
    assert "| Baseline (MCB) | 1 | 0.310 [0.290, 0.330] | 0.279 | – | 0.3931 | – | – |" in lines
    assert "| Human [34] | – | – | 0.623 | – | – | – | – |" in lines


def test_a_row_says_how_often_it_was_trained_and_the_caption_what_intervals_are_over(table_iv):
    text = to_markdown(join_published(measured({"seeds": 5}), table_iv))
    assert "| Baseline (MCB) | 5 | 0.310" in text
    assert "with 95 % intervals over trainings and images;" in text


def test_a_bar_in_a_name_cannot_break_a_markdown_row(table_iv):
    tidy = join_published(measured({}), table_iv).replace({"row": {"Human [34]": "a|b"}})
    assert "| a\\|b | – | – |" in to_markdown(tidy)


def test_csv_holds_the_full_numbers(table_iv):
    tidy = join_published(measured({"value": 0.123456789}), table_iv)
    rows = {row["row"]: row for row in csv.DictReader(io.StringIO(to_csv(tidy)))}
    mcb = rows["Baseline (MCB)"]
    assert mcb["rank_correlation"] == "0.123456789"
    assert (mcb["rank_correlation_ci_low"], mcb["rank_correlation_n"]) == ("0.29", "400")
    assert (mcb["emd"], mcb["emd_reported"]) == ("", "0.3931")
    assert (mcb["dataset"], rows["Human [34]"]["dataset"]) == ("Scenes v1", "")
    assert (mcb["seeds"], rows["Human [34]"]["seeds"]) == ("1", "")
    assert list(rows) == list(table_iv["row"].unique())


def test_latex_is_escaped_and_published_numbers_are_set_apart(table_iv):
    text = to_latex(join_published(measured({"dataset": "50% of v1_x"}), table_iv))
    assert r"Baseline (MCB) & 1 & 0.310 [0.290, 0.330] & \textit{0.279} &" in text
    assert r"50\% of v1\_x" in text
    assert r"RC $\uparrow$ & reported" in text
    assert text.count(r"\\") == 1 + table_iv["row"].nunique()
    assert "↑" not in text


@pytest.mark.parametrize("render", [to_markdown, to_csv, to_latex])
def test_one_table_at_a_time(table_iv, render):
    tidy = join_published(measured({}), table_iv)
    other = tidy.assign(table="ucam/I")
    with pytest.raises(UsageError, match="not ucam/IV, ucam/I;"):
        render(pd.concat([tidy, other]))


def test_a_row_printed_for_several_data_sets_is_a_row_for_each(tmp_path):
    path = tmp_path / "printed.csv"
    lines = [
        "table,row,dataset,metric,value,std_error,direction,note",
        *("t/1,Ours,first,accuracy_all,1,,higher,", "t/1,Ours,second,accuracy_all,2,,higher,"),
        *("t/1,Ours,first,accuracy_other,3,,higher,", "t/1,Ours,both,accuracy_mean,4,,higher,"),
        *("t/1,Base,first,accuracy_all,5,,higher,", "t/1,Base,first,accuracy_all,6,,higher,again"),
        "t/1,Lone,second,accuracy_all,7,,higher,",
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = published_table(path)
    assert dict(zip(found["value"], found["row"], strict=True)) == {
        **{1: "Ours | first", 2: "Ours | second", 3: "Ours | first", 4: "Ours | both"},
        **{5: "Base", 6: "Base (2)", 7: "Lone"},
    }
