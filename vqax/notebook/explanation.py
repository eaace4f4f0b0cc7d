"""What ``vqax.explain`` gives back: an answer and its reasons, shown by a notebook as they are."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from importlib import metadata
from pathlib import Path

import numpy as np
from PIL import Image

from vqax.files import atomic_path, write_text
from vqax.report.numbers import number
from vqax.report.one_image import Explained, method_meaning, method_name, percent, unsure

LONGEST_PX = 300


@dataclass(frozen=True, eq=False)
class Explanation:
    """One question about one image to ``model``; pages and reports are made of ``explained``.

    ``maps`` are raw, (h,w) by method, signed where the method is: cells on their grid, pixels
    as the model was given them. ``words`` are (word, score) by method. ``uncertainty`` has
    the names of ``vqax.metrics.catalogue.METRICS``, without what the model does not estimate.
    """

    explained: Explained
    model: str

    @property
    def answer(self) -> str:
        """The model's own answer, whatever is explained."""
        return self.explained.answer

    @property
    def maps(self) -> Mapping[str, np.ndarray]:
        return self.explained.maps

    @property
    def words(self) -> dict[str, list[tuple[str, float]]]:
        return {
            method: [
                (word, float(score))
                for word, score in zip(self.explained.words, scores, strict=True)
            ]
            for method, scores in self.explained.word_scores.items()
        }

    @property
    def uncertainty(self) -> dict[str, float]:
        return {
            name: value
            for name, value in self.explained.uncertainties.items()
            if math.isfinite(value)
        }

    def overlay(self, method: str) -> Image.Image:
        """The map of a method over the image; raises KeyError for one that was not made."""
        from vqax.report.one_image_maps import framed, lay_over  # matplotlib, once it is needed

        return lay_over(framed(self.explained.image, LONGEST_PX), self.maps[method])

    def save(self, folder: str | Path) -> Path:
        """Write page.html, maps.npz with the raw maps, and answer.json; the folder is given back.

        Raises:
            BadData: a map is not finite, or a file cannot be written.
        """
        from vqax.report.one_image_html import write_page

        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        width, height = self.explained.image.size
        facts = {"image": f"{width} × {height} px", "model": self.model}
        facts["vqax"] = metadata.version("vqax")
        write_page(folder / "page.html", [self.explained], facts)
        with atomic_path(folder / "maps.npz") as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **self.maps)  # type: ignore[arg-type]
        write_text(folder / "answer.json", json.dumps(self.summary(), indent=2))
        return folder

    def summary(self) -> dict[str, object]:
        """Everything but the maps, ready for JSON."""
        one = self.explained
        return {
            "question": one.question,
            "answer": one.answer,
            "explained": one.explained,
            "probability": one.probability,
            "top5": [{"answer": text, "probability": share} for text, share in one.top5],
            "uncertainty": self.uncertainty,
            "words": {name: [list(pair) for pair in pairs] for name, pairs in self.words.items()},
            "maps": {name: list(values.shape) for name, values in self.maps.items()},
        }

    def __repr__(self) -> str:
        one = self.explained
        return (
            f"<Explanation: {one.question!r} {one.answer!r} ({percent(one.top5[0][1])}), "
            f"maps {', '.join(self.maps) or 'none'}, words {', '.join(one.word_scores) or 'none'}>"
        )

    def _repr_html_(self) -> str:
        one = self.explained
        top = ", ".join(f"{escape(text)} {percent(share)}" for text, share in one.top5)
        sure = "".join(
            f"<tr><td title='{escape(meaning, quote=True)}'>{escape(name)}</td>"
            f"<td>{escape(value)}</td></tr>"
            for name, value, meaning in unsure(one)
        )
        figures = "".join(self._figure(method) for method in self.maps)
        words = "".join(_in_colours(method, pairs) for method, pairs in self.words.items())
        explained = "" if one.explained == one.answer else f" Explained: {escape(one.explained)}."
        return (
            f"<p><b>{escape(one.question)}</b> {escape(one.answer)} ({top}).{explained}</p>"
            f"<table>{sure}</table>{words}<div>{figures}</div>"
        )

    def _figure(self, method: str) -> str:
        from vqax.report.overlay import data_uri

        name, meaning = escape(method_name(method)), escape(method_meaning(method), quote=True)
        return (
            "<figure style='display:inline-block;margin:4px'>"
            f"<img alt='{name}' src='{data_uri(self.overlay(method))}'>"
            f"<figcaption title='{meaning}'>{name}</figcaption></figure>"
        )


def _in_colours(method: str, pairs: list[tuple[str, float]]) -> str:
    """The words, the redder the more they speak for the answer, the bluer against it."""
    strongest = max((abs(score) for _, score in pairs), default=0.0) or 1.0
    words = " ".join(
        f"<span title='{number(score, 3)}' style='background:rgba("
        f"{'214,69,65' if score >= 0 else '59,110,200'},{abs(score) / strongest:.2f})'>"
        f"{escape(word)}</span>"
        for word, score in pairs
    )
    return f"<p>{escape(method_name(method))}: {words}</p>"
