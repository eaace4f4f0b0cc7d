"""Stage ``report``: gather what the other stages wrote into one HTML file and its figures."""

from contextlib import suppress
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import studies
from project.dataset import Prepared, load_prepared
from project.human_maps import usable_map
from project.maps import read_map
from project.params import Params
from project.references import ANALYSIS_OF_FIGURE
from project.resolve import data_plan
from project.settings_files import read_whole
from project.study import Measured
from project.tables import read_tables
from project.workspace import Workspace
from stages import browse
from stages.figures import sections
from stages.prepare import SHARED, UNMATCHABLE
from stages.report_context import committed_pairs, provenance_facts, references
from stages.tables import reported_pairs
from vqax.accuracy_rules import RULES, Mode
from vqax.data import load_rgb
from vqax.errors import BadData
from vqax.files import read_json, read_parquet
from vqax.report.cd_diagram import draw_cd_diagram, write_figure
from vqax.report.content import (
    Comparison,
    Provenance,
    ReportContent,
    ResearchQuestion,
    RunDescription,
    no_claims,
)
from vqax.report.figures.ranks import ranks_title
from vqax.report.gallery import GalleryItem, RunAnswer, select
from vqax.report.html import write_report

VERSIONS = ("vqax", "torch", "torchvision", "numpy", "scipy", "pandas", "h5py")


def run(params: Params, workspace: Workspace, study: str) -> dict[str, Any]:
    """Write data/reports/``study``: report.html and the figures beside it."""
    measured = Measured(params, workspace, study)
    settings = measured.study.report
    names = measured.runs
    shown = gallery_runs(measured)
    path = workspace.report(study)
    ranks = read_parquet(workspace.significance(study) / "ranks.parquet")
    gallery, rule = _gallery(measured, shown) if shown and settings.gallery else ((), "")
    content = ReportContent(
        title=settings.title,
        research_question=settings.research_question,
        dataset=_datasets(measured),
        dataset_description=_describe_datasets(measured),
        runs=tuple(_describe_run(params, n) for n in names),
        headline=read_tables(workspace, study),
        metrics=measured.metrics[measured.metrics["run"].isin(names)],
        ranks=ranks,
        pairs=read_parquet(workspace.significance(study) / "pairs.parquet"),
        history=_history(measured.history[measured.history["run"].isin(shown)]),
        provenance=_provenance(measured),
        comparisons=tuple(
            Comparison(proposed, baseline, reported_pairs(params, study, proposed, baseline))
            for proposed, baseline in settings.comparisons.items()
        ),
        claims=_claims(measured),
        captions=studies.captions(),
        cd_diagrams=_diagrams(measured, ranks),
        gallery=gallery,
        gallery_rule=rule,
        caveats=settings.caveats,
        figures=sections(measured, path.parent / "figures"),
        questions=_questions(measured),
        references=references(measured),
        committed=committed_pairs(workspace, study),
        explorers=browse.page_of(measured),
        row_runs=_row_runs(measured),
    )
    write_report(path, content)
    explored = browse.run(params, workspace, study) if names else {}
    return {
        "report": str(path.resolve()),
        "megabytes": round(path.stat().st_size / 1e6, 1),
        **({"explorer": explored["pages"]} if explored else {}),
    }


def _questions(measured: Measured) -> tuple[ResearchQuestion, ...]:
    """Those of the settings; without them the one question of the report."""
    report = measured.study.report
    questions = tuple(ResearchQuestion(q.question, q.measures, q.claims) for q in report.questions)
    return questions or (ResearchQuestion(report.research_question),)


def _row_runs(measured: Measured) -> dict[tuple[str, str], str]:
    """(table, row) -> the run that measures it."""
    return {
        (table, row): source.run
        for table, rows in measured.study.rows.items()
        for row, source in rows.items()
        if source.run in measured.runs
    }


def gallery_runs(measured: Measured) -> list[str]:
    """The runs of the gallery: those the study names, or all on the data set of its first."""
    chosen, runs = measured.study.report.gallery_runs, measured.runs
    first = [measured.params.run(name).dataset for name in runs][:1]
    return list(chosen) or [n for n in runs if measured.params.run(n).dataset in first]


def _gallery(measured: Measured, shown: list[str]) -> tuple[tuple[GalleryItem, ...], str]:
    """Questions picked by rule, and the rule in words."""
    params, questions, chosen = measured.params, measured.questions, shown[-1]
    prepared = load_prepared(data_plan(params, measured.workspace, params.run(chosen).dataset))
    selection = select(
        questions[chosen],
        count=measured.study.report.gallery,
        seed=params.seed,
        run_label=params.label(chosen),
        among=f"the {len(questions[chosen])} test questions",
    )
    tables, map_files = {n: questions[n] for n in shown}, prepared.human_map_files
    items = tuple(
        _item(measured.workspace, prepared, tables, map_files, question_id, reason)
        for question_id, reason in zip(selection.question_ids, selection.reasons, strict=True)
    )
    return items, selection.rule


def _claims(measured: Measured) -> pd.DataFrame:
    """The verdicts on the claims that the study tests; an empty table if it tests none."""
    if measured.study.report.claims is None:
        return no_claims()
    return read_parquet(measured.workspace.claims_of(measured.name))


def _datasets(measured: Measured) -> str:
    """What the tables name as measured on."""
    sources = [source.run for rows in measured.study.rows.values() for source in rows.values()]
    return ", ".join(dict.fromkeys(map(measured.dataset_label, [*measured.runs, *sources])))


def _describe_datasets(measured: Measured) -> str:
    params = measured.params
    datasets = dict.fromkeys(params.run(name).dataset for name in measured.runs)
    described = [_describe_dataset(params, measured.workspace, name) for name in datasets]
    return " ".join([*described, measured.study.report.about]).strip()


def _test_images(number: int, shared: int) -> str:
    """The images of test, and how many of them train has questions about."""
    if not shared:
        return f"{number:,} other images"
    return f"{number:,} images, {shared:,} of them also images of the training questions"


def _scored_by(rule: Mode, card: dict[str, Any]) -> str:
    """The rule of the accuracies where it is not the official one, and what it cannot score."""
    lost = card.get(UNMATCHABLE, {}).get("test", 0)
    missed = f" No answer can match the people's on {lost:,} of the test questions." if lost else ""
    if rule == "official":
        return missed
    return (
        f" Accuracies here are by the rule `{rule}`, not the official one: {RULES[rule]}.{missed}"
    )


def _describe_dataset(params: Params, workspace: Workspace, name: str) -> str:
    card = read_json(workspace.dataset(name) / "card.json")
    questions, images, spec = card["questions"], card["images"], params.datasets[name]
    return (
        f"{spec.label}: trained on {questions['train']:,} questions about "
        f"{images['train']:,} images, epochs chosen on {questions['validation']:,} questions "
        f"held out of train, everything below measured on {questions['test']:,} other questions "
        f"about {_test_images(images['test'], card.get(SHARED, 0))}. "
        f"{card['answers']} possible answers; "
        f"{card['skipped']} records could not be used and were skipped."
        f"{_scored_by(spec.accuracy, card)}"
    )


def _describe_run(params: Params, name: str) -> RunDescription:
    run = params.run(name)
    options = _in_words(run.objective.options)
    goal = f"objective {run.objective.name}" + (f" ({options})" if options else "")
    training = params.training_of(name)
    return RunDescription(
        name=name,
        label=params.label(name),
        description=f"{run.model}; {goal}; {training.epochs} epochs, batch "
        f"{training.batch_size}, {training.precision}",
        dataset=params.datasets[run.dataset].label,
    )


def _in_words(options: dict[str, Any]) -> str:
    """``source predictive, certainty (gain 1.0)``."""
    return ", ".join(
        f"{key} ({_in_words(value)})" if isinstance(value, dict) else f"{key} {value}"
        for key, value in options.items()
    )


def _history(history: pd.DataFrame) -> pd.DataFrame:
    """The curves a reader wants: means, not the extremes over the steps of an epoch."""
    extremes = history["metric"].str.endswith(("_min", "_max"))
    return history[~extremes & (history["metric"] != "gradient_norm")]


def _provenance(measured: Measured) -> Provenance:
    """What was run, dated by its tables, so that writing the report again changes no byte."""
    workspace, study = measured.workspace, measured.name
    written = (workspace.study(study) / "metrics.json").stat().st_mtime
    return Provenance(
        date=datetime.fromtimestamp(written, UTC).strftime("%Y-%m-%d"),
        command=f"vqax repro report_{study}",
        seed=measured.params.seed,
        versions={name: _version(name) for name in VERSIONS},
        parameters=settings_of(measured, read_whole(workspace.root / "params.yaml")),
        facts=provenance_facts(measured),
    )


def settings_of(measured: Measured, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings that the study depends on; those of other studies change nothing in it."""
    params, study = measured.params, measured.study
    runs = [one for name in measured.runs for one in measured.seeds(name)]
    rows = [source.run.split("/")[0] for rows in study.rows.values() for source in rows.values()]
    analyses = {*rows, *(ANALYSIS_OF_FIGURE.get(figure, "") for figure in study.report.figures)}
    datasets = {params.run(name).dataset for name in runs}
    wanted = {
        "scenes": datasets,
        "datasets": datasets,
        "models": {params.run(name).model for name in runs},
        "runs": set(runs),
        "analyses": analyses,
        "region_analyses": analyses,
        "studies": {measured.name},
        "labels": set(runs),
    }
    return {
        section: {key: item for key, item in value.items() if key in wanted[section]}
        if section in wanted
        else value
        for section, value in settings.items()
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _diagrams(measured: Measured, ranks: pd.DataFrame) -> dict[str, str]:
    """A critical-difference diagram per set and measure, from the rows of the rank table."""
    drawn = {}
    settings = measured.study.significance
    alpha = settings.alpha if settings else float("nan")  # without settings there are no ranks
    for (name, measure), table in ranks.groupby(["set", "measure"], sort=False):
        figure = draw_cd_diagram(
            table["mean_rank"].to_numpy(),
            [measured.params.label(one) for one in table["run"]],
            float(table["cd"].iloc[0]),
            n_blocks=int(table["n_blocks"].iloc[0]),
            alpha=alpha,
            title=ranks_title(str(measure), str(table["block"].iloc[0])),
        )
        folder = measured.workspace.report(measured.name).parent
        _, svg = write_figure(figure, folder / f"cd_{name}_{measure}")
        drawn[f"{name}/{measure}"] = svg.read_text(encoding="utf-8")
    return drawn


def _item(
    workspace: Workspace,
    prepared: Prepared,
    questions: dict[str, pd.DataFrame],
    map_files: dict[int, list[Path]],
    question_id: int,
    reason: str,
) -> GalleryItem:
    example = next(e for e in prepared.test if e.question_id == question_id)
    image = prepared.image_path(example.image_id)
    return GalleryItem(
        question_id=question_id,
        question=example.question,
        question_type=example.question_type,
        answer_type=example.answer_type,
        reason=reason,
        image=load_rgb(image),
        truth=example.multiple_choice_answer,
        human_answers=example.answers,
        human_map=_mean_map(map_files.get(question_id, []), image),
        answers=tuple(
            _answer(workspace, name, table.set_index("question_id").loc[question_id], question_id)
            for name, table in questions.items()
        ),
    )


def _mean_map(paths: list[Path], image: Path) -> np.ndarray | None:
    """The mean over people; maps that ``prepare`` had to skip are left out here too."""
    maps = []
    for path in paths:
        with suppress(BadData):
            maps.append(usable_map(path, image))
    alike = [human for human in maps if human.shape == maps[0].shape]
    return np.mean(alike, axis=0) if alike else None


def _answer(workspace: Workspace, name: str, row: pd.Series, question_id: int) -> RunAnswer:
    method, raw_map = read_map(workspace.explanation(name), question_id)
    return RunAnswer(
        run=name,
        answer=row["answer"],
        top5=tuple(zip(row["top5_answers"], row["top5_probabilities"], strict=True)),
        accuracy=float(row["accuracy_official"]),
        aleatoric=float(row["aleatoric"]),
        entropy=float(row["entropy"]),
        epistemic=float(row["epistemic"]),
        predictive=float(row["predictive"]),
        method=method,
        raw_map=raw_map,
    )
