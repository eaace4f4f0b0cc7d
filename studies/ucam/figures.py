"""Figures made of numbers alone."""

from typing import Any

import pandas as pd

from project.study import Measured
from project.tables import read_tables
from studies.ucam import map_figures
from studies.ucam.noise import IMAGE, QUESTION
from vqax.files import read_parquet
from vqax.report.frames import FLIP_COLUMNS, Part
from vqax.report.labels import label_of
from vqax.report.loss_terms import from_history
from vqax.stats.bootstrap import bootstrap_mean

KINDS = {IMAGE: "image", QUESTION: "question"}
CONDITIONS = {"none": "clean", IMAGE: "noise in the image", QUESTION: "another word"}
UNITS = {IMAGE: "standard deviations of the features", QUESTION: "words replaced"}


def noise(measured: Measured, *, runs: list[str]) -> list[Part]:
    """Figure 4: answers to one question, and how often noise changes the answer.

    The question is the first of which noise changes the answer of the first run.
    """
    source = measured.workspace.analysis("noise")
    flips = read_parquet(source / "questions.parquet")
    top = read_parquet(source / "top5.parquet")
    rows = [
        _flip_rate(measured, table, *key)
        for key, table in flips[flips["run"].isin(runs)].groupby(
            ["run", "noise", "strength"], sort=False
        )
    ]
    return [
        Part("noise_top5", _top5(measured, top[top["run"].isin(runs)], flips, runs[0])),
        Part("noise_flips", pd.DataFrame(rows, columns=FLIP_COLUMNS)),
    ]


def _flip_rate(
    measured: Measured, table: pd.DataFrame, run: str, kind: str, strength: float
) -> tuple[Any, ...]:
    rate = bootstrap_mean(
        table["flipped"].to_numpy(dtype=float),
        samples=measured.params.score.resamples,
        seed=measured.params.seed,
        clusters=table["image_id"].to_numpy(),
    )
    return run, KINDS[kind], UNITS[kind], strength, *rate


def _top5(
    measured: Measured, top: pd.DataFrame, flips: pd.DataFrame, baseline: str
) -> pd.DataFrame:
    shown = set(top["question_id"])
    of_baseline = flips[(flips["run"] == baseline) & flips["question_id"].isin(shown)]
    changed = of_baseline[of_baseline["flipped"] > 0]["question_id"]
    chosen = changed.iloc[0] if len(changed) else top["question_id"].iloc[0]
    asked = measured.questions[baseline].set_index("question_id").loc[chosen]
    rows = top[top["question_id"] == chosen]
    rows = rows.assign(condition=rows["noise"].map(CONDITIONS), truth=asked["truth"])
    rows["question"] = rows["disturbed_question"].where(
        rows["noise"] == QUESTION, asked["question"]
    )
    order = rows["condition"].map(list(CONDITIONS.values()).index)
    return rows.assign(order=order).sort_values(["order"], kind="stable").drop(columns="order")


def uncertainty_error(measured: Measured, *, runs: list[str]) -> list[Part]:
    """Figure 7 a and b."""
    columns = ["question_id", "accuracy_official", "predictive", "nll_of_error"]
    frame = _of_runs(measured, runs, columns)
    return [Part("uncertainty_error", frame), Part("uncertainty_histograms", frame)]


def top2_distance(measured: Measured, *, runs: list[str]) -> list[Part]:
    """Figure 7 c and d."""
    columns = ["question_id", "question", "answer_type", "margin"]
    return [Part("top2_distance", _of_runs(measured, runs, columns))]


def _of_runs(measured: Measured, runs: list[str], columns: list[str]) -> pd.DataFrame:
    frames = [measured.questions[run][columns].assign(run=run) for run in runs]
    return pd.concat(frames, ignore_index=True)


def loss_variance(measured: Measured, *, runs: list[str]) -> list[Part]:
    """Figure 10."""
    history = measured.history[measured.history["run"].isin(runs)]
    return [Part("loss_variance", from_history(history))]


def controls(measured: Measured, *, table: str) -> list[Part]:
    """The gains of a table over its baseline; accuracies back in fractions, as drawings want."""
    tidy = read_tables(measured.workspace, measured.name)
    gains = tidy[(tidy["table"] == table) & tidy["metric"].str.endswith("_gain")]
    gains = gains.assign(metric=gains["metric"].str.removesuffix("_gain"))
    scale = gains["metric"].map(lambda metric: label_of(metric).scale)
    frame = gains.assign(
        run=gains["row"],
        difference=gains["value"] / scale,
        ci_low=gains["ci_low"] / scale,
        ci_high=gains["ci_high"] / scale,
    )
    return [Part("controls", frame[["run", "metric", "difference", "ci_low", "ci_high", "n"]])]


def training_share(measured: Measured, *, runs: list[str], metrics: list[str]) -> list[Part]:
    """Table V, second block: uncertainty after training on part of the data."""
    table = measured.metrics
    chosen = table[table["run"].isin(runs) & table["metric"].isin(metrics)]
    shares = chosen["run"].map(lambda run: measured.params.run(run).train_share)
    frame = chosen.assign(share=shares, run=measured.params.label(runs[-1]))
    return [Part("training_share", frame.sort_values(["metric", "share"], kind="stable"))]


FIGURES = {
    "noise": noise,
    "variance_inputs": map_figures.variance_inputs,
    "uncertainty_error": uncertainty_error,
    "top2_distance": top2_distance,
    "loss_variance": loss_variance,
    "mask_comparison": map_figures.mask_comparison,
    "attention_samples": map_figures.attention_samples,
    "controls": controls,
    "training_share": training_share,
}
