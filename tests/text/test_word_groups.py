import pytest

from vqax.text.word_groups import FREQUENT, KIND_OF, KINDS, frequent_tags


def test_the_paper_names_the_wh_words() -> None:
    assert {"WDT", "WP", "WRB"} <= set(KINDS["wh-words"])
    assert FREQUENT == 15


def test_no_tag_has_two_kinds() -> None:
    assert len(KIND_OF) == sum(len(tags) for tags in KINDS.values())


@pytest.mark.parametrize(
    ("count", "kept"), [(1, ("NN",)), (2, ("NN", "DT")), (9, ("NN", "DT", "JJ"))]
)
def test_frequent_tags_are_in_order_and_ties_by_name(count: int, kept: tuple[str, ...]) -> None:
    assert frequent_tags(["JJ", "NN", "DT", "NN", "XX", "XX", "XX"], count) == kept


def test_no_words_no_tags() -> None:
    assert frequent_tags([]) == ()
