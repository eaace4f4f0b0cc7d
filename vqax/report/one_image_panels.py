"""Each method of one image as a small PNG of its own, for a page or a slide."""

from pathlib import Path

from matplotlib.figure import Figure

from vqax.files import atomic_path
from vqax.report.one_image import Explained
from vqax.report.one_image_figure import draw_words
from vqax.report.one_image_maps import framed, lay_over

LONGEST_PX, COLOURS = 224, 200


def write_panels(explained: Explained, folder: Path) -> dict[str, Path]:
    """``folder``/METHOD.png: the map over the image, or a bar for each word; image.png.

    Raises:
        BadData: a map is not finite, or a file cannot be written.
    """
    ground = framed(explained.image, LONGEST_PX)
    images = {"image": ground} | {
        method: lay_over(ground, raw_map) for method, raw_map in explained.maps.items()
    }
    written = {}
    for name, image in images.items():
        written[name] = folder / f"{name}.png"
        with atomic_path(written[name]) as temporary:
            image.quantize(COLOURS).save(temporary, format="PNG", optimize=True)
    for method in explained.word_scores:
        written[method] = _write_words(explained, method, folder / f"{method}.png")
    return written


def _write_words(explained: Explained, method: str, path: Path) -> Path:
    figure = Figure(figsize=(2.3, 2.3), dpi=110, layout="constrained")
    draw_words(figure.subplots(), explained, method)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", facecolor="white")
    return path
