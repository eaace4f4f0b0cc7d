"""The gallery's cards: images drawn, numbers turned into text."""

from collections import Counter
from dataclasses import dataclass

from PIL import Image

from vqax.report.content import ReportContent
from vqax.report.gallery import GalleryItem, RunAnswer
from vqax.report.labels import METHODS
from vqax.report.numbers import number, readable
from vqax.report.overlay import data_uri, has_evidence, overlay, thumbnail

UNCERTAINTIES = ("entropy", "aleatoric", "epistemic", "predictive")


@dataclass(frozen=True, slots=True)
class RunPanel:
    """What a card shows of one run."""

    label: str
    map_label: str
    image: str
    answer: str
    mark: str
    symbol: str
    accuracy: str
    top5: tuple[tuple[str, float, str], ...]
    uncertainties: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Card:
    """One question of the gallery."""

    item: GalleryItem
    image: str
    size_px: tuple[int, int]
    human_image: str
    votes: tuple[tuple[str, int], ...]
    panels: tuple[RunPanel, ...]


def cards(content: ReportContent) -> list[Card]:
    return [_card(item, content) for item in content.gallery]


def _card(item: GalleryItem, content: ReportContent) -> Card:
    photograph = thumbnail(item.image)
    human = "" if item.human_map is None else data_uri(overlay(photograph, item.human_map))
    return Card(
        item=item,
        image=data_uri(photograph),
        size_px=photograph.size,
        human_image=human,
        votes=tuple(Counter(item.human_answers).most_common()),
        panels=tuple(_panel(answer, photograph, content) for answer in item.answers),
    )


def _panel(answer: RunAnswer, photograph: Image.Image, content: ReportContent) -> RunPanel:
    mark, symbol = _mark(answer.accuracy)
    image = "" if answer.raw_map is None else data_uri(overlay(photograph, answer.raw_map))
    return RunPanel(
        label=content.label(answer.run),
        map_label=_map_label(answer),
        image=image,
        answer=answer.answer,
        mark=mark,
        symbol=symbol,
        accuracy=number(100 * answer.accuracy, 0),
        top5=tuple(
            (text, round(100 * probability, 2), number(100 * probability, 0))
            for text, probability in answer.top5
        ),
        uncertainties=tuple(
            (name, readable(float(getattr(answer, name)))) for name in UNCERTAINTIES
        ),
    )


def _map_label(answer: RunAnswer) -> str:
    name = METHODS.get(answer.method, answer.method)
    if answer.raw_map is None:
        return "no map"
    if not has_evidence(answer.raw_map):
        return f"{name}: nothing stands out"
    return name[0].upper() + name[1:]


def _mark(accuracy: float) -> tuple[str, str]:
    if accuracy >= 1.0:
        return "right", "✓"
    return ("partly", "◐") if accuracy > 0.0 else ("wrong", "✗")
