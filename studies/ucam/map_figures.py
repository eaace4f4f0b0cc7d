"""Figures made of images with maps over them."""

import numpy as np
import pandas as pd

from project.map_figures import HUMANS, human_maps_of_run, images_for, map_row, spaced
from project.maps import open_hdf5, read_maps
from project.study import Measured
from vqax.files import read_parquet
from vqax.report.frames import DOT_COLUMNS, Part

OUTLINED = "what people outlined"


def variance_inputs(measured: Measured, *, runs: list[str], questions: int) -> list[Part]:
    """Figures 5 and 6: attention of runs that differ in what the variance head reads.

    The questions are spaced evenly over those with human maps.
    """
    human_maps = human_maps_of_run(measured, runs[0], "human_maps")
    chosen = spaced(sorted(human_maps), questions)
    maps: dict[tuple[int, str], np.ndarray] = {(one, HUMANS): human_maps[one] for one in chosen}
    rows = [map_row(measured, runs[0], one, HUMANS, float("nan"), answer="") for one in chosen]
    for run in runs:
        label = measured.params.label(run)
        scores = measured.questions[run].set_index("question_id")
        for method, ids, found in read_maps(measured.workspace.explanation(run)):
            if method == "attention":
                of = dict(zip(ids.tolist(), found, strict=True))
                maps |= {(one, label): of[one] for one in chosen}
        rows += [
            map_row(measured, run, one, label, float(scores.loc[one, "attention_rank_correlation"]))
            for one in chosen
        ]
    table = measured.metrics
    wanted = ["attention_rank_correlation", "accuracy_all"]
    dots = table[table["run"].isin(runs) & table["metric"].isin(wanted)]
    arrays = {"images": images_for(measured, runs[0], chosen), "maps": maps}
    return [
        Part("variance_inputs_maps", pd.DataFrame(rows), arrays),
        Part("variance_inputs", dots[DOT_COLUMNS].reset_index(drop=True)),
    ]


def mask_comparison(measured: Measured, *, rows: dict[str, str], questions: int) -> list[Part]:
    """Figure 11: masks of several methods beside the one people drew; ``rows`` maps row -> words.

    The questions are spaced evenly over those with VQA-X maps.
    """
    source = measured.workspace.analysis("explanation_masks")
    scores = read_parquet(source / "questions.parquet")
    scores = scores.set_index(["row", "question_id"])
    with open_hdf5(source / "maps.h5") as file:
        ids = file["question_ids"][:].tolist()
        found = {row: dict(zip(ids, file[row][:], strict=True)) for row in rows}
    first = str(scores.loc[next(iter(rows))]["run"].iloc[0])
    human_maps = human_maps_of_run(measured, first, "explanation_maps")
    chosen = spaced(sorted(ids), questions)
    maps = {(one, OUTLINED): human_maps[one] for one in chosen}
    drawn = [map_row(measured, first, one, OUTLINED, float("nan"), answer="") for one in chosen]
    for row, words in rows.items():
        maps |= {(one, words): found[row][one] for one in chosen}
        for one in chosen:
            score = scores.loc[(row, one)]
            drawn.append(
                map_row(measured, str(score["run"]), one, words, float(score["rank_correlation"]))
            )
    arrays = {"images": images_for(measured, first, chosen), "maps": maps}
    return [Part("mask_comparison", pd.DataFrame(drawn), arrays)]


def attention_samples(measured: Measured, *, questions: int, samples: int) -> list[Part]:
    """Figures 13 to 17: samples of the attention on the questions whose answers vary most.

    ``samples`` of each are shown: spaced evenly from the most to the least certain one.
    """
    source = measured.workspace.analysis("attention_samples")
    table = read_parquet(source / "samples.parquet")
    run = str(measured.params.analyses["attention_samples"]["name"])
    with open_hdf5(source / "maps.h5") as file:
        row_of = {one: row for row, one in enumerate(file["question_ids"][:].tolist())}
        maps = file["maps"][:]
    variety = table.groupby("question_id")["answer"].nunique()
    chosen = variety.sort_values(ascending=False, kind="stable").index[:questions].tolist()
    images = images_for(measured, run, chosen)
    asked = measured.questions[run].set_index("question_id")
    parts = []
    for one in chosen:
        rows = table[table["question_id"] == one].sort_values("entropy", kind="stable")
        rows = rows.iloc[np.linspace(0, len(rows) - 1, min(samples, len(rows))).round().astype(int)]
        frame = rows.assign(
            uncertainty=rows["entropy"],
            question=asked.loc[one, "question"],
            truth=asked.loc[one, "truth"],
        )
        drawn = {int(number): maps[int(number), row_of[one]] for number in rows["sample"]}
        arrays = {"image": images[one], "maps": drawn}
        parts.append(Part("attention_samples", frame, arrays, suffix=str(one)))
    return parts
