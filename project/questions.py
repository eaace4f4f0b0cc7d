"""The questions of a run as its model and its objective see them."""

from collections.abc import Sequence

import numpy as np

from project.dataset import Prepared
from project.feature_files import region_file
from project.params import Params
from project.workspace import Workspace
from vqax.data import Example
from vqax.errors import BadData
from vqax.files import read_parquet
from vqax.learning import NEEDS_KEY_OBJECTS
from vqax.learning.answer_losses import NEEDS_BIAS
from vqax.learning.batches import VqaDataset
from vqax.learning.bias import answer_bias
from vqax.models import MODELS
from vqax.vision import FeatureFile


def questions_of(
    params: Params,
    name: str,
    examples: Sequence[Example],
    prepared: Prepared,
    feature_file: FeatureFile,
    workspace: Workspace | None = None,
) -> VqaDataset:
    """``examples`` encoded for run ``name``; with ``workspace`` also what its objective asks for.

    Raises:
        BadData: the model reads boxes and the feature file holds a grid.
        MissingArtefact: the key objects of the run were not mined yet.
    """
    run = params.run(name)
    boxes = reads_boxes(params, name)
    if boxes:
        region_file(feature_file, f"model {run.model}")
    hints, bias = None, None
    asks = run.objective.name in NEEDS_KEY_OBJECTS and run.key_objects != "none"
    if workspace is not None and asks:
        hints = hints_of(
            workspace, run.key_objects, region_file(feature_file, name).boxes_per_image
        )
    if workspace is not None and run.objective.options.get("loss") in NEEDS_BIAS:
        bias = answer_bias(prepared.train, prepared.answers)
    return VqaDataset(
        examples, feature_file, prepared.questions, prepared.answers, params.text.max_tokens,
        hints=hints, bias=bias, boxes=boxes,
    )  # fmt: skip


def reads_boxes(params: Params, name: str) -> bool:
    """Whether the last channels of what the model is given are boxes."""
    return bool(getattr(MODELS[params.run(name).model], "reads_boxes", False))


def hints_of(workspace: Workspace, name: str, regions: int) -> dict[int, np.ndarray]:
    """Question -> similarity of each region to a word, (``regions``,), 0 where it is no key object.

    Raises:
        MissingArtefact: there is no such file of key objects.
        BadData: it names a region that the images do not have.
    """
    path = workspace.key_objects(name)
    table = read_parquet(path)
    if len(table) and table["box"].max() >= regions:
        raise BadData(
            f"{path}: names region {table['box'].max()}, but images have {regions}; mine the key "
            f"objects again with `vqax key-objects {name}`"
        )
    hints: dict[int, np.ndarray] = {}
    columns = (table[key].to_numpy() for key in ("question_id", "box", "similarity"))
    for question_id, box, similarity in zip(*columns, strict=True):
        row = hints.setdefault(int(question_id), np.zeros(regions, dtype=np.float32))
        row[box] = max(row[box], similarity)
    return hints
