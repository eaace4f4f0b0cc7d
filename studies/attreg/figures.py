"""Figures of AttReg: sweeps, ignored key objects by epoch, faithfulness of attention."""

from collections.abc import Iterator

import pandas as pd

from project.study import Measured
from studies.attreg import detection_figures
from vqax.files import read_parquet
from vqax.report.frames import CURVE_COLUMNS, Part

ACCURACY = "accuracy_all"
OUT, IN = "out of domain", "in domain"


def lambda_sweep(measured: Measured, *, runs: dict[str, float], baseline: str) -> list[Part]:
    """Figure 4: accuracy over λ, out of domain and in it; ``runs``: run -> its λ."""
    label = measured.params.label(baseline)
    rows = [
        (where, name, x, *_accuracy(measured, source), "λ", f"accuracy {where} (%)")
        for where, suffix in ((OUT, ""), (IN, "_in"))
        for run, x in runs.items()
        for name, one in (("with AttReg", run), (label, baseline))
        for source in (f"domains/{one}{suffix}" if suffix else one,)
    ]
    return [Part("lambda_sweep", _ranked(rows))]


def choices(measured: Measured, *, panels: dict[str, dict[str, int]], baseline: str) -> list[Part]:
    """Figure 5a: accuracy over what a panel changes; ``panels``: its name -> run -> the number."""
    label = measured.params.label(baseline)
    rows = [
        (panel, name, x, *_accuracy(measured, one), panel, "accuracy out of domain (%)")
        for panel, runs in panels.items()
        for run, x in sorted(runs.items(), key=lambda item: item[1])
        for name, one in (("with AttReg", run), (label, baseline))
    ]
    return [Part("choices", pd.DataFrame(rows, columns=CURVE_COLUMNS))]


def ignored(measured: Measured, *, runs: list[str]) -> list[Part]:
    """Figure 5b: ignored key objects of the training questions by epoch of fine-tuning."""
    history = measured.history
    chosen = history[
        history["run"].isin(runs)
        & (history["split"] == "train")
        & (history["metric"] == "ignored_key_objects")
    ]
    frame = chosen.assign(
        panel="ignored",
        run=chosen["run"].map(measured.params.label),
        x=chosen["epoch"],
        ci_low=float("nan"),
        ci_high=float("nan"),
        x_name="epoch of fine-tuning",
        y_name="ignored key objects per question",
    )
    return [Part("ignored", frame[CURVE_COLUMNS].reset_index(drop=True))]


def faithfulness(measured: Measured, *, run: str, methods: dict[str, str]) -> list[Part]:
    """Figure 7: what regions do, by their weight; ``methods``: explainer -> name for readers."""
    source = measured.workspace.analysis("faithfulness")
    frames = []
    for file, x, value, words in (
        ("parts", "part", "accuracy", ("tenth of the regions, 1 the highest", "accuracy (%)")),
        ("ranks", "rank", "tvd", ("rank of the region taken away", "total variation distance")),
    ):
        table = read_parquet(source / f"{file}.parquet")
        table = table[(table["run"] == run) & table["method"].isin(list(methods))]
        scale = 100.0 if value == "accuracy" else 1.0
        columns = {name: scale * table[name] for name in ("ci_low", "ci_high")}
        frames.append(
            table.assign(
                **columns,
                panel=file,
                run=table["method"].map(methods),
                x=table[x],
                value=scale * table[value],
                x_name=words[0],
                y_name=words[1],
            )[CURVE_COLUMNS]
        )
    return [Part("faithfulness", pd.concat(frames, ignore_index=True))]


def _accuracy(measured: Measured, source: str) -> Iterator[float]:
    """Value and interval in per cent."""
    table = measured.metrics
    found = table[(table["run"] == source) & (table["metric"] == ACCURACY)].iloc[0]
    return (100.0 * float(found[key]) for key in ("value", "ci_low", "ci_high"))


def _ranked(rows: list[tuple[object, ...]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=CURVE_COLUMNS)
    return frame.sort_values(["panel", "x"], ascending=[False, True])


FIGURES = {
    "lambda_sweep": lambda_sweep,
    "choices": choices,
    "ignored": ignored,
    "faithfulness": faithfulness,
    "detections": detection_figures.detections,
}
