import pytest

from vqax.errors import BadData
from vqax.report.svg import inline_svg

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
