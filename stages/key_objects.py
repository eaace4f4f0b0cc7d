"""Stage ``key_objects``: the boxes that question and answer speak of, and how right they are."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from project.dataset import BOX, PARTS, load_prepared
from project.feature_files import open_feature_file
from project.params import Params, named
from project.plan import FeaturePlan
from project.resolve import data_plan, feature_plan
from project.schema import KeyObjects as Settings
from project.workspace import Workspace
from vqax.data import Example, Skipped
from vqax.errors import UsageError
from vqax.files import read_parquet, write_parquet
from vqax.metrics.key_objects import found_objects, padded_boxes
from vqax.text.attributes import Attributes
from vqax.text.glove import WordVectors, named_vectors
from vqax.text.key_objects import SELECT, KeyObjects, check_classes, key_objects
from vqax.text.nouns import attribute_pairs, content_words
from vqax.text.similarity import category_vectors
from vqax.vision.region_file import RegionFile
from vqax.vision.trained_detector import stored_detector


def run(params: Params, workspace: Workspace, name: str) -> dict[str, Any]:
    """Write data/key_objects/``name``.parquet, best first, with _summary and _skipped beside it.

    Raises:
        UsageError: no such entry, no word vectors, or its regions are a grid.
        MissingArtefact: data set or regions are not there.
        BadData: the regions have no classes, or a class without a name.
    """
    where = "params.yaml: key_objects"
    settings = named(params.key_objects, name, "set of key objects", where)
    vectors = named_vectors(params.text.vectors)
    if vectors is None:
        raise UsageError(f"{where}.{name}: text.vectors is none; name word vectors there")
    data = data_plan(params, workspace, settings.dataset)
    features = feature_plan(params, workspace, settings.regions)
    feature_file, prepared = _regions(features), load_prepared(data)
    relevant = read_parquet(data.folder / "relevant_objects.parquet")
    known = {int(image_id) for image_id in feature_file.image_ids}
    attributes_of = _attributes(features, feature_file) if settings.attributes else None
    tables, rows = [], []
    for part in PARTS:
        examples = [example for example in getattr(prepared, part) if example.image_id in known]
        mined = _mine(settings, examples, feature_file, vectors, attributes_of)
        tables.append(_table(examples, mined))
        rows += _summary(part, examples, mined.found, feature_file, relevant)
    everything = [example for part in PARTS for example in getattr(prepared, part)]
    skipped = [
        *_without_regions(feature_file, everything, known),
        *_without_vector(feature_file, vectors),
    ]
    out = workspace.key_objects(name)
    summary = pd.DataFrame(rows, columns=["part", "metric", "value", "n"])
    write_parquet(out, pd.concat(tables, ignore_index=True))
    write_parquet(out.with_name(f"{name}_summary.parquet"), summary)
    write_parquet(
        out.with_name(f"{name}_skipped.parquet"), pd.DataFrame(skipped, columns=Skipped._fields)
    )
    said = {f"{row.part} {row.metric}": row.value for row in summary.itertuples()}
    return {"file": str(out), **said, "skipped": len(skipped)}


class Mined(NamedTuple):
    """Key objects of some questions, the words they are like, the category of each."""

    found: KeyObjects
    words: list[str]
    categories: np.ndarray


def _regions(plan: FeaturePlan) -> RegionFile:
    feature_file = open_feature_file(plan)
    if not isinstance(feature_file, RegionFile):
        raise UsageError(
            f"params.yaml: key_objects: {plan.name} is a grid, whose cells have no category; "
            "name one of `regions`"
        )
    return feature_file


Look = Callable[[Sequence[Example]], Attributes]


def _attributes(plan: FeaturePlan, feature_file: RegionFile) -> Look:
    """What gives the attributes of boxes: the detector that made the regions.

    Raises:
        UsageError: the regions were imported, or their detector knows no attributes.
    """
    detector = None if plan.detector is None else stored_detector(plan.detector)[0]
    if detector is None or detector.attribute is None:
        raise UsageError(
            f"params.yaml: key_objects: attributes: nobody knows those of the boxes of "
            f"{plan.name}; set it to false or name regions of a detector with attributes"
        )
    head, names = detector.attribute, detector.attribute_names

    def attributes_of(examples: Sequence[Example]) -> Attributes:
        rows = {}
        for image_id in dict.fromkeys(example.image_id for example in examples):
            features = torch.from_numpy(feature_file.batch([image_id])[0])
            with torch.inference_mode():
                rows[image_id] = head(features).argmax(dim=1).numpy()
        pairs = attribute_pairs([example.question for example in examples])
        of_boxes = np.array([rows[example.image_id] for example in examples], dtype=np.int64)
        return Attributes(
            [pairs[example.question] for example in examples],
            of_boxes.reshape(len(examples), feature_file.boxes_per_image),
            names,
        )

    return attributes_of


def _mine(
    settings: Settings,
    examples: Sequence[Example],
    feature_file: RegionFile,
    vectors: WordVectors,
    attributes_of: Look | None,
) -> Mined:
    image_ids = [example.image_id for example in examples]
    classes = feature_file.classes(image_ids)
    check_classes(classes, image_ids, feature_file.class_names, str(feature_file.path))
    answers = [example.multiple_choice_answer for example in examples]
    questions = [example.question for example in examples]
    words_of = content_words([*questions, *answers], settings.tokens)
    words = [
        tuple(dict.fromkeys((*words_of[question], *words_of[answer])))
        for question, answer in zip(questions, answers, strict=True)
    ]
    found = key_objects(
        words,
        classes,
        feature_file.scores(image_ids),
        feature_file.class_names,
        vectors,
        sigma=settings.sigma,
        top=settings.top,
        select=SELECT[settings.select],
        attributes=None if attributes_of is None else attributes_of(examples),
    )
    vocabulary = list(dict.fromkeys(word for one in words for word in one))
    categories = np.array(feature_file.class_names, dtype=object)[
        classes[found.question, found.box]
    ]
    return Mined(found, vocabulary, categories)


def _table(examples: Sequence[Example], mined: Mined) -> pd.DataFrame:
    found = mined.found
    ids = np.array([[e.question_id, e.image_id] for e in examples], dtype=np.int64).reshape(-1, 2)
    return pd.DataFrame(
        {
            "question_id": ids[found.question, 0],
            "image_id": ids[found.question, 1],
            "box": found.box.astype(np.int16),
            "word": np.array(mined.words, dtype=object)[found.word].astype(str),
            "category": mined.categories.astype(str),
            "similarity": found.similarity.astype(np.float32),
        }
    )


def _summary(
    part: str,
    examples: Sequence[Example],
    found: KeyObjects,
    feature_file: RegionFile,
    relevant: pd.DataFrame,
) -> list[tuple[str, str, float, int]]:
    """How many questions have key objects; where the needed ones are known, how right they are.

    ``reachable`` is the recall of all boxes together: no choice of key objects can have more.
    """
    having = len(np.unique(found.question))
    images = {example.image_id for example in examples}
    with_any = {examples[row].image_id for row in found.question}
    rows = [
        (part, "questions_with_key_objects", having / max(len(examples), 1), len(examples)),
        (part, "key_objects_per_question", len(found.box) / max(having, 1), having),
        (part, "images_without_key_object", float(len(images - with_any)), len(images)),
    ]
    boxes_of = {
        question_id: group[list(BOX)].to_numpy()
        for question_id, group in relevant[
            relevant["question_id"].isin([e.question_id for e in examples])
        ].groupby("question_id")
    }
    if not boxes_of:
        return rows
    none = np.zeros((0, 4))
    truly = padded_boxes([boxes_of.get(example.question_id, none) for example in examples])
    regions = feature_file.boxes([example.image_id for example in examples])
    chosen = np.zeros(regions.shape[:2], dtype=bool)
    chosen[found.question, found.box] = True
    right = found_objects(regions, chosen, truly)
    reachable = found_objects(regions, np.ones_like(chosen), truly)
    return [
        *rows,
        (part, "precision", right.precision, right.chosen),
        (part, "recall", right.recall, right.relevant),
        (part, "reachable", reachable.recall, reachable.relevant),
    ]


def _without_regions(
    feature_file: RegionFile, examples: Sequence[Example], known: set[int]
) -> list[Skipped]:
    lost = sorted({example.image_id for example in examples} - known)
    reason = "has no regions; extract or import them"
    return [Skipped(str(feature_file.path), f"image_id {image_id}", reason) for image_id in lost]


def _without_vector(feature_file: RegionFile, vectors: WordVectors) -> list[Skipped]:
    known = category_vectors(feature_file.class_names, vectors)[1]
    reason = "has no word vector, so its boxes are no key objects; rename it or give other vectors"
    return [
        Skipped(str(feature_file.path), f"category {name!r}", reason)
        for name, has in zip(feature_file.class_names, known, strict=True)
        if not has
    ]
