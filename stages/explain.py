"""Stage ``explain``: predictions with their uncertainty, and the maps of a whole split."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from stages.device import checked
from stages.maps import Maps
from stages.models import trained
from stages.params import Explain, Params
from stages.prepare import load_prepared
from stages.workspace import Workspace
from vqax.data import Example
from vqax.errors import BadData
from vqax.explain import EXPLAINERS
from vqax.explain.predict import Prediction, mc_predict
from vqax.files import write_parquet
from vqax.learning.batches import Batch, VqaDataset, batches
from vqax.learning.sampler import Sampler
from vqax.metrics.accuracy import accuracies
from vqax.metrics.margin import top2_margin
from vqax.metrics.uncertainty import uncertainties
from vqax.vision import FeatureStore


def run(
    params: Params, workspace: Workspace, name: str, *, device: str = "cpu", progress: Any = None
) -> dict[str, Any]:
    """Write predictions.parquet, index.parquet and one HDF5 of raw, signed maps per method."""
    settings = params.explain
    dataset = params.run(name).dataset
    prepared = load_prepared(params, workspace, dataset)
    store = FeatureStore(workspace.features(dataset), extractor=params.features.extractor)
    place = torch.device(checked(device))
    model = trained(params, name, prepared, store, workspace.run(name)).to(place).eval()
    questions = VqaDataset(
        prepared.test, store, prepared.questions, prepared.answers, params.text.max_tokens
    )
    if len(questions) == 0:
        raise BadData(
            f"{store.path}: no picture of the {len(prepared.test)} test questions has features; "
            f"run `vqax features extract {dataset}`"
        )
    kept = set(questions.question_ids.tolist())
    examples = [example for example in prepared.test if example.question_id in kept]
    maps, frames = Maps(questions.question_ids, store.grid), []
    for start, batch in _batches(questions, settings.batch_size, place):
        prediction = mc_predict(
            model, batch.visual, batch.tokens, settings.samples, params.seed + start
        )
        frames.append(_rows(prediction, prepared.answers.answers))
        answer = prediction.forward.logits.argmax(1)
        for method in _methods(settings, prediction):
            raw = EXPLAINERS[method](model, batch.visual, batch.tokens, answer, store.grid)
            maps.add(method, start, raw.float().cpu().numpy())
        if progress is not None:
            progress(start + len(answer), len(examples))
    predictions = _predictions(examples, pd.concat(frames, ignore_index=True))
    out = workspace.explanation(name)
    write_parquet(out / "predictions.parquet", predictions)
    maps.write(out, predictions["answer"].tolist())
    return {
        "run": name,
        "questions": len(predictions),
        "without features": len(questions.skipped),
        "maps": list(maps.methods),
        "accuracy": float(predictions["accuracy_official"].mean()),
    }


def _batches(questions: VqaDataset, size: int, place: torch.device) -> Iterator[tuple[int, Batch]]:
    """The questions in order, each batch with the row it starts at."""
    read = batches(questions, Sampler(len(questions), size, shuffle=False), workers=1)
    for number, batch in enumerate(read):
        yield number * size, batch.to(place)


def _methods(settings: Explain, prediction: Prediction) -> list[str]:
    """A model without attention has no attention map; it is left out and the index says so."""
    has_attention = prediction.forward.attention is not None
    return [method for method in settings.methods if has_attention or method != "attention"]


def _rows(prediction: Prediction, answers: tuple[str, ...]) -> pd.DataFrame:
    """Top-5 answers without dropout; uncertainty over the Monte-Carlo passes."""
    probabilities = prediction.forward.logits.float().softmax(dim=1)
    top = probabilities.topk(min(5, len(answers)), dim=1)
    variance = prediction.variance
    samples = prediction.probabilities.double().cpu().numpy()
    measures = uncertainties(samples, None if variance is None else _numpy(variance))
    return pd.DataFrame(
        {
            "answer": [answers[i] for i in top.indices[:, 0].tolist()],
            "top5_answers": [[answers[i] for i in row] for row in top.indices.tolist()],
            "top5_probabilities": top.values.cpu().tolist(),
            **measures,
            "margin": top2_margin(_numpy(probabilities)),
        }
    )


def _numpy(tensor: Tensor) -> np.ndarray:
    return tensor.detach().double().cpu().numpy()


def _predictions(examples: list[Example], rows: pd.DataFrame) -> pd.DataFrame:
    asked = pd.DataFrame(
        {
            "question_id": [e.question_id for e in examples],
            "image_id": [e.image_id for e in examples],
            "question": [e.question for e in examples],
            "question_type": [e.question_type for e in examples],
            "answer_type": [e.answer_type for e in examples],
            "truth": [e.multiple_choice_answer for e in examples],
        }
    )
    given = dict(zip(asked["question_id"], rows["answer"], strict=True))
    scores = {
        f"accuracy_{mode}": np.asarray(accuracies(given, examples, mode=mode))
        for mode in ("official", "simple")
    }
    return pd.concat([asked, rows], axis=1).assign(**scores)
