"""Build the model of a run, and load what training left."""

from typing import Any

import torch
from torch import nn

from project.dataset import Prepared
from project.plan import RunPlan
from vqax.errors import BadData, UsageError
from vqax.learning.fingerprint import differences
from vqax.learning.weights import META, load_model_weights
from vqax.models import MODELS
from vqax.models.evidential_answers import EvidentialAnswers
from vqax.models.forward import BOX
from vqax.models.options import option
from vqax.text.glove import WordVectors, named_vectors
from vqax.vision import FeatureFile


def build(plan: RunPlan, prepared: Prepared, visual_dim: int, *, vectors: bool = True) -> nn.Module:
    """The untrained model of a run, seeded, with word vectors where its plan names some.

    ``visual_dim``: channels of the features, without those of the box. ``vectors=False`` leaves
    the word vectors out: weights that are loaded bring their own.
    """
    planned = plan.model
    kind = option(MODELS, planned.kind, "model")
    torch.manual_seed(plan.seed)
    model = kind(
        words=len(prepared.questions.words),
        answers=len(prepared.answers.answers),
        visual_dim=visual_dim + BOX * getattr(kind, "reads_boxes", False),
        variance=planned.variance,
        variance_input=planned.variance_input,
        **planned.sizes,
    )
    if planned.evidence != "none":
        model.head = EvidentialAnswers(model.head, planned.evidence)
    read = named_vectors(planned.vectors) if vectors else None
    if read is not None:
        _copy_vectors(model.embedding, read, prepared, f"models.{planned.kind}.word_dim")
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


def identity(plan: RunPlan, prepared: Prepared, feature_file: FeatureFile) -> dict[str, Any]:
    """What makes weights this run's: compared before training goes on or maps are made."""
    origin: dict[str, Any] = {}
    if plan.backbone is not None:
        origin = {"backbone": identity(plan.backbone, prepared, feature_file), "fresh": plan.fresh}
    return {
        "run": plan.name,
        **origin,
        **plan.origin,
        **plan.settings,
        "words": len(prepared.questions.words),
        "answers": len(prepared.answers.answers),
        "train_questions": prepared.training_data.questions,
        "train_hash": prepared.training_data.hash,
        "features": {key: str(value) for key, value in feature_file.attributes.items()},
    }


def trained(plan: RunPlan, prepared: Prepared, feature_file: FeatureFile) -> nn.Module:
    """The model of a run with the weights that ``vqax train`` left.

    Raises:
        MissingArtefact: there are none.
        BadData: they are cut, of another architecture, or made with other settings or data.
    """
    model = build(plan, prepared, feature_file.width, vectors=False)
    made_with = load_model_weights(plan.folder, model)
    differing = differences(made_with, identity(plan, prepared, feature_file))
    if differing:
        raise BadData(
            f"{plan.folder / META}: the weights are of another run: {'; '.join(differing[:5])}; "
            f"run `vqax train {plan.name}` or restore these settings"
        )
    return model
