"""Stage ``key_objects``: the boxes that question and answer speak of, and how right they are."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from stages.models import word_vectors
from stages.params import KeyObjects as Settings
from stages.params import Params, named
from stages.prepare import BOX, load_prepared
from stages.workspace import Workspace
from vqax.data import Example, Skipped
from vqax.errors import BadData, UsageError
from vqax.files import read_parquet, write_parquet
from vqax.metrics.key_objects import found_objects, on_needed, padded_boxes
from vqax.text.glove import WordVectors
from vqax.text.key_objects import SELECT, KeyObjects, check_classes, key_objects
from vqax.text.nouns import content_words
from vqax.text.similarity import category_vectors
from vqax.vision.region_store import RegionStore, open_store

PARTS = ("train", "validation", "test")


def run(params: Params, workspace: Workspace, name: str) -> dict[str, Any]:
    """Write data/key_objects/``name``.parquet, best first, with _summary and _skipped beside it.

    Raises:
        UsageError: no such entry, no word vectors, or its regions are a grid.
        MissingArtefact: data set or regions are not there.
        BadData: the regions have no classes, or a class without a name.
    """
    where = "params.yaml: key_objects"
    settings = named(params.key_objects, name, "set of key objects", where)
    vectors = word_vectors(params.text.vectors)
    if vectors is None:
        raise UsageError(f"{where}.{name}: text.vectors is none; name word vectors there")
    store = _regions(workspace, settings.regions)
    prepared = load_prepared(params, workspace, settings.dataset)
    parts = {part: getattr(prepared, part) for part in PARTS}
    known = frozenset(int(image_id) for image_id in store.image_ids)
    asked = {part: [e for e in found if e.image_id in known] for part, found in parts.items()}
    tables, rows = [], []
    for part, examples in asked.items():
        classes = store.classes([example.image_id for example in examples])
        found = _mine(settings, examples, classes, store, vectors)
        tables.append(found)
        needed = read_parquet(workspace.dataset(settings.dataset) / "needed.parquet")
        rows += _summary(part, examples, found, store, needed)
    summary = pd.DataFrame(rows, columns=["part", "metric", "value", "n"])
    skipped = _lost(store, parts, known) + _nameless(store, vectors)
    out = workspace.key_objects(name)
    write_parquet(out, pd.concat(tables, ignore_index=True))
    write_parquet(out.with_name(f"{name}_summary.parquet"), summary)
    write_parquet(
        out.with_name(f"{name}_skipped.parquet"), pd.DataFrame(skipped, columns=Skipped._fields)
    )
    said = {f"{row.part} {row.metric}": row.value for row in summary.itertuples()}
    return {"file": str(out), **said, "skipped": len(skipped)}
