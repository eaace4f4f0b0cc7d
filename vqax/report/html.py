"""The report: one HTML file that asks for nothing outside itself.

Text from data is escaped by Jinja; figures pass `inline_svg`; pictures are ``data:`` addresses.
A content security policy in the page forbids every request and every script but its own, so
that even a mistake in the escaping could neither run nor send anything.
"""

import base64
import hashlib
from pathlib import Path

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from vqax.files import write_text
from vqax.report import cards, differences, sections
from vqax.report.cd_diagram import BAR, INK, QUIET
from vqax.report.content import ReportContent
from vqax.report.curves import is_accuracy, training_curves
from vqax.report.labels import label_of, spaced
from vqax.report.overlay import colour_scale, data_uri
from vqax.report.svg import inline_svg

TEMPLATES = Path(__file__).parent / "templates"


def write_report(path: Path, content: ReportContent) -> None:
    """Write ``content`` as one self-contained HTML file, whole or not at all.

    Raises:
        BadData: a figure is not SVG, a map holds NaN, or the folder cannot be written.
    """
    write_text(path, render(content))


def render(content: ReportContent) -> str:
    """The page as text; the same content gives the same text."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = (TEMPLATES / "report.js").read_text(encoding="utf-8")
    curves = training_curves(content.history)
    return environment.get_template("report.html.j2").render(
        content=content,
        policy=policy(script),
        script=Markup(script),
        answers=differences.answers(content),
        notes=sections.honest_notes(content),
        meanings=sections.meanings(content),
        headline=sections.headline(content),
        rankings=differences.rankings(content, _figures(content)),
        pair_tables=differences.pair_tables(content),
        uncertainty=sections.uncertainty(content),
        everything=_everything(content),
        curves={run: Markup(svg) for run, svg in curves.panels.items()},
        legend=[(_curve_name(metric), colour) for metric, colour in curves.legend],
        cards=cards.cards(content),
        colour_scale=data_uri(colour_scale()),
        parameters=yaml.safe_dump(
            dict(content.provenance.parameters), sort_keys=False, allow_unicode=True
        ),
    )


def policy(script: str) -> str:
    """No request at all; pictures from ``data:``; exactly this script."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def _figures(content: ReportContent) -> dict[str, str]:
    return {
        measure: Markup(
            inline_svg(
                svg,
                prefix=f"cd{i}-",
                title=f"Critical-difference diagram: {label_of(measure).name}",
                colours={INK: "currentColor", QUIET: "var(--muted)", BAR: "var(--line-3)"},
            )
        )
        for i, (measure, svg) in enumerate(content.cd_diagrams.items())
    }


def _everything(content: ReportContent) -> sections.MetricTable:
    metrics = [str(metric) for metric in content.metrics["metric"].unique()]
    return sections.metric_table(content, metrics)


def _curve_name(metric: str) -> str:
    return label_of(metric).name if is_accuracy(metric) else spaced(metric)
