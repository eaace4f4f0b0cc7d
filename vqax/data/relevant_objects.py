"""The objects that a question is about: which instances one must see to answer it.

``annotations/relevant_objects_{split}.json`` lists under ``relevant_objects`` entries of
``question_id`` and ``instance_ids``, the ``id`` of annotations in ``instances_{split}.json``; none
where the answer is that nothing is there. Scenes writes it, other data sets may bring their own.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from vqax.data.checks import AGAIN, RecordError, Report, entry_name, fail, field
from vqax.data.coco import read_instances_by_id
from vqax.data.folder import VqaFolder
from vqax.data.json_list import read_entries, write_any_json
from vqax.data.records import Example, Skipped
from vqax.errors import MissingArtefact

INFO = {"description": "Which instances one must see to answer a question."}
KEY = "relevant_objects"


class RelevantObject(NamedTuple):
    """An object and its box x1, y1, x2, y2 in pixels of the image."""

    category: str
    box_px: tuple[float, float, float, float]


def write_relevant_objects(path: Path, instance_ids: Mapping[int, Sequence[int]]) -> None:
    """Write the instances that each question needs."""
    entries = [{"question_id": q, "instance_ids": list(ids)} for q, ids in instance_ids.items()]
    write_any_json(path, {"info": INFO, KEY: entries})


def read_relevant_objects(
    folder: VqaFolder, examples: Iterable[Example], skipped: list[Skipped] | None = None
) -> dict[int, list[RelevantObject]]:
    """What each of ``examples`` needs; only those that the folder's files speak of.

    Unusable entries are appended to ``skipped``; without it the first one raises.

    Raises:
        MissingArtefact: there is such a file, but no instances beside it.
        BadData: a file is cut, or (without ``skipped``) an entry names an instance that is not
            there or in another image, or a question occurs twice.
    """
    image_of = {example.question_id: example.image_id for example in examples}
    report: Report = fail if skipped is None else skipped.append
    relevant: dict[int, list[RelevantObject]] = {}
    for one in folder.image_folders:
        path = one.relevant_objects_path
        if path is None:
            continue
        instances = _instances(one, path, skipped)
        for position, raw in enumerate(read_entries(path, KEY)):
            try:
                question_id = field(raw, "question_id", int)
                if question_id in relevant:
                    raise RecordError("occurs twice; keep one of the two entries")
                if question_id in image_of:
                    relevant[question_id] = _found(raw, image_of[question_id], instances)
            except RecordError as problem:
                report(Skipped(str(path), entry_name(raw, position), str(problem)))
    return relevant


def _instances(
    folder: VqaFolder, path: Path, skipped: list[Skipped] | None
) -> dict[int, tuple[int, RelevantObject]]:
    """Image and object by instance id."""
    if folder.instances_path is None:
        raise MissingArtefact(
            f"{path}: names instances, but there is no instances_{folder.split}.json beside it; "
            "put it there"
        )
    found = {}
    for instance_id, instance in read_instances_by_id(folder.instances_path, skipped).items():
        x, y, width, height = instance.box_px
        relevant = RelevantObject(instance.category, (x, y, x + width, y + height))
        found[instance_id] = (instance.image_id, relevant)
    return found


def _found(
    raw: Any, image_id: int, instances: Mapping[int, tuple[int, RelevantObject]]
) -> list[RelevantObject]:
    objects = []
    for instance_id in field(raw, "instance_ids", list):
        if type(instance_id) is not int or instance_id not in instances:
            raise RecordError(f"needs instance {instance_id!r:.80}, which there is not; {AGAIN}")
        image, relevant = instances[instance_id]
        if image != image_id:
            raise RecordError(
                f"needs instance {instance_id} of image_id {image}, but asks about {image_id}; "
                f"{AGAIN}"
            )
        objects.append(relevant)
    return objects
