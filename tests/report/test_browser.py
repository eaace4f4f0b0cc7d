"""The report in a real browser: what it shows, what it runs, and what it asks for."""

from pathlib import Path

import pytest

from tests.browser import lightness, opened, screen, width_of
from tests.report.sample import HOSTILE


@pytest.fixture(scope="module")
def address(page: str, tmp_path_factory) -> str:
    return write(page, tmp_path_factory.mktemp("report"))


def write(page: str, folder: Path) -> str:
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    return path.as_uri()


def test_it_opens_without_a_complaint_and_asks_for_nothing_else(browser, address):
    console, requests = opened(browser, address)
    assert console == []
    assert address in requests
    assert [url for url in requests if url != address and not url.startswith("data:")] == []


def test_every_picture_is_there(browser, address, content):
    opened(browser, address)
    widths = browser.execute_script("return [...document.images].map((i) => i.naturalWidth)")
    assert len(widths) == 1 + len(content.gallery) * 8
    assert min(widths) > 0


def test_text_from_data_is_shown_and_not_run(browser, address, content):
    opened(browser, address)
    assert browser.title == content.title
    headings = browser.execute_script(
        "return [...document.querySelectorAll('.card h3')].map((h) => h.textContent)"
    )
    assert headings[0] == HOSTILE


def test_even_unescaped_text_could_not_run_and_the_console_would_tell(
    browser, page, content, tmp_path
):
    escaped = HOSTILE.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    escaped = escaped.replace("'", "&#39;").replace('"', "&#34;")
    assert page.count(f"<h3>{escaped}</h3>") == 1
    broken = page.replace(f"<h3>{escaped}</h3>", f"<h3>{HOSTILE}<img src=https://x.invalid/></h3>")
    console, requests = opened(browser, write(broken, tmp_path))
    assert browser.title == content.title
    assert any("Content Security Policy" in message for message in console)
    assert requests["https://x.invalid/"] == "csp"


@pytest.mark.parametrize("width", [1440, 1024, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_the_screen_and_follows_the_theme(browser, address, width, scheme):
    with screen(browser, width, scheme=scheme):
        opened(browser, address)
        assert width_of(browser) <= width
        ground, ink = lightness(browser), lightness(browser, "color")
        assert (ground > ink) == (scheme == "light")
        assert abs(ground - ink) > 180


def test_it_works_with_scripts_off(browser, address, content):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        opened(browser, address)
        assert len(browser.find_elements("css selector", ".card")) == len(content.gallery)
        assert browser.find_element("css selector", ".card h3").is_displayed()
        assert browser.find_element("css selector", "table.headline").is_displayed()
        assert not browser.find_element("id", "theme").is_displayed()
        assert not browser.find_element("id", "filters").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_the_filter_hides_cards_and_counts_them(browser, address, content):
    opened(browser, address)
    reason = content.gallery[0].reason
    browser.execute_script(
        "const s = document.querySelector('select[name=reason]'); s.value = arguments[0];"
        "s.dispatchEvent(new Event('change'))",
        reason,
    )
    expected = [item.question_id for item in content.gallery if item.reason == reason]
    cards = browser.find_elements("css selector", ".card")
    shown = [int(c.get_attribute("id")[1:]) for c in cards if c.is_displayed()]
    assert 0 < len(expected) < len(content.gallery)
    assert shown == expected
    count = browser.find_element("id", "shown").text
    assert count == f"{len(expected)} of {len(content.gallery)} questions"


def test_a_click_on_a_heading_sorts_by_number(browser, address):
    opened(browser, address)
    table = browser.find_element("css selector", "table.pairs")
    button = table.find_elements("css selector", "thead th")[2].find_element("tag name", "button")
    column = (
        "const rows = [...arguments[0].tBodies[0].rows];"
        "return rows.map((row) => row.cells[2].querySelector('b').textContent)"
    )
    for descending in (True, False):
        browser.execute_script("arguments[0].click()", button)
        values = [float(text.replace("−", "-")) for text in browser.execute_script(column, table)]
        assert len(set(values)) > 3
        assert values == sorted(values, reverse=descending)


def test_the_theme_button_overrides_the_system(browser, address):
    opened(browser, address)
    before = lightness(browser)
    browser.execute_script("document.getElementById('theme').click()")
    assert abs(lightness(browser) - before) > 100


def test_printing_opens_what_is_folded_and_uses_light_colours(browser, address):
    opened(browser, address)
    with screen(browser, 1280, scheme="dark", media="print"):
        assert lightness(browser) > 250
        assert not browser.find_element("tag name", "nav").is_displayed()
        browser.execute_script("dispatchEvent(new Event('beforeprint'))")
        folded = "return document.querySelectorAll('details.print:not([open])').length"
        assert browser.execute_script(folded) == 0
