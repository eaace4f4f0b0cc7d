"""The explorer in a real browser: what it shows, filters, sorts, saves and asks for."""

import csv
import io
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest

from tests.browser import lightness, opened, screen, violations, width_of
from tests.report.explorer.sample import GRID, explorer_content
from tests.report.sample import HOSTILE
from vqax.report.explorer import ExplorerContent, write_explorer
from vqax.report.explorer.eight_bit import eight_bit


@pytest.fixture(scope="module")
def content() -> ExplorerContent:
    return explorer_content()


@pytest.fixture(scope="module")
def address(content: ExplorerContent, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("explorer")
    return write_explorer(folder, "scenes", content, report="../report.html")[0].as_uri()


def at(address: str, **state: object) -> str:
    return f"{address}#{urlencode(state)}"


def ids(browser: Any) -> list[int]:
    """The questions shown, once all of them were scrolled to."""
    for _ in range(100):
        browser.execute_script("scrollTo(0, document.body.scrollHeight)")
        if browser.execute_script("return !document.getElementById('end').hidden"):
            break
        time.sleep(0.02)
    cards = "return [...document.querySelectorAll('article')].map((card) => +card.id.slice(1))"
    return list(browser.execute_script(cards))


def choose(browser: Any, name: str, value: str) -> None:
    browser.execute_script(
        "const field = document.forms[0].elements.namedItem(arguments[0]);"
        "if (field.type === 'checkbox') field.checked = Boolean(arguments[1]);"
        "else field.value = arguments[1];"
        "field.dispatchEvent(new Event('input', {bubbles: true}))",
        name,
        value,
    )


def matching(content: ExplorerContent, mask: Any) -> list[int]:
    return content.questions.loc[np.asarray(mask), "question_id"].tolist()


def test_it_opens_without_a_complaint_and_asks_for_nothing_else(browser, address):
    console, requests = opened(browser, address)
    assert console == []
    assert [url for url in requests if url != address and not url.startswith("data:")] == []


def test_text_from_data_is_shown_and_not_run(browser, address):
    opened(browser, address)
    assert browser.find_element("css selector", "article h2").text == HOSTILE
    assert browser.title == "Certainty-guided attention: all test questions"


def test_all_questions_come_as_they_are_scrolled_to(browser, address, content):
    opened(browser, address)
    first = len(browser.find_elements("css selector", "article"))
    assert first < len(content.questions)
    assert ids(browser) == content.questions["question_id"].tolist()


def test_a_canvas_holds_the_maps_cells_in_the_colours_of_the_report(browser, address, content):
    opened(browser, address)
    drawn = browser.execute_script(
        "const canvas = document.querySelector('canvas[data-drawn]');"
        "const {width, height} = canvas;"
        "return [width, height, "
        "[...canvas.getContext('2d').getImageData(0, 0, width, height).data]]"
    )
    assert drawn[:2] == [GRID[1], GRID[0]]
    rgba = np.array(drawn[2]).reshape(-1, 4)
    cells = eight_bit(content.runs[1].maps["attention"])[0].ravel().astype(float)
    assert rgba[:, 3].min() >= 76  # .3 of 255, the opacity of the lowest place
    assert np.corrcoef(rgba[:, 3], cells)[0, 1] > 0.999


def test_maps_are_drawn_only_where_they_come_into_view(browser, tmp_path):
    path = write_explorer(tmp_path, "tall", explorer_content(questions=80))[0]
    opened(browser, path.as_uri())
    drawn, all_of_them = browser.execute_script(
        "return [document.querySelectorAll('canvas[data-drawn]').length,"
        " document.querySelectorAll('canvas').length]"
    )
    assert 0 < drawn < all_of_them


def test_filters_keep_what_they_say(browser, address, content):
    questions, runs = content.questions, {run.name: run.answers for run in content.runs}
    opened(browser, at(address, type="number"))
    assert ids(browser) == matching(content, questions["answer_type"] == "number")
    opened(browser, at(address, kind="is there"))
    assert ids(browser) == matching(content, questions["question_type"] == "is there")
    opened(browser, at(address, differ=1))
    differ = runs["run_1"]["answer"] != runs["run_0"]["answer"]
    assert ids(browser) == matching(content, differ)
    opened(browser, at(address, **{"is.run_2": "wrong", "is.run_0": "right"}))
    outcome = (runs["run_2"]["accuracy_official"] == 0) & (runs["run_0"]["accuracy_official"] == 1)
    assert ids(browser) == matching(content, outcome)


@pytest.mark.parametrize(
    ("low", "high", "menu", "measure"),
    [("ul", "uh", "u", "entropy"), ("gl", "gh", "g", "attention_rank_correlation")],
)
def test_quantiles_are_those_of_run_a(browser, address, content, low, high, menu, measure):
    opened(browser, at(address, **{menu: measure, low: 50, high: 90}))
    values = content.runs[1].answers[measure].map(lambda value: float(f"{value:.4g}"))
    place = 100 * (values.rank(method="average") - 1) / (len(values) - 1)
    assert ids(browser) == matching(content, (place >= 50) & (place <= 90))


def test_the_search_looks_into_questions_and_answers(browser, address, content):
    opened(browser, address)
    choose(browser, "text", "KITE")
    time.sleep(0.3)
    expected = matching(content, content.questions["question"].str.contains("kite"))
    assert ids(browser) == expected
    assert expected


def test_the_difference_of_two_runs_comes_largest_first(browser, address, content):
    measure = "attention_rank_correlation"
    opened(browser, at(address, a="run_2", b="run_0", sort=f"d:{measure}"))
    first, second = (content.runs[i].answers[measure] for i in (2, 0))
    order = (first - second).abs().sort_values(ascending=False).index
    assert ids(browser) == content.questions.loc[order, "question_id"].tolist()
    text = browser.find_element("css selector", ".facts").text.replace("−", "-")
    assert f"{(first - second)[order[0]]:+.2f}" in text


def test_a_view_is_its_address(browser, address):
    opened(browser, address)
    choose(browser, "type", "other")
    choose(browser, "b", "run_2")
    choose(browser, "bm", "grad_cam")
    choose(browser, "sort", "l:entropy")
    shown, permalink = ids(browser), browser.current_url
    captions = browser.find_element("css selector", ".looks").text
    assert "Grad-CAM" in captions
    opened(browser, permalink)
    assert ids(browser) == shown
    assert browser.find_element("css selector", ".looks").text == captions


def test_a_question_has_an_address_of_its_own_and_all_come_back(browser, address, content):
    opened(browser, at(address, a="run_2"))
    browser.find_elements("css selector", ".facts a")[3].click()
    assert ids(browser) == [103]
    assert "A: Run 2" in browser.find_element("css selector", ".looks").text
    browser.find_element("id", "reset").click()
    assert len(ids(browser)) == len(content.questions)


def test_a_name_in_an_address_that_no_run_bears_shows_the_first_pair(browser, address):
    console, _ = opened(browser, at(address, a="no such run", sort="d:nothing"))
    assert console == []
    assert "A: Run 1" in browser.find_element("css selector", ".looks").text


def test_opacity_changes_the_maps_and_not_the_pictures(browser, address):
    opened(browser, at(address, o=20))
    opacity = "return getComputedStyle(document.querySelector(arguments[0])).opacity"
    assert browser.execute_script(opacity, ".look canvas") == "0.2"
    assert browser.execute_script(opacity, ".look img") == "1"


def test_the_selection_is_saved_as_csv(browser, address, content, tmp_path: Path):
    allow = {"behavior": "allow", "downloadPath": str(tmp_path)}
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", allow)
    opened(browser, at(address, type="yes/no"))
    browser.find_element("id", "export").click()
    path = tmp_path / "questions.csv"
    for _ in range(200):
        if path.exists() and path.stat().st_size:
            break
        time.sleep(0.02)
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    expected = content.questions["answer_type"] == "yes/no"
    assert [int(row["question_id"]) for row in rows] == matching(content, expected)
    answers = content.runs[2].answers
    assert [row["run_2_answer"] for row in rows] == answers.loc[expected, "answer"].tolist()
    np.testing.assert_allclose(
        [float(row["run_2_entropy"]) for row in rows], answers.loc[expected, "entropy"], rtol=1e-3
    )
    assert rows[0]["run_0_accuracy_official"] in {"0", "0.3", "1"}


def test_the_count_names_the_accuracy_of_both_runs_on_the_selection(browser, address, content):
    opened(browser, at(address, kind="how many"))
    chosen = content.questions["question_type"] == "how many"
    first = 100 * content.runs[1].answers.loc[chosen, "accuracy_official"].mean()
    text = browser.find_element("id", "count").text
    assert text.startswith(f"{int(chosen.sum())} of {len(content.questions)} questions")
    assert f"Run 1 {first:.1f} %" in text


def test_it_can_be_worked_with_the_keyboard(browser, address):
    from selenium.webdriver.common.keys import Keys

    opened(browser, address)
    browser.switch_to.active_element.send_keys(Keys.TAB)
    assert browser.switch_to.active_element.text == "Skip to the questions"
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    assert browser.switch_to.active_element.get_attribute("id") == "questions"
    browser.find_element("name", "type").send_keys("number")
    assert "type=number" in browser.current_url


@pytest.mark.parametrize("width", [1440, 1024, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_the_screen_and_everybody_can_use_it(browser, address, width, scheme):
    with screen(browser, width, scheme=scheme):
        opened(browser, address)
        browser.execute_script(
            "for (const d of document.querySelectorAll('details')) d.open = true"
        )
        assert width_of(browser) <= width
        ground, ink = lightness(browser), lightness(browser, "color")
        assert (ground > ink) == (scheme == "light")
        assert violations(browser) == []


def test_a_single_run_is_both_a_and_b(browser, tmp_path):
    path = write_explorer(tmp_path, "one", explorer_content(runs=1))[0]
    console, _ = opened(browser, path.as_uri())
    assert console == []
    assert len(ids(browser)) == 30
