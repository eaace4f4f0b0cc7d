"""Explorers as files: one page, or several parts where one would become too large."""

from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup
from matplotlib import colormaps

from vqax.files import write_text
from vqax.report.explorer.content import ExplorerContent
from vqax.report.explorer.data import blocks, columns, image_ids, in_script
from vqax.report.explorer.eight_bit import base64_of
from vqax.report.explorer.measures import measures
from vqax.report.html import TEMPLATES, policy
from vqax.report.overlay import COLOUR_MAP, OPACITY, data_uri, thumbnail

PAGE = Path(__file__).parent / "page"
SCRIPTS = ("data", "state", "choose", "draw", "cards", "controls", "start")
"""In this order: each names only what stands before it, and all are one script of the page."""

LONGEST_PX, QUALITY = 160, 50
MEGABYTE = 1_000_000
TEXT_BYTES = 160, 60
"""About what a question costs beside image and maps: its own texts, and each run's numbers."""


class Part(NamedTuple):
    """One page of several: its number, file, first and last question."""

    number: int
    file: str
    first: int
    last: int


def write_explorer(
    folder: Path, name: str, content: ExplorerContent, *, megabytes: float = 12.0, report: str = ""
) -> list[Path]:
    """Write ``name``.html, and name.part2.html … where a page would be larger than ``megabytes``.

    ``report`` is the address of the report, as seen from ``folder``.

    Raises:
        BadData: an image cannot be read, or the folder cannot be written.
    """
    images = {image: _thumbnail(content, image) for image in image_ids(content)}
    starts = part_starts(content, images, int(megabytes * MEGABYTE))
    parts = [
        Part(number, _file(name, number), first + 1, last)
        for number, (first, last) in enumerate(pairwise(starts), start=1)
    ]
    for old in folder.glob(f"{name}.part*.html"):
        old.unlink()
    for part in parts:
        page = render(content, images, part, parts, report)
        write_text(folder / part.file, page)
    return [folder / part.file for part in parts]


def render(
    content: ExplorerContent,
    images: dict[int, str],
    part: Part,
    parts: list[Part],
    report: str,
) -> str:
    """One page as text; the same content gives the same text."""
    shown = content.part(part.first - 1, part.last)
    script = page_script()
    return _template().render(
        content=content,
        part=part,
        parts=parts,
        report=report,
        total=len(content.questions),
        policy=policy(script),
        script=Markup(script),
        data=Markup(in_script(columns(shown, measures(content)))),
        images=Markup(in_script([images[image] for image in image_ids(shown)])),
        blocks=blocks(shown),
        palette=palette(),
    )


def part_starts(content: ExplorerContent, images: dict[int, str], limit: int) -> list[int]:
    """Where each part begins, and the end of the last; an image may be in two neighbours."""
    cells = sum(maps[0].size for run in content.runs for maps in run.maps.values() if len(maps))
    cells += content.human_maps[0].size if len(content.human_maps) else 0
    each = TEXT_BYTES[0] + TEXT_BYTES[1] * len(content.runs) + cells * 4 // 3
    starts, size, seen = [0], 0, set[int]()
    for place, image in enumerate(map(int, content.questions["image_id"])):
        cost = each + (0 if image in seen else len(images[image]))
        if size + cost > limit and place > starts[-1]:
            starts.append(place)
            size, seen = 0, set()
            cost = each + len(images[image])
        size += cost
        seen.add(image)
    return [*starts, len(content.questions)]


def page_script() -> str:
    """The page's one script, from the files of ``SCRIPTS``."""
    parts = [(PAGE / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS]
    return '(() => {\n"use strict";\n' + "".join(parts) + "})();\n"


def palette() -> str:
    """The colour and opacity (0 to 255) of each of 256 steps, in base64: 1,024 bytes."""
    colours = colormaps[COLOUR_MAP](np.arange(256), bytes=True)
    low, high = OPACITY
    colours[:, 3] = np.rint(255 * np.linspace(low, high, 256))
    return base64_of(colours)


def _thumbnail(content: ExplorerContent, image: int) -> str:
    return data_uri(thumbnail(content.open_image(image), LONGEST_PX), QUALITY)


def _file(name: str, number: int) -> str:
    return f"{name}.html" if number == 1 else f"{name}.part{number}.html"


def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader([PAGE, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("explorer.html.j2")
