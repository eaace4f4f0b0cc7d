"""What the figures of EDL are drawn from: the experiments with classifiers, and VQA runs."""

import numpy as np
import pandas as pd

from project.maps import open_hdf5
from project.study import Measured
from vqax.evidential.overlap import object_masks, overlap
from vqax.evidential.shift import centred
from vqax.files import read_parquet
from vqax.report.frames import DOT_COLUMNS, Part

CASES = {
    "upright": "upright",
    "rotated": "rotated by 90°",
    "upright_255": "upright, in 0 to 255",
    "released": "rotated, in 0 to 255 (as released)",
}
MOVED = "rotated, map moved onto the digit"


def rotation(measured: Measured, *, classifiers: list[str], curves: list[str]) -> list[Part]:
    """Figure 2: one digit rotated under ``classifiers``, and all images under ``curves``."""
    source = measured.workspace.analysis("rotation")
    example = _chosen(measured, read_parquet(source / "example.parquet"), classifiers)
    with open_hdf5(source / "example.h5") as file:
        images = file["images"][:].mean(axis=1)
    table = read_parquet(source / "curves.parquet")
    return [
        Part("rotated_image", example, {"images": images}),
        Part("rotated_curves", _chosen(measured, table, curves)),
    ]


def out_of_distribution(
    measured: Measured, *, classifiers: list[str], example: list[str]
) -> list[Part]:
    """Figures 3 and 4: one out-of-distribution image (``example``), and all of them."""
    source = measured.workspace.analysis("out_of_distribution")
    table = read_parquet(source / "image_values.parquet")
    table = table[table["row"] == table["run"]]  # images of both kinds
    with open_hdf5(source / "example.h5") as file:
        image = file["images"][0]
    shown = _chosen(measured, read_parquet(source / "example.parquet"), example)
    kinds = _chosen(measured, table, classifiers)
    return [
        Part("ood_example", shown, {"image": image}),
        Part("ood_histograms", kinds[["run", "kind", "uncertainty"]]),
    ]


def calibration(measured: Measured, *, classifiers: list[str]) -> list[Part]:
    """Reliability diagram and risk over coverage."""
    source = measured.workspace.analysis("answers")
    return [
        Part(kind, _chosen(measured, read_parquet(source / f"{kind}.parquet"), classifiers))
        for kind in ("reliability", "rejection")
    ]


def object_maps(measured: Measured, *, classifier: str, examples: int) -> list[Part]:
    """Figures 5 to 7: digits upright and rotated, and the turned ones with the map moved."""
    maps, rows = {}, []
    options = measured.params.experiments["overlap"]
    with open_hdf5(measured.workspace.analysis("overlap") / "examples.h5") as file:
        group = file[classifier]
        for case in ("upright", "rotated"):
            found = {key: group[case][key][:examples] for key in ("pixels", "maps", "uncertainty")}
            _add(maps, rows, CASES[case], found, options)
    objects = object_masks(found["pixels"][:, None], options["mask"])
    _add(maps, rows, MOVED, {**found, "maps": centred(found["maps"], objects)}, options)
    return [Part("object_maps", pd.DataFrame(rows), {"maps": maps})]


def _add(
    maps: dict[tuple[str, int], tuple[np.ndarray, np.ndarray]],
    rows: list[dict[str, object]],
    run: str,
    found: dict[str, np.ndarray],
    options: dict[str, object],
) -> None:
    objects = object_masks(found["pixels"][:, None], str(options["mask"]))
    cut = (float(str(options["threshold"])),)
    dice = overlap(found["maps"], objects, cut, scale=str(options["scale"])).dice[:, 0]
    for number, image in enumerate(found["pixels"]):
        maps[run, number] = (image, found["maps"][number])
        vacuity = float(found["uncertainty"][number])
        rows.append({"run": run, "example": number, "dice": dice[number], "uncertainty": vacuity})


def overlap_curves(measured: Measured, *, classifiers: list[str]) -> list[Part]:
    """Tables 1 and 2 over the thresholds, and what depends on none."""
    source = measured.workspace.analysis("overlap")
    table = read_parquet(source / "thresholds.parquet")
    metrics = read_parquet(source / "metrics.parquet")
    curves, dots = [], []
    for name in classifiers:
        for case, words in CASES.items():
            label = measured.params.label(name)
            curves.append(table[table["row"] == f"{name}_{case}"].assign(run=label, case=words))
            own = metrics[metrics["run"] == f"overlap/{name}_{case}"]
            dots.append(own.assign(run=f"{label}: {words}"))
    wanted = ["centroid_distance", "object_emd", "uncertainty"]
    chosen = pd.concat(dots, ignore_index=True)
    chosen = chosen[chosen["metric"].isin(wanted)]
    return [
        Part("threshold_curves", pd.concat(curves, ignore_index=True)),
        Part("overlap_dots", chosen[DOT_COLUMNS].reset_index(drop=True)),
    ]


def uncertainty_map_correlation(measured: Measured, *, runs: list[str]) -> list[Part]:
    """Section 7 for VQA: does any uncertainty follow where the model looks?"""
    table = measured.metrics
    chosen = table[
        table["run"].isin(runs) & table["metric"].str.startswith("uncertainty_map_correlation_")
    ]
    order = chosen["run"].map(runs.index)
    chosen = chosen.assign(order=order).sort_values("order", kind="stable")
    return [Part("uncertainty_map_correlation", chosen[DOT_COLUMNS].reset_index(drop=True))]


def _chosen(measured: Measured, table: pd.DataFrame, classifiers: list[str]) -> pd.DataFrame:
    """The rows of these classifiers in their order, under the words a reader knows."""
    kept = table[table["run"].isin(classifiers)]
    kept = kept.sort_values("run", key=lambda run: run.map(classifiers.index), kind="stable")
    return kept.assign(run=kept["run"].map(measured.params.label)).reset_index(drop=True)


FIGURES = {
    "rotation": rotation,
    "out_of_distribution": out_of_distribution,
    "calibration": calibration,
    "object_maps": object_maps,
    "overlap_curves": overlap_curves,
    "uncertainty_map_correlation": uncertainty_map_correlation,
}
