"""Questions about one image as one HTML file that asks for nothing outside itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from vqax.files import write_text
from vqax.report.html import filled
from vqax.report.numbers import number
from vqax.report.one_image import (
    HOW_TO_READ,
    Explained,
    method_meaning,
    method_name,
    percent,
    unsure,
)
from vqax.report.one_image_maps import framed, lay_over, map_title
from vqax.report.overlay import colour_scale, data_uri

LONGEST_PX = 380


@dataclass(frozen=True, slots=True)
class Figure:
    """A map laid over the image, as an address, with its name and its meaning."""

    image: str
    name: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a question with their score: text, number, width in per cent, side."""

    name: str
    meaning: str
    rows: tuple[tuple[str, str, float, str], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """What the page shows of one question."""

    explained: Explained
    top5: tuple[tuple[str, float, str], ...]
    probability: str
    unsure: Sequence[tuple[str, str, str]]
    figures: tuple[Figure, ...]
    words: tuple[Words, ...]


def write_page(path: Path, questions: Sequence[Explained], facts: Mapping[str, str]) -> None:
    """Write the page whole or not at all.

    Raises:
        BadData: a map is not finite, or the file cannot be written.
    """
    write_text(path, render_page(questions, facts))


def render_page(questions: Sequence[Explained], facts: Mapping[str, str]) -> str:
    """The page as text; all ``questions`` are about one image, ``facts`` say how it was made."""
    image = framed(questions[0].image, LONGEST_PX)
    return filled(
        "one_image.html.j2",
        title=questions[0].question if len(questions) == 1 else f"{len(questions)} questions",
        image=data_uri(image),
        size_px=image.size,
        sections=[_section(explained) for explained in questions],
        facts=facts,
        how_to_read=HOW_TO_READ,
        colour_scale=data_uri(colour_scale()),
    )


def render_section(explained: Explained) -> str:
    """What a page of many images shows of one question, its image among it: a part of a page.

    Raises:
        BadData: a map is not finite.
    """
    image = framed(explained.image, LONGEST_PX)
    return filled(
        "one_image_section.html.j2",
        section=_section(explained),
        heading="h2",
        image=data_uri(image),
        size_px=image.size,
        colour_scale=data_uri(colour_scale()),
    )


def write_album(
    path: Path,
    title: str,
    sections: Sequence[tuple[str, str]],
    *,
    skipped: Sequence[tuple[str, str]],
    facts: Mapping[str, str],
) -> None:
    """One page of many images: (name, what ``render_section`` made) of each question.

    ``skipped`` are (name, reason) of those that could not be answered.

    Raises:
        BadData: the file cannot be written.
    """
    page = filled(
        "album.html.j2",
        title=title,
        sections=[(name, Markup(section)) for name, section in sections],
        skipped=skipped,
        facts=facts,
        how_to_read=HOW_TO_READ,
    )
    write_text(path, page)


def _section(explained: Explained) -> Section:
    image = framed(explained.image, LONGEST_PX)
    return Section(
        explained=explained,
        top5=tuple((text, round(100 * share, 2), percent(share)) for text, share in explained.top5),
        probability=percent(explained.probability),
        unsure=unsure(explained),
        figures=tuple(
            Figure(
                data_uri(lay_over(image, raw_map)),
                map_title(method, raw_map),
                method_meaning(method),
            )
            for method, raw_map in explained.maps.items()
        ),
        words=tuple(_words(explained, method) for method in explained.word_scores),
    )


def _words(explained: Explained, method: str) -> Words:
    """Widths are relative to the strongest word of this method."""
    scores = [float(score) for score in explained.word_scores[method]]
    strongest = max((abs(score) for score in scores), default=0.0) or 1.0
    rows = (
        (word, number(score, 3), round(100 * abs(score) / strongest, 1), _side(score))
        for word, score in zip(explained.words, scores, strict=True)
    )
    return Words(method_name(method), method_meaning(method), tuple(rows))


def _side(score: float) -> str:
    return "against" if score < 0 else "for"
