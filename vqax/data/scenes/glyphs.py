"""Silhouettes of everyday things: glyphs of Font Awesome Free 6 solid.

Source: PyPI ``fontawesomefree`` (fontawesome.com; icons CC BY 4.0, font SIL OFL 1.1).
"""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from vqax.errors import MissingArtefact

FONT = "static/fontawesomefree/js-packages/@fortawesome/fontawesome-free/webfonts/fa-solid-900.ttf"
DRAWN_PX = 160


class Thing(NamedTuple):
    """A category: a single noun, its code point, the kind it belongs to, and other names.

    ``synonyms`` pairs what some annotators call it with the share of them who do.
    """

    name: str
    codepoint: int
    kind: str = "object"
    synonyms: tuple[tuple[str, float], ...] = ()
    plural: str = ""

    @property
    def many(self) -> str:
        """The plural."""
        return self.plural or f"{self.name}s"


THINGS = (
    Thing("cat", 0xF6BE, "animal", (("kitty", 0.05),)),
    Thing("car", 0xF1B9, "vehicle"),
    Thing("dog", 0xF6D3, "animal", (("puppy", 0.05),)),
    Thing("apple", 0xF5D1, "food", (("fruit", 0.08),)),
    Thing("bicycle", 0xF206, "vehicle", (("bike", 0.30),)),
    Thing("umbrella", 0xF0E9),
    Thing("fish", 0xF578, "animal", plural="fish"),
    Thing("plane", 0xF072, "vehicle", (("airplane", 0.25), ("jet", 0.04))),
    Thing("clock", 0xF017),
    Thing("horse", 0xF6F0, "animal", (("pony", 0.06),)),
    Thing("chair", 0xF6C0),
    Thing("carrot", 0xF787, "food"),
    Thing("tree", 0xF1BB),
    Thing("bus", 0xF207, "vehicle", plural="buses"),
    Thing("key", 0xF084),
    Thing("frog", 0xF52E, "animal", (("toad", 0.05),)),
    Thing("guitar", 0xF7A6),
    Thing("pizza", 0xF818, "food", (("slice", 0.06),)),
    Thing("house", 0xF015, "object", (("home", 0.08), ("building", 0.04))),
    Thing("truck", 0xF0D1, "vehicle", (("lorry", 0.05),)),
    Thing("spider", 0xF717, "animal"),
    Thing("bell", 0xF0F3),
    Thing("cookie", 0xF563, "food", (("biscuit", 0.06),)),
    Thing("sailboat", 0xE445, "vehicle", (("boat", 0.30),)),
    Thing("star", 0xF005),
    Thing("crow", 0xF520, "animal", (("bird", 0.35),)),
    Thing("motorcycle", 0xF21C, "vehicle", (("motorbike", 0.15),)),
    Thing("bed", 0xF236),
    Thing("burger", 0xF805, "food", (("hamburger", 0.15), ("sandwich", 0.05))),
    Thing("hammer", 0xF6E3),
    Thing("cow", 0xF6C8, "animal"),
    Thing("rocket", 0xF135, "vehicle"),
    Thing("cheese", 0xF7EF, "food", (("cake", 0.05),)),
    Thing("couch", 0xF4B8, "object", (("sofa", 0.25),), plural="couches"),
    Thing("camera", 0xF030),
    Thing("hippo", 0xF6ED, "animal"),
    Thing("helicopter", 0xF533, "vehicle", (("chopper", 0.06),)),
    Thing("egg", 0xF7FB, "food"),
    Thing("book", 0xF02D),
    Thing("phone", 0xF095, "object", (("telephone", 0.10),)),
    Thing("worm", 0xE599, "animal", (("snake", 0.10),)),
    Thing("ship", 0xF21A, "vehicle", (("boat", 0.25),)),
    Thing("leaf", 0xF06C, plural="leaves"),
    Thing("moon", 0xF186),
    Thing("cloud", 0xF0C2),
    Thing("train", 0xF238, "vehicle", (("subway", 0.05),)),
    Thing("snowman", 0xF7D0, plural="snowmen"),
    Thing("anchor", 0xF13D),
    Thing("heart", 0xF004),
    Thing("crown", 0xF521),
    Thing("shirt", 0xF553),
    Thing("hat", 0xF8C0),
    Thing("tractor", 0xF722, "vehicle"),
    Thing("drum", 0xF569),
    Thing("trophy", 0xF091, "object", (("cup", 0.10),), plural="trophies"),
)
NAMED = {thing.name: thing for thing in THINGS}


@lru_cache(maxsize=len(THINGS))
def silhouette(name: str) -> Image.Image:
    """The glyph as an 8-bit mask, cut to its box, about ``DRAWN_PX`` high.

    Raises:
        MissingArtefact: ``fontawesomefree`` is not installed.
    """
    font = ImageFont.truetype(str(font_path()), DRAWN_PX)
    canvas = Image.new("L", (2 * DRAWN_PX, 2 * DRAWN_PX))
    character = chr(NAMED[name].codepoint)
    ImageDraw.Draw(canvas).text((DRAWN_PX, DRAWN_PX), character, 255, font, anchor="mm")
    return canvas.crop(canvas.getbbox())


def font_path() -> Path:
    """The TrueType file of the solid style.

    Raises:
        MissingArtefact: ``fontawesomefree`` is not installed.
    """
    spec = find_spec("fontawesomefree")
    if spec is None or spec.origin is None:
        raise MissingArtefact(
            'fontawesomefree: not installed; run `pip install ".[pipeline]"` in the clone of vqax'
        )
    return Path(spec.origin).parent / FONT
