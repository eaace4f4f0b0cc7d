"""Figures of TopN: the sweep over n, and maps of pairs of questions."""

import numpy as np
import pandas as pd

from project.dataset import load_prepared
from project.maps import open_hdf5
from project.resolve import data_plan
from project.study import Measured
from studies.topn.routing import ALL, EXCLUSIVE, RANDOM, SENSITIVE, WORD, name_of
from vqax.data.images import load_rgb
from vqax.files import read_parquet
from vqax.report.frames import Part

WORDS = {
    SENSITIVE: "most sensitive to the question",
    RANDOM: "at random",
    EXCLUSIVE: "sensitive, not shared by the pair",
    WORD: "most sensitive to the object's word",
}
METRICS = ["pair_similarity", "own_share", "preference", "rank_correlation"]


def sweep(measured: Measured, *, analyses: list[str]) -> list[Part]:
    """A drawing per analysis: every metric over the number of entries."""
    return [Part("topn_sweep", _curves(measured, name), suffix=name) for name in analyses]


def _curves(measured: Measured, name: str) -> pd.DataFrame:
    source = measured.workspace.analysis(name)
    questions = read_parquet(source / "questions.parquet")
    tried = questions[["how", "n"]].dropna().drop_duplicates().astype({"n": int})
    full = int(questions["entries"].max())
    metrics = read_parquet(source / "metrics.parquet")
    values = metrics[metrics["metric"].isin(METRICS)].set_index(["run", "metric"])
    label = measured.params.label(str(measured.params.analyses[name]["name"]))
    whole = [(how, ALL) for how in (SENSITIVE, RANDOM)]
    rows = []
    for how, n in dict.fromkeys([*tried.itertuples(index=False, name=None), *whole]):
        for metric in METRICS:
            key = (f"{name}/{name_of(how, n)}", metric)
            if how in WORDS and key in values.index:
                found = values.loc[key, ["value", "ci_low", "ci_high"]]
                rows.append((label, WORDS[how], metric, full if n == ALL else n, *found))
    columns = ["question", "how", "metric", "entries", "value", "ci_low", "ci_high"]
    frame = pd.DataFrame(rows, columns=columns)
    order = frame["metric"].map(METRICS.index)
    return frame.assign(order=order).sort_values("order", kind="stable").drop(columns="order")


def map_pairs(measured: Measured, *, analysis: str, columns: dict[str, str]) -> list[Part]:
    """The pairs whose maps were kept; ``columns``: choice as maps.h5 calls it -> heading."""
    source = measured.workspace.analysis(analysis)
    probes = read_parquet(source / "probes.parquet").set_index("question_id")
    with open_hdf5(source / "maps.h5") as file:
        ids = file["question_ids"][:].tolist()
        found = {heading: file[choice][:] for choice, heading in columns.items()}
    dataset = measured.params.analyses[analysis]["dataset"]
    prepared = load_prepared(data_plan(measured.params, measured.workspace, dataset))
    maps, rows, images = {}, [], {}
    for place, one in enumerate(ids):
        asked = probes.loc[one]
        images[place] = load_rgb(prepared.image_path(int(asked["image_id"])))
        for heading, drawn in found.items():
            maps[place, heading] = drawn[place]
            head = {"question_id": place, "question": asked["question"], "truth": asked["answer"]}
            rows.append({**head, "map": heading, "answer": "", "rank_correlation": np.nan})
    return [Part("topn_maps", pd.DataFrame(rows), {"images": images, "maps": maps})]


FIGURES = {
    "topn_sweep": sweep,
    "topn_maps": map_pairs,
}
