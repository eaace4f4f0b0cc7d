import base64
import io
import re
import warnings

import numpy as np
import pytest
from PIL import Image

from vqax.errors import BadData
from vqax.report.cd_diagram import write_figure
from vqax.report.figures.style import new_figure
from vqax.report.svg import inline_svg, well_formed

START = (
    '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" '
    'xmlns:xlink="http://www.w3.org/1999/xlink" width="9pt" height="9pt" viewBox="0 0 9 9">'
)


def clean(body: str, **options) -> str:
    return inline_svg(f"{START}{body}</svg>", **({"prefix": "p-", "title": "t"} | options))


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        "<g><script>alert(1)</script></g>",
        '<rect onload="alert(1)"/>',
        '<rect ONCLICK="alert(1)"/>',
        "<foreignObject><b>alert(1)</b></foreignObject>",
        '<use xlink:href="http://x/y#alert"/>',
        '<use href="data:image/svg+xml,alert"/>',
        '<image href="http://x/alert.png"/>',
        '<rect style="fill: url(http://x/alert)"/>',
        "<style>* { background: url(alert) }</style>",
        "<!-- alert -->",
    ],
)
def test_nothing_active_and_nothing_from_outside_survives(body):
    markup = clean(f"<text>kept</text>{body}")
    assert "kept" in markup
    assert "alert" not in markup
    assert "http" not in markup


@pytest.mark.parametrize("odd", ["\x00", "\x08", "\x1b", "\ufffe"])
def test_what_xml_has_no_place_for_is_replaced(odd, tmp_path):
    """A question or an answer may hold it; the file and the page stay readable."""
    figure = new_figure(2.0)
    axes = figure.subplots()
    axes.set_title(f"what{odd} is <it>?")
    axes.set_yticks([0.5], labels=[f"yes{odd}"])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        _, path = write_figure(figure, tmp_path / "figure")
    text = path.read_text(encoding="utf-8")
    markup = inline_svg(text, prefix="p-", title=f"research_question{odd}")
    assert "what\ufffd is &lt;it&gt;?" in markup
    assert "yes\ufffd" in markup
    assert odd not in text + markup


def test_text_that_xml_takes_is_as_it_was():
    text = "a\tb\nc é 漢 😀 \ue000 \ufffd"
    assert well_formed(text) == text


def test_text_stays_escaped():
    assert "&lt;script&gt;" in clean("<text>&lt;script&gt;</text>")
    assert "&lt;b&gt;" in clean("<g/>", title="<b>")


def test_ids_and_the_references_to_them_get_the_prefix():
    markup = clean('<clipPath id="a"/><g clip-path="url(#a)"/><use xlink:href="#a"/>')
    assert 'id="p-a"' in markup
    assert 'clip-path="url(#p-a)"' in markup
    assert 'href="#p-a"' in markup


def test_colours_follow_the_page():
    markup = clean(
        '<path style="stroke: #000000; fill: #123456"/><rect fill="#ffffff"/><g fill="#0000001a"/>',
        colours={"#123456": "var(--line-0)"},
    )
    assert 'style="stroke: currentColor; fill: var(--line-0)"' in markup
    assert 'fill="var(--surface)"' in markup
    assert 'fill="#0000001a"' in markup


def test_the_figure_scales_and_has_a_text_alternative():
    markup = clean("<g/>", title="Mean ranks")
    assert "width=" not in markup
    assert 'viewBox="0 0 9 9"' in markup
    assert 'role="img"' in markup
    assert 'aria-label="Mean ranks"' in markup


@pytest.mark.parametrize(
    ("text", "message"), [("<svg><g></svg>", "not well-formed"), ("<html/>", "<html>, not <svg>")]
)
def test_what_is_not_svg_is_refused(text, message):
    with pytest.raises(BadData, match=message):
        inline_svg(text, prefix="p", title="ranks")


def png(colour=(200, 30, 60)) -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 2), colour).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def with_image(address: str) -> str:
    return (
        '<svg xmlns:xlink="http://www.w3.org/1999/xlink">'
        f'<image xlink:href="{address}" width="9" height="9" '
        'style="image-rendering:pixelated"/></svg>'
    )


def test_a_picture_is_written_again_as_webp_with_its_pixels():
    text = inline_svg(with_image(f"data:image/png;base64,\n{png()}"), prefix="p-", title="t")
    address = re.search(r'href="data:image/webp;base64,([^"]+)"', text)
    with Image.open(io.BytesIO(base64.b64decode(address.group(1)))) as image:
        assert image.size == (4, 2)
        assert np.abs(np.asarray(image.convert("RGB"))[0, 0] - (200.0, 30, 60)).max() < 12
    assert "image-rendering" not in text
    assert 'width="9"' in text


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org/a.png",
        "data:image/svg+xml;base64,PHN2Zy8+",
        "data:text/html;base64,AAAA",
        "file:///etc/passwd",
        "javascript:alert(1)",
    ],
)
def test_a_picture_from_anywhere_else_is_dropped(address):
    assert "href" not in inline_svg(with_image(address), prefix="p-", title="t")


@pytest.mark.parametrize("content", ["AAAA", "@@@", ""])
def test_a_picture_that_is_none_is_refused(content):
    with pytest.raises(BadData, match="is not a PNG"):
        inline_svg(with_image(f"data:image/png;base64,{content}"), prefix="p-", title="t")
