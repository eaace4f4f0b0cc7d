"""The named colours of the objects and which of them people mistake for which."""

from typing import NamedTuple


class Colour(NamedTuple):
    """``near`` are names an annotator may give instead, likeliest first."""

    name: str
    rgb: tuple[int, int, int]
    near: tuple[str, ...]


COLOURS = (
    Colour("red", (208, 30, 36), ("maroon", "orange", "pink")),
    Colour("blue", (30, 78, 214), ("navy", "purple")),
    Colour("green", (28, 140, 52), ("dark green", "teal")),
    Colour("yellow", (248, 216, 40), ("gold", "orange")),
    Colour("white", (248, 248, 246), ("cream", "gray")),
    Colour("black", (22, 22, 26), ("gray", "dark gray")),
    Colour("orange", (246, 128, 18), ("yellow", "red")),
    Colour("purple", (122, 40, 166), ("violet", "blue", "pink")),
    Colour("pink", (246, 136, 190), ("purple", "light red")),
    Colour("brown", (112, 66, 28), ("tan", "red", "orange")),
    Colour("gray", (128, 130, 134), ("silver", "white", "black")),
)
