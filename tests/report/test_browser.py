"""The report in a real browser: what it shows, what it runs, and what it asks for."""

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.browser import lightness, opened, screen, violations, width_of
from tests.report.sample import HOSTILE
from vqax.report.html import render

LONGEST_PX = 12_000


@pytest.fixture(scope="module")
def address(page: str, tmp_path_factory) -> str:
    return write(page, tmp_path_factory.mktemp("report"))


def write(page: str, folder: Path) -> str:
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    return path.as_uri()


def unfold(browser) -> None:
    browser.execute_script("for (const d of document.querySelectorAll('details')) d.open = true")


def test_it_opens_without_a_complaint_and_asks_for_nothing_else(browser, address):
    console, requests = opened(browser, address)
    assert console == []
    assert address in requests
    assert [url for url in requests if url != address and not url.startswith("data:")] == []


def test_every_picture_is_there(browser, address, content):
    opened(browser, address)
    unfold(browser)
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
def test_the_page_fits_the_screen_and_everybody_can_use_it(browser, address, width, scheme):
    with screen(browser, width, scheme=scheme):
        opened(browser, address)
        unfold(browser)
        assert width_of(browser) <= width
        assert violations(browser) == []
        ground, ink = lightness(browser), lightness(browser, "color")
        assert (ground > ink) == (scheme == "light")
        assert abs(ground - ink) > 180


def test_it_works_with_scripts_off(browser, address, content):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        opened(browser, address)
        assert len(browser.find_elements("css selector", ".card")) == len(content.gallery)
        assert browser.find_element("css selector", "table.forest").is_displayed()
        for section, inside in (("gallery", ".card h3"), ("tables", "table.headline")):
            assert not browser.find_element("css selector", inside).is_displayed()
            browser.find_element("css selector", f"#{section} summary").send_keys("\n")
            assert browser.find_element("css selector", inside).is_displayed()
        assert not browser.find_element("id", "theme").is_displayed()
        assert not browser.find_element("id", "filters").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_the_filter_hides_cards_and_counts_them(browser, address, content):
    opened(browser, f"{address}#gallery")
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
        "return rows.map((row) => row.cells[2].querySelector('a').textContent)"
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


def test_the_report_is_no_longer_than_a_reader_scrolls(browser, address):
    with screen(browser, 1440):
        opened(browser, address)
        height = browser.execute_script("return document.documentElement.scrollHeight")
    assert height <= LONGEST_PX


def test_an_address_inside_a_folded_section_opens_it(browser, address):
    opened(browser, f"{address}#table2")
    assert browser.find_element("id", "table2").is_displayed()
    browser.find_element("css selector", "nav a[href='#provenance']").click()
    assert browser.find_element("css selector", "#provenance pre").is_displayed()
    assert not browser.find_element("css selector", "#training .curves").is_displayed()


def test_headings_are_one_h1_and_no_head_of_a_table_is_empty(browser, address):
    opened(browser, address)
    unfold(browser)
    assert len(browser.find_elements("tag name", "h1")) == 1
    texts = "return [...document.querySelectorAll('th')].map((th) => th.textContent.trim())"
    assert "" not in browser.execute_script(texts)
    without = "return [...document.querySelectorAll('table')].filter((t) => !t.caption).length"
    assert browser.execute_script(without) == 0


def copied(browser, name: str, form: str) -> str:
    """What a button under a table puts on the clipboard."""
    browser.execute_script(
        "const [name, format] = arguments;"
        "navigator.clipboard.writeText = async (text) => { window.copied = text; };"
        "const tables = [...document.querySelectorAll('table')];"
        "const table = tables.find((one) => one.dataset.name === name);"
        "const bar = table.closest('.scroll').nextElementSibling;"
        "bar.querySelector(`button[data-format=${format}]`).click()",
        name,
        form,
    )
    return browser.execute_script("return window.copied")


def test_every_table_can_be_copied(browser, address):
    opened(browser, address)
    tables = browser.execute_script(
        "return [...document.querySelectorAll('table')].map((table) => "
        "[table.dataset.name, table.rows.length])"
    )
    assert len({name for name, _ in tables}) == len(tables)
    for name, _ in tables:
        assert copied(browser, name, "CSV").count("\n") >= 2
        assert "\\toprule" in copied(browser, name, "LaTeX")


def test_a_table_is_copied_as_csv_with_its_intervals(browser, address, content):
    opened(browser, address)
    rows = list(csv.reader(io.StringIO(copied(browser, "ucam/II", "CSV"))))
    assert rows[0][0] == "Row of the paper"
    assert rows[0][-1] == "Other, reported"
    row = next(row for row in rows if row[0].startswith("P-GCA"))
    assert re.fullmatch(r"\d\d\.\d \[\d\d\.\d, \d\d\.\d\]", row[1])
    assert row[-4:] == ["66.5", "84.7", "38.4", "55.9"]
    assert len({len(row) for row in rows}) == 1


def test_latex_has_booktabs_a_label_the_best_in_bold_and_a_mark(browser, content, tmp_path):
    seeds = {"seeds_a": 3, "seeds_b": 3, "seed_df": 8, "ci_low": 0.01, "ci_high": 0.05}
    several = replace(
        content, headline=content.headline.assign(seeds=3), pairs=content.pairs.assign(**seeds)
    )
    opened(browser, write(render(several), tmp_path))
    text = copied(browser, "ucam/II", "LaTeX")
    for part in ("\\toprule", "\\midrule", "\\bottomrule", "\\label{tab:ucam-II}", "\\caption{"):
        assert part in text
    body = text.split("\\midrule")[1].splitlines()
    best = next(line for line in body if line.startswith("P-GCA"))
    assert best.split(" & ")[1].startswith("\\textbf{")
    assert "$^{*}$" in next(line for line in body if line.startswith("Baseline")).split(" & ")[1]
    assert "%" not in text.replace("\\%", "")


def test_below_three_trainings_nothing_is_bold_or_coloured_as_a_verdict(browser, address):
    opened(browser, address)
    coloured = (
        "return document.querySelectorAll('.best, .differs, .verdict.better, .verdict.worse,"
        " .interval.better, .interval.worse, .forest .better, .forest .worse').length"
    )
    assert browser.execute_script(coloured) == 0


def test_a_pair_leads_to_the_questions_behind_its_difference(browser, address):
    opened(browser, address)
    links = (
        "return [...document.querySelectorAll('.forest td a')].map((a) => a.getAttribute('href'))"
    )
    first = browser.execute_script(links)[0]
    assert first == "browse/scenes_v1.html#a=mcb_pgca&b=mcb&sort=d%3Aaccuracy_official"
    row = browser.find_element("css selector", "table.headline tbody th a").get_attribute("href")
    assert row.endswith("browse/scenes_v1.html#a=lstm_qi")


def test_it_can_be_worked_with_the_keyboard(browser, address):
    from selenium.webdriver.common.keys import Keys

    opened(browser, address)
    browser.switch_to.active_element.send_keys(Keys.TAB)
    assert browser.switch_to.active_element.text == "Skip to the answer"
    summary = browser.find_element("css selector", "#tables summary")
    summary.send_keys(Keys.ENTER)
    assert browser.find_element("css selector", "table.headline").is_displayed()
    head = browser.find_element("css selector", "table.headline th button")
    head.send_keys(Keys.ENTER)
    assert head.find_element("xpath", "..").get_attribute("aria-sort") == "descending"
