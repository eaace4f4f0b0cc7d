"""A headless Chromium for tests of pages: what they show, run and ask for, and who can use them."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = [
    *["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
    *["--disable-background-networking", "--disable-component-update", "--disable-sync"],
    "--window-size=1280,900",
]


@contextmanager
def chromium(profile: Path) -> Iterator[Any]:
    """A browser that logs its console and its requests; the test skips where there is none."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    binary = shutil.which("chromium") or shutil.which("chromium-browser")
    driver = shutil.which("chromedriver")
    if not binary or not driver:
        pytest.skip("no system Chromium with chromedriver on this machine")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in [*FLAGS, f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.chrome.service.Service(driver)
    chrome = webdriver.Chrome(options=options, service=service)
    chrome.set_page_load_timeout(60)
    try:
        yield chrome
    finally:
        chrome.quit()


def opened(browser: Any, address: str) -> tuple[list[str], dict[str, str]]:
    """Console messages of a fresh load; requested addresses, each with what blocked it."""
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(address)
    console = [entry["message"] for entry in browser.get_log("browser")]
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [e["params"] for e in events if e["method"] == "Network.requestWillBeSent"]
    failed = [e["params"] for e in events if e["method"] == "Network.loadingFailed"]
    blocked = {event["requestId"]: event.get("blockedReason", "") for event in failed}
    return console, {e["request"]["url"]: blocked.get(e["requestId"], "") for e in sent}


@contextmanager
def screen(
    browser: Any, width: int, *, scheme: str = "light", media: str = "", height: int = 900
) -> Iterator[None]:
    """A window of ``width`` px, with a colour scheme, on screen or in print."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})
    try:
        yield
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})


def width_of(browser: Any) -> int:
    return int(browser.execute_script("return document.documentElement.scrollWidth"))


def lightness(browser: Any, part: str = "backgroundColor") -> float:
    """The mean of red, green and blue of the page's ground (or ``color``), 0 to 255."""
    rgb = browser.execute_script("return getComputedStyle(document.body)[arguments[0]]", part)
    return sum(map(int, rgb.removeprefix("rgb(").removesuffix(")").split(","))) / 3


def violations(browser: Any) -> list[str]:
    """What axe-core finds on the open page, a line each with the place; the test skips without it.

    The page's policy forbids foreign scripts; the driver's own are let in by the browser.
    """
    if not AXE.exists():
        pytest.skip(f"{AXE}: no axe-core; `npm ci --prefix tests/browser` installs it")
    browser.execute_script(AXE.read_text(encoding="utf-8"))
    result = browser.execute_async_script(
        "const done = arguments[0]; axe.run({resultTypes: ['violations']}).then(done)"
    )
    return [
        f"{found['id']} ({found['impact']}): {node['html'][:160]}"
        for found in result["violations"]
        for node in found["nodes"]
    ]
