"""The questions of a run as its model and its objective see them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from project.dataset import Prepared
from project.feature_files import region_file
from project.plan import RunPlan
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
    plan: RunPlan,
    examples: Sequence[Example],
    prepared: Prepared,
    feature_file: FeatureFile,
    *,
    to_train: bool = False,
) -> VqaDataset:
    """``examples`` encoded for a run; ``to_train``: also what its objective asks for.

    Raises:
        BadData: the model reads boxes and the feature file holds a grid.
        MissingArtefact: the key objects of the run were not mined yet.
    """
    objective, boxes = plan.objective, reads_boxes(plan)
    if boxes:
        region_file(feature_file, f"model {plan.model.kind}")
    hints, bias = None, None
    if to_train and objective.name in NEEDS_KEY_OBJECTS and objective.key_objects is not None:
        regions = region_file(feature_file, plan.name).boxes_per_image
        hints = hints_of(objective.key_objects, regions)
    if to_train and objective.options.get("loss") in NEEDS_BIAS:
        bias = answer_bias(prepared.train, prepared.answers)
    return VqaDataset(
        examples, feature_file, prepared.questions, prepared.answers, plan.model.max_tokens,
        hints=hints, bias=bias, boxes=boxes,
    )  # fmt: skip


def reads_boxes(plan: RunPlan) -> bool:
    """Whether the last channels of what the model is given are boxes."""
    return bool(getattr(MODELS[plan.model.kind], "reads_boxes", False))


def hints_of(path: Path, regions: int) -> dict[int, np.ndarray]:
    """Question -> similarity of each region to a word, (``regions``,), 0 where it is no key object.

    Raises:
        MissingArtefact: there is no such file of key objects.
        BadData: it names a region that the images do not have.
    """
    table = read_parquet(path)
    if len(table) and table["box"].max() >= regions:
        raise BadData(
            f"{path}: names region {table['box'].max()}, but images have {regions}; mine the key "
            f"objects again with `vqax key-objects {path.stem}`"
        )
    hints: dict[int, np.ndarray] = {}
    columns = (table[key].to_numpy() for key in ("question_id", "box", "similarity"))
    for question_id, box, similarity in zip(*columns, strict=True):
        row = hints.setdefault(int(question_id), np.zeros(regions, dtype=np.float32))
        row[box] = max(row[box], similarity)
    return hints
