"""Build the model of a run, and load what training left."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from torch import nn

from project.dataset import Prepared
from project.params import Params, named
from project.schema import Run, Training
from vqax.errors import BadData, UsageError
from vqax.learning.fingerprint import differences
from vqax.learning.weights import META, load_model_weights
from vqax.models import MODELS
from vqax.models.evidential_answers import EvidentialAnswers
from vqax.models.forward import BOX
from vqax.settings import OPTIONS_OF, OptimiserSettings
from vqax.text.glove import WordVectors, named_vectors
from vqax.vision import FeatureFile


def build(
    params: Params, name: str, prepared: Prepared, visual_dim: int, *, vectors: bool = True
) -> nn.Module:
    """The untrained model of run ``name``, seeded, with word vectors where params.yaml asks.

    ``visual_dim``: channels of the features, without those of the box. ``vectors=False`` leaves
    the word vectors out: weights that are loaded bring their own.
    """
    run = params.run(name)
    kind = named(MODELS, run.model, "model", "vqax.models.MODELS")
    torch.manual_seed(params.seed_of(name))
    model = kind(
        words=len(prepared.questions.words),
        answers=len(prepared.answers.answers),
        visual_dim=visual_dim + BOX * getattr(kind, "reads_boxes", False),
        variance=run.variance,
        variance_input=run.variance_input,
        **params.sizes_of(name),
    )
    if run.evidence != "none":
        model.head = EvidentialAnswers(model.head, run.evidence)
    read = named_vectors(params.text.vectors) if vectors else None
    if read is not None:
        _copy_vectors(model.embedding, read, prepared, f"models.{run.model}.word_dim")
    return model


def _copy_vectors(
    embedding: nn.Embedding, vectors: WordVectors, prepared: Prepared, where: str
) -> None:
    rows = torch.from_numpy(vectors.lookup(prepared.questions.words))
    if rows.shape[1] != embedding.embedding_dim:
        raise UsageError(
            f"params.yaml: {where} is {embedding.embedding_dim}, but text.vectors has "
            f"{rows.shape[1]} dimensions; make them equal or set text.vectors to none"
        )
    known = rows.abs().sum(dim=1) > 0
    with torch.no_grad():
        embedding.weight[known] = rows[known]


def identity(
    params: Params, name: str, prepared: Prepared, feature_file: FeatureFile
) -> dict[str, Any]:
    """What makes weights this run's: compared before training goes on or maps are made."""
    run = params.run(name)
    return {
        "run": name,
        **_origin(params, run, prepared, feature_file),
        "model": run.model,
        "sizes": params.sizes_of(name),
        "objective": run.objective.model_dump(mode="json"),
        "variance": run.variance,
        "variance_input": run.variance_input,
        **({} if run.evidence == "none" else {"evidence": run.evidence}),
        "train_share": run.train_share,
        "training": _training(params.training_of(name)),
        "text": params.text.model_dump(mode="json"),
        "seed": params.seed_of(name),
        "words": len(prepared.questions.words),
        "answers": len(prepared.answers.answers),
        "train_questions": prepared.training_data.questions,
        "train_hash": prepared.training_data.hash,
        "features": {key: str(value) for key, value in feature_file.attributes.items()},
    }


def _training(training: Training) -> dict[str, Any]:
    """The training settings; what only some optimisers have is named where it is not usual."""
    usual = {field.name: field.default for field in fields(OptimiserSettings)}
    special = {option for options in OPTIONS_OF.values() for option in options}
    value = training.model_dump(mode="json")
    for key in ("optimiser", "variance_optimiser"):
        settings = getattr(training, key)
        for option in special if settings is not None else ():
            if getattr(settings, option) == usual[option]:
                del value[key][option]
    return value


def _origin(
    params: Params, run: Run, prepared: Prepared, feature_file: FeatureFile
) -> dict[str, Any]:
    """What a fine-tuned run starts from and sees besides: other weights if any of it changes."""
    origin: dict[str, Any] = {}
    if run.backbone_run is not None:
        backbone = identity(params, run.backbone_run, prepared, feature_file)
        origin = {"backbone": backbone, "fresh": run.fresh}
    if run.key_objects != "none":
        mined = params.key_objects[run.key_objects]
        origin["key_objects"] = mined.model_dump(mode="json")
    return origin


def trained(
    params: Params, name: str, prepared: Prepared, feature_file: FeatureFile, folder: Path
) -> nn.Module:
    """The model of run ``name`` with the weights that ``vqax train`` left in ``folder``.

    Raises:
        MissingArtefact: there are none.
        BadData: they are cut, of another architecture, or made with other settings or data.
    """
    model = build(params, name, prepared, feature_file.width, vectors=False)
    made_with = load_model_weights(folder, model)
    differing = differences(made_with, identity(params, name, prepared, feature_file))
    if differing:
        raise BadData(
            f"{folder / META}: the weights are of another run: {'; '.join(differing[:5])}; "
            f"run `vqax train {name}` or restore these settings"
        )
    return model
