"""The figures of Interp: importance maps, important words, answers that change."""

import numpy as np
import pandas as pd

from project.map_figures import HUMANS, human_maps_of_run, images_for, map_row, spaced
from project.maps import open_hdf5
from project.study import Measured
from studies.interp.words import slug
from vqax.files import read_parquet
from vqax.report.frames import DOT_COLUMNS, WORD_COLUMNS, Part

IMAGES, WORDS = "interp_images", "interp_words"
METHODS = {"occlusion": "occlusion", "gradient": "gradient"}
PREDICTORS = {
    "changes": "changes under occlusion",
    "patch_changes": "… of patches alone",
    "word_changes": "… of words alone",
    "confidence": "confidence alone",
    "changes_and_confidence": "changes and confidence",
    "majority": "majority",
    "chance": "chance",
}
PARTS = ("patches", "large_patches", "words")
SHARES = {
    "flip_rate_of_right": "of right answers",
    "flip_rate_of_wrong": "of wrong answers",
}


def importance_maps(
    measured: Measured, *, maps: dict[str, str], shown: list[str], questions: int
) -> list[Part]:
    """Table 1 as a figure, and the maps ``shown`` on a few questions; ``maps`` is method -> words.

    The questions are spaced evenly over those of the analysis.
    """
    source = measured.workspace.analysis(IMAGES)
    run = str(measured.params.analyses[IMAGES]["name"])
    scores = read_parquet(source / "questions.parquet").set_index(["row", "question_id"])
    with open_hdf5(source / "maps.h5") as file:
        ids = file["question_ids"][:].tolist()
        found = {row: dict(zip(ids, file[row][:], strict=True)) for row in shown}
    human_maps = human_maps_of_run(measured, run, "human_maps")
    chosen = spaced(sorted(ids), questions)
    drawn: dict[tuple[int, str], np.ndarray] = {(one, HUMANS): human_maps[one] for one in chosen}
    rows = [map_row(measured, run, one, HUMANS, float("nan")) for one in chosen]
    for row, of in found.items():
        drawn |= {(one, maps[row]): of[one] for one in chosen}
        for one in chosen:
            score = float(scores.loc[(row, one), "rank_correlation"])
            rows.append(map_row(measured, run, one, maps[row], score, answer=""))
    arrays = {"images": images_for(measured, run, chosen), "maps": drawn}
    metrics = _metrics(measured, IMAGES)
    dots = metrics[metrics["metric"] == "rank_correlation"]
    return [
        Part("importance_maps", pd.DataFrame(rows), arrays),
        Part("importance_agreement", _named(dots, maps)[DOT_COLUMNS]),
    ]


def word_importance(measured: Measured, *, questions: int) -> list[Part]:
    """Figures 2 a and 3: kinds of words by how often they matter most, and a few questions."""
    words = read_parquet(measured.workspace.analysis(WORDS) / "words.parquet")
    table = _metrics(measured, WORDS).set_index(["run", "metric"])
    kinds = words.loc[words["kind"] != "", "kind"].value_counts().index
    rows = []
    for method, name in METHODS.items():
        for kind in kinds:
            cell = table.loc[(slug(kind), f"most_important_{method}")]
            chance = table.loc[(slug(kind), "most_important_chance"), "value"]
            found = cell[["value", "ci_low", "ci_high"]].to_dict()
            rows.append({"kind": kind, "method": name, "chance": chance, "n": cell["n"], **found})
    return [
        Part("word_importance", pd.DataFrame(rows, columns=WORD_COLUMNS)),
        Part("word_heat", _spaced_words(measured, words, questions)),
    ]


def _spaced_words(measured: Measured, words: pd.DataFrame, questions: int) -> pd.DataFrame:
    """Words of questions that are spaced evenly over all."""
    run = str(measured.params.analyses[WORDS]["name"])
    chosen = spaced(sorted(words["question_id"].unique().tolist()), questions)
    asked = measured.questions[run][["question_id", "answer", "truth"]]
    return words[words["question_id"].isin(chosen)].merge(asked, on="question_id")


def answer_changes(measured: Measured) -> list[Part]:
    """Section 4.2: how often the answer changes when it is right and wrong, and what that tells."""
    metrics = _metrics(measured, IMAGES)
    shares = metrics[metrics["run"].isin(PARTS) & metrics["metric"].isin(SHARES)]
    changes = shares.assign(
        run=shares["metric"].map(SHARES), metric="changed_" + shares["run"].astype(str)
    )
    return [
        Part("answer_changes", changes[DOT_COLUMNS].reset_index(drop=True)),
        Part("failure_prediction", _named(metrics, PREDICTORS)[DOT_COLUMNS]),
    ]


def _metrics(measured: Measured, analysis: str) -> pd.DataFrame:
    """The metrics of an analysis; ``run`` is the row alone."""
    table = read_parquet(measured.workspace.analysis(analysis) / "metrics.parquet")
    return table.assign(run=table["run"].str.removeprefix(f"{analysis}/"))


def _named(metrics: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """The rows that have a name, under it and in the order of the names."""
    order = {row: place for place, row in enumerate(names)}
    kept = metrics[metrics["run"].isin(names)]
    kept = kept.sort_values("run", key=lambda run: run.map(order), kind="stable")
    return kept.assign(run=kept["run"].map(names)).reset_index(drop=True)


FIGURES = {
    "importance_maps": importance_maps,
    "word_importance": word_importance,
    "answer_changes": answer_changes,
}
