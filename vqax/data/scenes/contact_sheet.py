"""A sheet of images with their questions and answers, to look a data set over."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from vqax.data.coco import load_rgb
from vqax.data.folder import VqaFolder
from vqax.data.images import load_image
from vqax.data.records import Example
from vqax.errors import BadData
from vqax.files import atomic_path

IMAGE_PX = 224
MARGIN_PX = 12
LINE_PX = 15
FONT_PX = 12
MAKER = ("Software", "vqax contact sheet")
INK, ANSWER_INK, PAPER = (30, 30, 34), (0, 84, 150), (255, 255, 255)

Line = tuple[str, tuple[int, int, int]]


def contact_sheet(
    root: Path,
    path: Path,
    *,
    split: str = "val2014",
    images: int = 20,
    columns: int = 5,
    questions: int = 4,
) -> None:
    """Draw the first ``images`` of a split as PNG, each over up to ``questions`` of its own.

    An answer is followed by how many of the ten annotators gave it.

    Raises:
        MissingArtefact: ``root`` has no such split.
        BadData: a file is cut or inconsistent, or ``path`` cannot be written or is another file.
    """
    _refuse_others(path)
    folder = VqaFolder(root, split)
    by_image: dict[int, list[Example]] = {}
    for example in folder.read().examples:
        by_image.setdefault(example.image_id, []).append(example)
    shown = list(by_image.items())[:images]
    captions = [_caption(examples[:questions]) for _, examples in shown]
    paths = [folder.image_path(image_id) for image_id, _ in shown]
    sheet = _sheet(paths, captions, columns)
    with atomic_path(path) as temporary:
        sheet.save(temporary, "PNG", pnginfo=_maker())


def _maker() -> PngInfo:
    """What tells a sheet that was drawn here from any other image."""
    info = PngInfo()
    info.add_text(*MAKER)
    return info


def _refuse_others(path: Path) -> None:
    if not path.exists():
        return
    made_here = False
    if path.is_file():
        with suppress(BadData):
            made_here = load_image(path).info.get(MAKER[0]) == MAKER[1]
    if not made_here:
        raise BadData(
            f"{path}: stands there already and is no contact sheet of this program; "
            "move it away or name another file"
        )


def _sheet(paths: Sequence[Path], captions: Sequence[list[Line]], columns: int) -> Image.Image:
    """Rows as high as their longest caption needs."""
    starts = range(0, len(paths), columns)
    heights = [
        IMAGE_PX + LINE_PX * max(map(len, captions[start : start + columns])) + 2 * MARGIN_PX
        for start in starts
    ]
    width = columns * (IMAGE_PX + MARGIN_PX) + MARGIN_PX
    sheet = Image.new("RGB", (width, sum(heights) + MARGIN_PX), PAPER)
    for row, start in enumerate(starts):
        y = MARGIN_PX + sum(heights[:row])
        for column, index in enumerate(range(start, min(start + columns, len(paths)))):
            x = MARGIN_PX + column * (IMAGE_PX + MARGIN_PX)
            _cell(sheet, x, y, paths[index], captions[index])
    return sheet


def _cell(sheet: Image.Image, x: int, y: int, path: Path, caption: Sequence[Line]) -> None:
    sheet.paste(load_rgb(path).resize((IMAGE_PX, IMAGE_PX)), (x, y))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(FONT_PX)
    for number, (text, ink) in enumerate(caption):
        draw.text((x, y + IMAGE_PX + 3 + number * LINE_PX), text, ink, font)


def _caption(examples: Sequence[Example]) -> list[Line]:
    lines: list[Line] = []
    for example in examples:
        lines += [(text, INK) for text in _wrapped(example.question)]
        counted = Counter(example.answers).most_common(3)
        said = ", ".join(f"{answer} ({count})" for answer, count in counted)
        lines += [(text, ANSWER_INK) for text in _wrapped(said, indent="   ")]
    return lines


def _wrapped(text: str, indent: str = "") -> list[str]:
    """``text`` in lines that fit under an image."""
    font = ImageFont.load_default(FONT_PX)
    lines = [indent]
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines[-1].strip() else f"{lines[-1]}{word}"
        if lines[-1].strip() and font.getlength(longer) > IMAGE_PX:
            lines.append(f"{indent}{word}")
        else:
            lines[-1] = longer
    return lines
