"""The report: one HTML file that asks for nothing outside itself.

Text from data is escaped by Jinja; figures pass `inline_svg`; images are ``data:`` addresses.
A content security policy in the page forbids every request and every script but its own, so
that even a mistake in the escaping could neither run nor send anything.
"""

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from vqax.files import write_text
from vqax.report import cards, claims, differences, sections
from vqax.report.content import ReportContent
from vqax.report.curves import is_accuracy, training_curves
from vqax.report.figures.style import PAGE
from vqax.report.forest import forest
from vqax.report.labels import label_of, spaced
from vqax.report.overlay import colour_scale, data_uri
from vqax.report.research import replies
from vqax.report.svg import inline_svg

TEMPLATES = Path(__file__).parent / "templates"
SCRIPTS = ("report.js", "tables.js")
SHOWN, LEAST = 0.092, 0.066  # rem per point: a text of 8 points becomes about 12 or 8.5 px


def write_report(path: Path, content: ReportContent) -> None:
    """Write ``content`` as one self-contained HTML file, whole or not at all.

    Raises:
        BadData: a figure is not SVG, a map holds NaN, or the folder cannot be written.
    """
    write_text(path, render(content))


def render(content: ReportContent) -> str:
    """The page as text; the same content gives the same text."""
    curves = training_curves(content.history)
    compared = differences.comparisons(content)
    return filled(
        "report.html.j2",
        content=content,
        replies=replies(content),
        forest=forest(content),
        comparisons=compared,
        shows_detectable=any(row.detectable != "–" for row in compared),
        shows_reported=any(row.reported for row in compared),
        notes=sections.honest_notes(content),
        meanings=sections.meanings(content),
        headline=sections.headline(content),
        rankings=differences.rankings(content, _diagrams(content)),
        pair_tables=differences.pair_tables(content),
        uncertainty=sections.uncertainty(content),
        everything=_everything(content),
        curves={run: Markup(svg) for run, svg in curves.panels.items()},
        legend=[(_curve_name(metric), colour) for metric, colour in curves.legend],
        figures=_figures(content),
        claim_groups=sections.claim_groups(content),
        claims_summary=claims.summary(content.claims),
        claims_caveats=claims.CAVEATS,
        cards=cards.cards(content),
        colour_scale=data_uri(colour_scale()),
        parameters=yaml.safe_dump(
            dict(content.provenance.parameters), sort_keys=False, allow_unicode=True
        ),
    )


def filled(template: str, **values: Any) -> str:
    """A template of this folder with ``values``, the page's script and the policy that allows it.

    Text is escaped, and a value that is missing is an error.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in SCRIPTS)
    page = environment.get_template(template)
    return page.render(policy=policy(script), script=Markup(script), **values)


def policy(script: str) -> str:
    """No request at all; images from ``data:``; exactly this script."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def _diagrams(content: ReportContent) -> dict[str, str]:
    return {
        key: Markup(
            inline_svg(
                svg,
                prefix=f"cd{i}-",
                title=f"Critical-difference diagram: {label_of(key.split('/')[-1]).name}",
                colours=PAGE,
            )
        )
        for i, (key, svg) in enumerate(content.cd_diagrams.items())
    }


def _figures(content: ReportContent) -> list[sections.Figures]:
    """Every figure's drawings, inlined at a size at which all texts of the page are alike."""
    return [
        sections.Figures(
            section,
            tuple(
                sections.Drawn(
                    Markup(
                        inline_svg(
                            drawing.svg,
                            prefix=f"figure{i}-{j}-",
                            title=drawing.caption,
                            colours=PAGE,
                        )
                    ),
                    drawing.caption,
                    *width_rem(drawing.svg),
                )
                for j, drawing in enumerate(section.drawings)
            ),
        )
        for i, section in enumerate(content.figures)
    ]


def width_rem(svg: str) -> tuple[int, int]:
    """The width at which a drawing is shown, and the least at which it is still legible."""
    found = re.search(r'viewBox="[-\d.]+ [-\d.]+ ([\d.]+) ', svg)
    points = float(found.group(1)) if found else 576.0
    return round(SHOWN * points), round(LEAST * points)


def _everything(content: ReportContent) -> sections.MetricTable:
    metrics = [str(metric) for metric in content.metrics["metric"].unique()]
    return sections.metric_table(content, metrics)


def _curve_name(metric: str) -> str:
    return label_of(metric).name if is_accuracy(metric) else spaced(metric)
