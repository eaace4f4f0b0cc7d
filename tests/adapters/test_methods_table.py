"""The docs say of every method what it needs and which models have it, as the code has it."""

from tests.adapters.methods_table import BEGIN, END, PAGE, table
from vqax.explain import EXPLAINERS, WORD_EXPLAINERS
from vqax.explain.methods_table import methods_table


def test_the_table_in_the_docs_is_up_to_date():
    shown = PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    assert shown == table(), "run python -m tests.adapters.methods_table"


def test_a_method_is_met_by_who_has_all_that_it_needs():
    lines = methods_table({"all": frozenset({"cells", "attention"}), "none": frozenset()})
    rows = {line.split(" | ")[0].strip("|` "): line for line in lines.splitlines()}
    assert rows["attention"] == "| `attention` | image | attention | yes |  |"
    assert rows["rise"] == "| `rise` | image | pixels |  |  |"
    assert rows["word_occlusion"] == "| `word_occlusion` | words | answers alone | yes | yes |"
    assert len(lines.splitlines()) == 2 + len(EXPLAINERS) + len(WORD_EXPLAINERS)
