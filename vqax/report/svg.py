"""Make an SVG figure part of an HTML page: nothing active, own ids, the page's colours."""

import base64
import binascii
import io
import re
from collections.abc import Mapping
from xml.etree import ElementTree

from PIL import Image

from vqax.data.images import as_rgb
from vqax.errors import BadData
from vqax.report.overlay import data_uri

SHAPES = {"path", "rect", "circle", "ellipse", "line", "polyline", "polygon"}
ELEMENTS = SHAPES | {"svg", "g", "text", "tspan", "use", "defs", "clipPath", "title", "image"}
PNG = "data:image/png;base64,"
PAGE_COLOURS = {"#000000": "currentColor", "black": "currentColor", "#ffffff": "var(--surface)"}
NOT_IN_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
SIZE = {"width", "height", "version", "class"}


def well_formed(svg: str) -> str:
    """The text with U+FFFD for each character that XML 1.0 (section 2.2) has no place for.

    Questions and answers may hold control characters, and matplotlib writes them as they are.
    """
    return NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", svg)


def inline_svg(
    text: str, *, prefix: str, title: str, colours: Mapping[str, str] | None = None
) -> str:
    """SVG markup that is safe inside HTML, scales with its container and follows the theme.

    Unknown elements, event attributes and references that leave the document are removed;
    embedded PNG images are decoded and written again as WebP, which is smaller; ids
    get ``prefix``, so that figures of one page do not share clip paths. ``colours`` maps
    further colours of the figure to CSS values; black becomes the text colour and white the
    surface. ``title`` is the text alternative.

    Raises:
        BadData: not well-formed XML, not an SVG, or an image in it cannot be read.
    """
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise BadData(f"figure {title!r}: not well-formed SVG ({error}); draw it again") from error
    if _local(root.tag) != "svg":
        raise BadData(
            f"figure {title!r}: starts with <{_local(root.tag)}>, not <svg>; draw it again"
        )
    swaps = {**PAGE_COLOURS, **(colours or {})}
    clean = _clean(root, prefix, swaps)
    for attribute in SIZE & clean.attrib.keys():
        del clean.attrib[attribute]
    clean.attrib |= {"class": "figure", "role": "img", "aria-label": well_formed(title)}
    return ElementTree.tostring(clean, encoding="unicode")


def _clean(
    element: ElementTree.Element, prefix: str, colours: Mapping[str, str]
) -> ElementTree.Element:
    """A copy with known elements and harmless attributes only, without namespaces."""
    copy = ElementTree.Element(_local(element.tag))
    copy.text, copy.tail = element.text, element.tail
    for name, value in element.attrib.items():
        kept = _attribute(_local(name), value, prefix, colours)
        if kept is not None:
            copy.set(_local(name), kept)
    kept_children = [child for child in element if _local(child.tag) in ELEMENTS]
    copy.extend([_clean(child, prefix, colours) for child in kept_children])
    return copy


def _attribute(name: str, value: str, prefix: str, colours: Mapping[str, str]) -> str | None:
    """The attribute's value for the page; None where it must go."""
    if name.lower().startswith("on"):
        return None
    if name == "id":
        return prefix + value
    if name == "href":
        return _reference(value, prefix)
    if name == "style" and "image-rendering" in value:
        return None
    if re.search(r"url\((?!\s*#)", value):
        return None
    value = value.replace("url(#", f"url(#{prefix}")
    for colour, replacement in colours.items():
        value = re.sub(rf"(?<![\w#-]){re.escape(colour)}(?![\w-])", replacement, value)
    return value


def _reference(value: str, prefix: str) -> str | None:
    """A place in this document or an image; None for anything outside."""
    if value.startswith("#"):
        return f"#{prefix}{value[1:]}"
    return _image(value) if value.startswith(PNG) else None


def _image(address: str) -> str:
    """The PNG of a ``data:`` address as WebP: nothing but its pixels gets into the page."""
    try:
        content = base64.b64decode("".join(address.removeprefix(PNG).split()), validate=True)
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            return data_uri(as_rgb(image, "figure: an image in it"))
    except (binascii.Error, OSError, SyntaxError) as error:
        raise BadData(f"figure: an image in it is not a PNG ({error}); draw it again") from error


def _local(name: object) -> str:
    """The name without its namespace; comments and the like have none."""
    return name.rsplit("}", 1)[-1] if isinstance(name, str) else ""
