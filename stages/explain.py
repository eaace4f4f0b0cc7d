"""Stage ``explain``: predictions with their uncertainty, and the maps of a whole split."""

from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor

from project.maps import Maps
from project.params import Params
from project.plan import ExplainPlan
from project.region_maps import RegionMaps
from project.resolve import explain_plan
from project.trained import Trained, load_trained
from project.workspace import Workspace
from vqax.accuracy_rules import Mode
from vqax.data import Example
from vqax.explain import EXPLAINERS
from vqax.explain.gradient import forward_with_graph
from vqax.explain.layers import shows_layers
from vqax.explain.predict import Prediction, sample_head
from vqax.files import write_parquet
from vqax.learning.batches import Batch
from vqax.metrics.accuracy import accuracies
from vqax.metrics.margin import top2_margin
from vqax.metrics.resize import GRID
from vqax.metrics.uncertainty import uncertainties
from vqax.models.order import likeliest
from vqax.vision.region_file import RegionFile


def run(
    params: Params, workspace: Workspace, name: str, *, device: str = "cpu", progress: Any = None
) -> dict[str, Any]:
    """Write predictions.parquet, index.parquet and one HDF5 of raw, signed maps per method."""
    plan = explain_plan(params, workspace, name)
    loaded = load_trained(plan.run, device=device)
    feature_file, examples, questions = loaded.feature_file, loaded.examples, loaded.questions
    regions = _regions(loaded)
    maps = Maps(questions.question_ids, feature_file.grid if regions is None else GRID)
    frames = []
    for start, batch in loaded.batches(plan.batch_size):
        rows, raw_maps = _explained(loaded, batch, plan, plan.run.seed + start)
        frames.append(rows)
        for method, raw in raw_maps.items():
            drawn = raw if regions is None else regions.on_grid(method, start, raw)
            maps.add(method, start, drawn.float().cpu().numpy())
        if progress is not None:
            progress(start + len(rows), len(examples))
    predictions = _predictions(
        examples, pd.concat(frames, ignore_index=True), loaded.prepared.accuracy
    )
    write_parquet(plan.out / "predictions.parquet", predictions)
    maps.write(plan.out, predictions["answer"].tolist())
    if regions is not None:
        regions.write(plan.out)
    return {
        "run": name,
        "questions": len(predictions),
        "without features": len(questions.skipped),
        "maps": list(maps.methods),
        "accuracy": float(predictions["accuracy_official"].mean()),
    }


def _regions(loaded: Trained) -> RegionMaps | None:
    """Where the weights of regions are kept, if the run reads regions."""
    if not isinstance(loaded.feature_file, RegionFile):
        return None
    questions = loaded.questions
    return RegionMaps(loaded.feature_file, questions.question_ids, questions.image_ids)


def _explained(
    loaded: Trained, batch: Batch, plan: ExplainPlan, seed: int
) -> tuple[pd.DataFrame, dict[str, Tensor]]:
    """Predictions and raw maps of a batch, from one pass of the image encoder where a method allows
    it.

    What a model has not the needs of, as attention or layers, is left out; the index says so.
    """
    model, grid = loaded.model, loaded.feature_file.grid
    forward = forward_with_graph(model, batch.visual, batch.tokens)
    answer = forward.logits.argmax(1)
    maps, layers = {}, shows_layers(model)
    for method in plan.methods:
        explain = EXPLAINERS[method]
        if explain.lacks(forward, layers=layers):
            continue
        if explain.of_forward is None:
            maps[method] = explain(model, batch.visual, batch.tokens, answer, grid)
        else:
            maps[method] = explain.of_forward(model, forward, answer, grid)
    prediction = sample_head(model, forward, plan.samples, seed)
    return _rows(prediction, loaded.prepared.answers.answers), maps


def _rows(prediction: Prediction, answers: tuple[str, ...]) -> pd.DataFrame:
    """Top-5 answers without dropout; uncertainty over the Monte-Carlo passes."""
    logits = prediction.forward.logits
    probabilities, top = logits.float().softmax(dim=1), likeliest(logits, 5)
    variance = prediction.variance
    samples = prediction.probabilities.double().cpu().numpy()
    vacuity = prediction.vacuity
    measures = uncertainties(
        samples,
        None if variance is None else _numpy(variance),
        None if vacuity is None else _numpy(vacuity),
    )
    return pd.DataFrame(
        {
            "answer": [answers[i] for i in top[:, 0].tolist()],
            "top5_answers": [[answers[i] for i in row] for row in top.tolist()],
            "top5_probabilities": probabilities.gather(1, top).cpu().tolist(),
            **measures,
            "margin": top2_margin(_numpy(probabilities)),
        }
    )


def _numpy(tensor: Tensor) -> np.ndarray:
    return tensor.detach().double().cpu().numpy()


def _predictions(examples: list[Example], rows: pd.DataFrame, rule: Mode) -> pd.DataFrame:
    """``accuracy_official`` is by ``rule``, that of the data set: official unless it says other."""
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
        "accuracy_official": accuracies(given, examples, mode=rule),
        "accuracy_simple": accuracies(given, examples, mode="simple"),
    }
    return pd.concat([asked, rows], axis=1).assign(**scores)
