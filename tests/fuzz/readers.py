"""Every reader of a foreign format: a good input, how it is damaged, and what reads it."""

import csv
import gzip
import json
import pickle
import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
import yaml
from PIL import Image
from safetensors.torch import save_file

from project.tables import read_tables
from project.workspace import Workspace
from stages.components import load_whole
from stages.explain_one.table import lines_of
from stages.score_file import run as score_file
from stages.table import FORMATS
from tests.data.official import annotation_entry, question_entry, write_pair
from tests.fuzz import mutations
from tests.fuzz.mutations import Damage, Rng
from tests.stages import tiny
from tests.vision import test_imported as layouts
from tests.vision.test_region_file import write_all
from vqax.data.coco import Instance, read_instances, write_instances
from vqax.data.hat import read_human_map
from vqax.data.images import load_rgb
from vqax.data.masks import encode_mask
from vqax.data.records import Skipped
from vqax.data.split import read_split
from vqax.data.vqa_x import read_explanations
from vqax.data.vqa_x_maps import read_explanation_maps
from vqax.evidential.idx import read_idx
from vqax.text.glove import read_glove
from vqax.vision import FeatureWriter, open_feature_file
from vqax.vision.imported import import_regions, open_source
from vqax.vision.imported.row_ids import read_row_ids
from vqax.vision.region_file import RegionFile
from vqax.vision.weights import read_weights

DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class Reader(NamedTuple):
    """``make`` writes a good input into a folder and returns the file for ``damage``.

    ``read`` may return what it left out.
    """

    make: Callable[[Path], Path]
    damage: Damage
    read: Callable[[Path], object]


def gzipped(path: Path) -> Path:
    packed = path.with_name(f"{path.name}.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    return packed


def make_questions(folder: Path) -> Path:
    ids = range(7, 11)
    return write_pair(folder, [*map(question_entry, ids)], [*map(annotation_entry, ids)])[0]


def make_annotations(folder: Path) -> Path:
    make_questions(folder)
    return folder / "annotations.json"


def make_results(folder: Path) -> Path:
    make_questions(folder)
    path = folder / "results.json"
    path.write_text(json.dumps([{"question_id": k, "answer": "dog 1"} for k in range(7, 11)]))
    return path


def read_pair(path: Path) -> None:
    """As the pipeline does, which skips, and as ``vqax score``, which does not."""
    read_split(path.parent / "questions.json", path.parent / "annotations.json")
    read_split(path.parent / "questions.json", path.parent / "annotations.json", strict=True)


def read_results(path: Path) -> None:
    folder = path.parent
    score_file(folder / "questions.json", folder / "annotations.json", path, "official")


def make_instances(folder: Path) -> Path:
    mask = np.zeros((8, 10), dtype=bool)
    mask[2:5, 1:4] = True
    dog = Instance(70, "dog", (1.0, 2.0, 3.0, 3.0), encode_mask(mask), ("red",))
    cat = Instance(71, "cat", (4.0, 0.0, 6.0, 8.0))
    path = folder / "instances.json"
    write_instances(path, [dog, cat], data_subtype="val2014", sizes_px={70: (8, 10), 71: (8, 10)})
    value = json.loads(path.read_text())
    value["annotations"][1]["segmentation"] = [[4, 0, 9, 0, 9, 7, 4, 7]]
    value["annotations"].append(
        {**value["annotations"][0], "id": 3, "segmentation": {"size": [8, 10], "counts": [70, 10]}}
    )
    path.write_text(json.dumps(value))
    return path


def read_all_instances(path: Path) -> None:
    skipped: list[Skipped] = []
    read_instances(path, skipped)
    read_instances(path)


def make_sentences(folder: Path) -> Path:
    path = folder / "val_exp_anno.json"
    path.write_text(json.dumps({"7": ["because it is a dog"], "8": ["it barks", "it is red"]}))
    return path


def make_human_map(folder: Path) -> Path:
    path = folder / "7_1.png"
    Image.fromarray(np.arange(80, dtype=np.uint8).reshape(8, 10)).save(path)
    return path


def make_maps(folder: Path) -> Path:
    path = folder / "7.npz"
    np.savez_compressed(path, np.random.default_rng(0).random((3, 8, 10)))
    return path


def make_map_array(folder: Path) -> Path:
    path = folder / "7.npy"
    np.save(path, np.random.default_rng(0).random((3, 8, 10)).astype(np.float32))
    return path


def image(suffix: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / f"image{suffix}"
        pixels = np.random.default_rng(0).integers(0, 255, (12, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
        return path

    return make


def make_grid_feature_file(folder: Path) -> Path:
    path = folder / "grid.h5"
    features = np.random.default_rng(0).normal(size=(4, 6, 5)).astype(np.float32)
    with FeatureWriter(path, range(4), (2, 3), 5, {"extractor": "tiny", "input_px": 32}) as writer:
        for image_id in range(4):
            writer.write(image_id, features[image_id])
        writer.finish()
    return path


def make_region_feature_file(folder: Path) -> Path:
    write_all(folder / "regions.h5")
    return folder / "regions.h5"


def read_feature_file(path: Path) -> None:
    feature_file = open_feature_file(path)
    feature_file.batch(feature_file.image_ids)
    if isinstance(feature_file, RegionFile):
        for column in (feature_file.boxes_rel, feature_file.classes, feature_file.scores):
            column(feature_file.image_ids)


def attreg(folder: Path) -> Path:
    return layouts.write_attreg(folder / "f.h5")


def counting(folder: Path) -> Path:
    return layouts.write_counting(folder / "f.h5")


def updn(folder: Path) -> Path:
    return layouts.write_updn(folder / "f.h5", folder / "ids.pkl")


def scr(folder: Path) -> Path:
    return layouts.write_updn(folder / "f.h5", folder / "ids.pkl", classes=True, pixels=False)


def adaptive(folder: Path) -> Path:
    return layouts.write_adaptive(folder / "f.h5", folder / "ids.pkl")


def tsv(folder: Path) -> Path:
    return layouts.write_tsv(folder / "f.tsv", map(layouts.tsv_line, layouts.IDS))


def lxmert(folder: Path) -> Path:
    return layouts.write_tsv(folder / "f.tsv", map(layouts.lxmert_line, layouts.IDS))


def tsv_gz(folder: Path) -> Path:
    return gzipped(tsv(folder))


def npz(folder: Path) -> Path:
    return sorted(layouts.write_npz(folder).rglob("*.npz"))[0]


def damaged_npz(path: Path, rng: Rng) -> None:
    if rng.random() < 0.4:
        mutations.bytes_of(path, rng)
        return
    with np.load(path) as archive:
        arrays = dict(archive)
    arrays[mutations.pick(rng, sorted(arrays))] = mutations.pick(rng, mutations.ODD_ARRAYS)
    if rng.random() < 0.2:
        del arrays[mutations.pick(rng, sorted(arrays))]
    np.savez(path, **arrays)


def import_all(path: Path) -> list[Skipped]:
    ids = path.with_name("ids.pkl")
    source = open_source(path, ids=ids if ids.exists() else None)
    out = path.with_name("imported.h5")
    names = layouts.NAMES if source.has_classes else ()
    skipped = import_regions(source, out, class_names=names, boxes=2)
    RegionFile(out)
    return skipped


def import_folder(path: Path) -> list[Skipped]:
    return import_regions(open_source(path.parent), path.parents[1] / "imported.h5", boxes=2)


def row_ids(suffix: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / f"ids{suffix}"
        rows = {42: 0, 7: 1, 900: 2}
        path.write_bytes(json.dumps(rows).encode() if suffix == ".json" else pickle.dumps(rows, 2))
        return path

    return make


def make_params(folder: Path) -> Path:
    path = folder / "params.yaml"
    write_params(path, settings())
    return path


@cache
def settings() -> dict[str, Any]:
    return tiny.study_settings()


def write_params(path: Path, value: dict[str, Any]) -> None:
    text = yaml.dump(value, Dumper=DUMPER, sort_keys=False, allow_unicode=True)
    path.write_text(text, encoding="utf-8")


def damaged_params(path: Path, rng: Rng) -> None:
    if rng.random() < 0.2:
        mutations.bytes_of(path, rng)
        return
    section = mutations.pick(rng, sorted(settings()))
    write_params(path, settings() | {section: mutations.value_of(settings()[section], rng)})


def weights(suffix: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / f"w{suffix}"
        state = {"b": torch.arange(6.0).view(2, 3), "a": torch.ones(4)}
        torch.save(state, path) if suffix == ".pth" else save_file(state, path)
        return path

    return make


def idx(folder: Path) -> Path:
    path = folder / "images"
    path.write_bytes(struct.pack(">4I", 0x803, 3, 4, 5) + bytes(range(60)))
    return path


def glove(folder: Path) -> Path:
    path = folder / "glove.txt"
    path.write_text("the 0.1 0.2 0.3\n. . . 1 2 3\ndog -1 -2 -3e-2\n")
    return path


def table(suffix: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / f"asked{suffix}"
        lines = pd.DataFrame({"image": ["a.png", "b.png"], "question": ["what?", 'why, "so"?']})
        if suffix == ".csv":
            lines.to_csv(path, index=False, quoting=csv.QUOTE_ALL)
        else:
            lines.to_parquet(path)
        return path

    return make


def make_reported(folder: Path) -> Path:
    path = Workspace(folder, {}).tables("headline") / "ucam_II.parquet"
    path.parent.mkdir(parents=True)
    path.write_bytes((tiny.ROOT / "results" / "headline" / "tables" / path.name).read_bytes())
    return path


def damaged_table(path: Path, rng: Rng) -> None:
    """A column left out, emptied, of another kind, or bytes."""
    if rng.random() < 0.3:
        mutations.bytes_of(path, rng)
        return
    lines = pd.read_parquet(path)
    column = mutations.pick(rng, list(lines.columns))
    kind = int(rng.integers(4))
    if kind == 0:
        lines = lines.drop(columns=column)
    elif kind == 1:
        lines[column] = None
    elif kind == 2:
        lines = lines.iloc[: int(rng.integers(2))]
    else:
        lines[column] = [mutations.pick(rng, [1, -0.5, 2**40])] * len(lines)
    lines.to_parquet(path)


def read_reported(path: Path) -> None:
    lines = read_tables(Workspace(path.parents[3], {}), "headline")
    for form in FORMATS.values():
        form(lines)


def hdf5_reader(make: Callable[[Path], Path]) -> Reader:
    return Reader(make, mutations.hdf5_of, import_all)


def map_reader(make: Callable[[Path], Path]) -> Reader:
    return Reader(make, mutations.bytes_of, lambda path: read_explanation_maps(path, (8, 10)))


def bytes_reader(make: Callable[[Path], Path], read: Callable[[Path], Any]) -> Reader:
    return Reader(make, mutations.bytes_of, read)


READERS: dict[str, Reader] = {
    "questions": Reader(make_questions, mutations.json_of, read_pair),
    "annotations": Reader(make_annotations, mutations.json_of, read_pair),
    "results": Reader(make_results, mutations.json_of, read_results),
    "instances": Reader(make_instances, mutations.json_of, read_all_instances),
    "sentences": Reader(make_sentences, mutations.json_of, read_explanations),
    "gzipped_json": bytes_reader(lambda f: gzipped(make_sentences(f)), read_explanations),
    "human_map": bytes_reader(make_human_map, read_human_map),
    "maps_npz": map_reader(make_maps),
    "maps_npy": map_reader(make_map_array),
    "jpeg": bytes_reader(image(".jpg"), load_rgb),
    "png": bytes_reader(image(".png"), load_rgb),
    "gif": bytes_reader(image(".gif"), load_rgb),
    "tiff": bytes_reader(image(".tiff"), load_rgb),
    "webp": bytes_reader(image(".webp"), load_rgb),
    "grid_feature_file": Reader(make_grid_feature_file, mutations.hdf5_of, read_feature_file),
    "region_file": Reader(make_region_feature_file, mutations.hdf5_of, read_feature_file),
    "attreg": hdf5_reader(attreg),
    "updn": hdf5_reader(updn),
    "scr": hdf5_reader(scr),
    "adaptive": hdf5_reader(adaptive),
    "counting": hdf5_reader(counting),
    "tsv": Reader(tsv, mutations.fields_of, import_all),
    "lxmert": Reader(lxmert, mutations.fields_of, import_all),
    "tsv_gz": bytes_reader(tsv_gz, import_all),
    "npz": Reader(npz, damaged_npz, import_folder),
    "ids_pickle": bytes_reader(row_ids(".pkl"), read_row_ids),
    "ids_json": Reader(row_ids(".json"), mutations.json_of, read_row_ids),
    "params": Reader(make_params, damaged_params, load_whole),
    "safetensors": bytes_reader(weights(".safetensors"), read_weights),
    "pth": bytes_reader(weights(".pth"), read_weights),
    "idx": bytes_reader(idx, lambda path: read_idx(path, axes=3)),
    "glove": bytes_reader(glove, read_glove),
    "csv": Reader(table(".csv"), mutations.fields_of, lambda path: lines_of(path, (), "")),
    "reported_table": Reader(make_reported, damaged_table, read_reported),
    "parquet": bytes_reader(table(".parquet"), lambda path: lines_of(path, (), "")),
}
