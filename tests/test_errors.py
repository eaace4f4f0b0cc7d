"""Messages name what a user wrote, however long it is, in a bounded number of characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqax.errors import LONGEST, BadData, UsageError, VqaxError, bounded, listed, shown


def test_file_and_remedy_of_a_long_message_stay() -> None:
    text = str(BadData(f"a.json: has {'x' * 100_000}; write it again"))
    assert text.startswith("a.json: has xxx")
    assert text.endswith("xxx; write it again")
    assert "characters left out" in text
    assert len(text) < LONGEST


def test_every_line_of_a_list_of_mistakes_stays() -> None:
    text = str(UsageError("\n".join(["params.yaml: 500 mistakes", *["one" * 100] * 500])))
    assert text.count("\n") == 500
    assert "left out" not in text


@given(st.text(max_size=3 * LONGEST))
def test_no_line_is_longer(line: str) -> None:
    assert len(bounded(line)) <= LONGEST
    assert bounded(line) == line or len(line) > LONGEST
    assert str(VqaxError("short")) == "short"


@pytest.mark.parametrize(
    "value", ["x" * 10_000, ["x" * 10_000] * 1000, {k: k for k in range(10_000)}, b"x" * 10_000]
)
def test_a_long_value_is_shortened(value: object) -> None:
    assert len(shown(value)) <= 200
    assert shown([1, 2.5, "a", None]) == repr([1, 2.5, "a", None])


def test_names_are_counted() -> None:
    assert listed(()) == "none"
    assert listed(["a", 2]) == "a, 2"
    assert listed(range(4000), limit=3) == "0, 1, 2 and 3,997 more"
    assert listed({"a": 1, "b": 2}.keys(), limit=1) == "a and 1 more"
