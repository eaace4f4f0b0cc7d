"""``vqax runs``, ``methods`` and ``metrics``: what there is."""

from pathlib import Path
from typing import Any

import click

from cli.cache import kept
from cli.common import Printed, ReportedGroup, StageCommand, completes, loaded
from cli.terminal import columns

HEADER = ("run", "group", "data", "model", "objective", "status", "accuracy")


@click.group(
    cls=ReportedGroup, examples=("vqax runs --study ucam", "vqax runs show mcb_p_gca --json")
)
@click.option("--group", shell_complete=completes("groups"), help="Only the runs of this group.")
@click.option("--study", shell_complete=completes("studies"), help="Only the runs of this study.")
@click.option("--stale", is_flag=True, help="Only runs with a stage to run again (asks DVC).")
@click.pass_context
def runs(ctx: click.Context, group: str | None, study: str | None, stale: bool) -> Printed | None:
    """List the runs of params.yaml: group, data, model, objective, status, main score."""
    if ctx.invoked_subcommand is not None:
        return None
    from stages import listing

    stages = stale_stages() if stale else None
    entries = listing.run(*loaded(), group=group, study=study, stale=stages)
    rows = [
        (name, *(str(entry[key]) for key in list(entry)[:4]), entry["status"], score(entry))
        for name, entry in entries.items()
    ]
    return Printed(columns(HEADER, rows) if rows else "no run", entries)


def score(entry: dict[str, Any]) -> str:
    """Per cent, or a dash where the run was not scored."""
    value = entry["accuracy_all"]
    return "–" if value is None else f"{100 * value:.1f} %"


def stale_stages() -> list[str]:
    """The stages that ``vqax repro`` would run."""
    from stages.repro.plan import stale

    return list(stale(Path.cwd(), ()))


@runs.command(examples=("vqax runs show mcb", "vqax runs show updn_attreg --json"))
@click.argument("name", shell_complete=completes("runs"))
def show(name: str) -> dict[str, Any]:
    """All there is to say of run NAME: settings, status, studies, files."""
    from stages import listing

    return listing.details(*loaded(), name)


@click.command(
    cls=StageCommand, examples=("vqax methods", "vqax methods --needs gradient --of words")
)
@click.option("--of", type=click.Choice(["image", "words"]), help="Only maps of these.")
@click.option("--needs", help="Only methods that need this: gradient, pixels, layers …")
def methods(of: str | None, needs: str | None) -> Printed:
    """List the explainers: what each needs of a model, and its source."""
    entries = {
        name: entry
        for name, entry in kept(["methods"], [], _all_methods).items()
        if of in (None, entry["of"]) and (needs is None or needs in entry["needs"])
    }
    rows = [
        (name, entry["of"], ", ".join(entry["needs"]) or "answers alone", entry["source"] or "–")
        for name, entry in entries.items()
    ]
    text = columns(("method", "of", "needs", "source"), rows) if rows else "no method"
    return Printed(text, entries)


@click.command(cls=StageCommand, examples=("vqax metrics", "vqax metrics --family alignment"))
@click.option("--family", help="Only families with this in their name.")
def metrics(family: str | None) -> Printed:
    """List the metrics by family: unit, which values are better, meaning, source."""
    known = kept(["metrics"], [], _all_metrics)
    families = {name: each for name, each in known.items() if (family or "") in name}
    rows = [
        (name, metric, entry["unit"] or "–", entry["better"], entry["meaning"], entry["source"])
        for name, entries in families.items()
        for metric, entry in entries.items()
    ]
    header = ("family", "metric", "unit", "better", "meaning", "source")
    return Printed(columns(header, rows) if rows else "no metric", families)


def _all_methods() -> dict[str, Any]:
    from stages import catalogue  # torch

    return catalogue.methods()


def _all_metrics() -> dict[str, Any]:
    from stages import catalogue

    return catalogue.metrics()
