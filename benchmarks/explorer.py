"""An explorer of 1,500 questions, each with its own image, by 6 runs with two maps each.

Its size, and in headless Chromium when something and when the first questions are painted, beside
the same page without its images and maps: the ratio is what all of them cost a reader.
"""

import re
import statistics
import tempfile
from pathlib import Path
from typing import Any

from tests.browser import chromium
from tests.report.explorer.sample import explorer_content
from vqax.report.explorer import write_explorer

ROUNDS = 5
LARGEST_MEGABYTES, LATEST_MS = 12.0, 1500.0


def paints(browser: Any, address: str) -> tuple[float, float]:
    """Milliseconds from the start of the load to the first paint, and to the first questions."""
    browser.get("about:blank")
    browser.get(address)
    return tuple(
        browser.execute_script(
            "const first = performance.getEntriesByName('first-contentful-paint')[0];"
            "return [first.startTime, performance.getEntriesByName('shown')[0].startTime]"
        )
    )


def without_maps(page: str) -> str:
    """The page with neither images nor maps; its script still lists and filters."""
    return re.sub(r'(data-maps="[^"]+">)[^<]+', r"\1", re.sub(r"data:image[^\"]+", "data:,", page))


def main() -> None:
    content = explorer_content(
        1500, 6, images=1500, size_px=(448, 336), grid=(14, 14), human=(14, 14)
    )
    with tempfile.TemporaryDirectory() as name, chromium(Path(name) / "profile") as browser:
        folder = Path(name)
        (page,) = write_explorer(folder, "all", content)
        bare = folder / "bare.html"
        bare.write_text(without_maps(page.read_text(encoding="utf-8")), encoding="utf-8")
        megabytes = page.stat().st_size / 1e6
        print(f"{megabytes:5.1f} MB (at most {LARGEST_MEGABYTES:g})")
        times = [
            (paints(browser, page.as_uri()), paints(browser, bare.as_uri())) for _ in range(ROUNDS)
        ]
    limit = f"at most {LATEST_MS:.0f}"
    for i, what in enumerate(("first paint", "first questions")):
        full, empty = (statistics.median(pair[side][i] for pair in times) for side in (0, 1))
        print(f"{what:16s} {full:6.0f} ms ({limit}), {full / empty:.2f} x without maps")


if __name__ == "__main__":
    main()
