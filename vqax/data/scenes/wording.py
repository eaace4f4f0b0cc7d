"""Small pieces of the sentences in which people say why an answer is right."""

from collections import Counter
from collections.abc import Iterable, Sequence

from vqax.data.scenes.glyphs import NAMED
from vqax.data.scenes.scene import Scene
from vqax.data.scenes.template import with_article

SIDES = {
    "left": "on the left",
    "right": "on the right",
    "top": "at the top",
    "bottom": "at the bottom",
    "center": "in the middle",
}


def where(scene: Scene, index: int) -> str:
    """In which third of the image, across and down, the middle of an object lies."""
    x, y = (3 * centre / scene.size_px for centre in scene.objects[index].centre_px)
    column = "left" if x < 1 else "right" if x > 2 else ""
    row = "top" if y < 1 else "bottom" if y > 2 else ""
    if row and column:
        return f"at the {row} {column}"
    return SIDES[row or column or "center"]


def painted(scene: Scene, index: int) -> str:
    """``a red cat``."""
    item = scene.objects[index]
    return f"{with_article(item.colour)} {item.name}"


def shown(scene: Scene, indices: Iterable[int]) -> str:
    """``a red cat and 2 blue cats``."""
    groups = Counter((scene.objects[i].colour, scene.objects[i].name) for i in indices)
    return listed(_several(number, *group) for group, number in groups.items())


def there(scene: Scene, indices: Sequence[int]) -> str:
    """``there is a red cat and 2 blue cats``."""
    words = shown(scene, indices)
    return f"there {'are' if words[0].isdecimal() else 'is'} {words}"


def placed(scene: Scene, indices: Sequence[int]) -> str:
    """``a red cat is on the left and 2 blue cats are at the top``."""
    groups = Counter(
        (scene.objects[i].colour, scene.objects[i].name, where(scene, i)) for i in indices
    )
    return listed(
        f"{_several(number, colour, name)} {'is' if number == 1 else 'are'} {place}"
        for (colour, name, place), number in groups.items()
    )


def colours(scene: Scene, indices: Iterable[int]) -> str:
    """``red and blue``: each colour of the objects once."""
    return listed(dict.fromkeys(scene.objects[i].colour for i in indices))


def counted(number: int, name: str) -> str:
    """``a cat``, ``2 cats``."""
    return with_article(name) if number == 1 else f"{number} {NAMED[name].many}"


def listed(words: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def _several(number: int, colour: str, name: str) -> str:
    if number == 1:
        return f"{with_article(colour)} {name}"
    return f"{number} {colour} {NAMED[name].many}"
