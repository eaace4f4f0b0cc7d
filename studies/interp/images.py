"""Interp, table 1 and section 4.2: does a model without attention look where people look?

Guided backpropagation and occlusion are compared with human maps at 14×14, in magnitude as the
paper says, and so are controls that the paper has not: the map for another question about the
image, and a mean human map, which know nothing of the question. Occlusion also tells how often
the answer changes, and whether that foretells failure (``interp_failures``).
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from project.maps import write_hdf5
from project.metric_rows import asked_table, column_mean, human_maps_of, write_metrics
from project.params import Params
from project.pixels import images_of, pixel_model
from project.resolve import run_plan
from project.schema import Positive
from project.trained import Trained, load_trained
from project.workspace import Workspace
from studies.interp.failures import predicted_failures, predictor_metrics, share_metrics
from vqax.data import Example
from vqax.evaluation.randomisation import reinitialised
from vqax.explain import EXPLAINERS
from vqax.explain.occlusion import occluded
from vqax.explain.word_occlusion import occluded_words
from vqax.files import write_parquet
from vqax.metrics.accuracy import ACCURACIES
from vqax.metrics.inter_annotator_agreement import human_alignment, inter_annotator_agreement
from vqax.metrics.rank_correlation import rank_correlation
from vqax.metrics.resize import GRID, resize_area

NAME = "interp_images"
BATCH = 64
OCCLUSIONS = ("occlusion", "occlusion_large")
GRADIENTS = ("guided_backprop", "deconvolution", "input_gradient")
SHUFFLED = ("occlusion", "guided_backprop")
UNLEARNT = "guided_backprop_answerer_reinitialised"
METHODS = (
    *("random", "occlusion", "guided_backprop", "human"),
    *("occlusion_large", "deconvolution", "input_gradient"),
    *(f"{method}_of_another_question" for method in SHUFFLED),
    UNLEARNT,
    "mean_human_map",
)
HumanMaps = dict[int, np.ndarray]
Maps = dict[str, np.ndarray]


class VisualInput(NamedTuple):
    """Maps (n,14,14) by method, and how often the answer changed."""

    maps: Maps
    changes: pd.DataFrame


def run(
    params: Params,
    workspace: Workspace,
    *,
    dataset: str,
    name: str,
    images: Positive,
    patches: Positive,
    large_patches: Positive,
) -> dict[str, Any]:
    """Write questions.parquet, changes.parquet, metrics.parquet and maps.h5.

    The run ``name`` is asked the questions with human maps about the first ``images`` images;
    ``patches`` by ``patches`` grey patches hide a part of each, and so do ``large_patches``,
    which the paper has not.

    Raises:
        BadData: the data set has no human maps.
    """
    human_maps = human_maps_of(workspace, dataset, NAME)
    loaded = _about(params, workspace, name, human_maps, images)
    examples = loaded.examples
    human_maps = {example.question_id: human_maps[example.question_id] for example in examples}
    visual_input = _look(loaded, patches, large_patches, params.seed)
    maps = {**visual_input.maps, **_controls(visual_input.maps, human_maps, examples, params.seed)}
    scores = pd.concat([_scores(loaded, method, maps, human_maps) for method in METHODS])
    failures = predicted_failures(visual_input.changes, seed=params.seed)
    metrics = [
        *_agreement(scores, params),
        *share_metrics(NAME, visual_input.changes, params),
        *predictor_metrics(NAME, failures, params),
    ]
    out = workspace.analysis(NAME)
    ids = np.array(list(human_maps), dtype=np.int64)
    write_hdf5(out / "maps.h5", question_ids=ids, **maps)
    write_parquet(out / "questions.parquet", pd.concat([scores, failures], ignore_index=True))
    write_parquet(out / "changes.parquet", visual_input.changes)
    return write_metrics(out, metrics)


def _about(
    params: Params, workspace: Workspace, name: str, human_maps: HumanMaps, images: int
) -> Trained:
    """The run and the questions with human maps about the first images."""
    loaded = load_trained(run_plan(params, workspace, name), among=frozenset(human_maps))
    first = set(sorted({example.image_id for example in loaded.examples})[:images])
    return loaded.restricted_to([e for e in loaded.examples if e.image_id in first])


def _look(loaded: Trained, patches: int, large: int, seed: int) -> VisualInput:
    model = pixel_model(loaded)
    unlearnt = pixel_model(loaded._replace(model=reinitialised(loaded.model, seed)))
    names = (*OCCLUSIONS, *GRADIENTS, UNLEARNT)
    parts: dict[str, list[np.ndarray]] = {name: [] for name in names}
    changes = []
    for start, batch in loaded.batches(BATCH):
        with torch.no_grad():
            logits = loaded.model(batch.visual, batch.tokens).logits
        answer = logits.argmax(1)
        examples = loaded.examples[start : start + len(answer)]
        given, which = images_of(loaded, examples)
        asked = given, batch.tokens, answer, loaded.feature_file.grid
        hidden = [
            occluded(model, *asked, image_of=which, patches=(size, size))
            for size in (patches, large)
        ]
        without = occluded_words(loaded.model, batch.visual, batch.tokens, answer)
        for method, found in zip(OCCLUSIONS, hidden, strict=True):
            parts[method].append(_small(found.drops))
        for method in GRADIENTS:
            explain = EXPLAINERS[method]
            parts[method].append(
                _small(explain(model, *asked, image_of=which, score="probability"))
            )
        unlearnt_maps = EXPLAINERS["guided_backprop"](
            unlearnt, *asked, image_of=which, score="probability"
        )
        parts[UNLEARNT].append(_small(unlearnt_maps))
        shares = {
            "patches": hidden[0].flip_rate,
            "large_patches": hidden[1].flip_rate,
            "words": without.flip_rate,
            "confidence": logits.softmax(1).amax(1),
        }
        changes.append(_changes(loaded, examples, answer, shares))
    maps = {method: np.concatenate(found) for method, found in parts.items()}
    return VisualInput(maps, pd.concat(changes, ignore_index=True))


def _small(maps: Tensor) -> np.ndarray:
    """Magnitudes at 14×14."""
    return resize_area(maps.detach().abs().double().cpu().numpy())


def _changes(
    loaded: Trained, examples: list[Example], answer: Tensor, shares: dict[str, Tensor]
) -> pd.DataFrame:
    answers = [loaded.prepared.answers.answers[index] for index in answer.tolist()]
    return pd.DataFrame(
        {
            "question_id": [example.question_id for example in examples],
            "image_id": [example.image_id for example in examples],
            "answer": answers,
            "accuracy_official": [
                ACCURACIES[loaded.prepared.accuracy](given, example.answers)
                for given, example in zip(answers, examples, strict=True)
            ],
            **{name: share.detach().double().cpu().numpy() for name, share in shares.items()},
        }
    )


def _controls(maps: Maps, human_maps: HumanMaps, examples: list[Example], seed: int) -> Maps:
    """Maps that do not depend on the model, or not on the question."""
    images = np.array([example.image_id for example in examples])
    other = _another_question(images)
    shuffled = {
        f"{name}_of_another_question": np.where(
            (other >= 0)[:, None, None], maps[name][other], np.nan
        ).astype(np.float32)
        for name in SHUFFLED
    }
    random = np.random.default_rng(seed).random((len(images), *GRID)).astype(np.float32)
    means = np.stack([_mean_map(drawn) for drawn in human_maps.values()])
    return {**shuffled, "random": random, "mean_human_map": _of_other_images(means, images)}


def _another_question(images: np.ndarray) -> np.ndarray:
    """For each question the next one about its image, in a circle; -1 where it has none."""
    other = np.full(len(images), -1)
    for image in np.unique(images):
        rows = np.flatnonzero(images == image)
        if len(rows) > 1:
            other[rows] = np.roll(rows, -1)
    return other


def _mean_map(drawn: np.ndarray) -> np.ndarray:
    """The mean of the maps of a question, each with the sum 1 where it has one."""
    sums = drawn.sum(axis=(1, 2), keepdims=True, dtype=np.float64)
    return np.divide(drawn, sums, out=np.zeros(drawn.shape), where=sums > 0).mean(axis=0)


def _of_other_images(means: np.ndarray, images: np.ndarray) -> np.ndarray:
    """The mean over the questions about all other images; NaN where there is no other one."""
    _, which = np.unique(images, return_inverse=True)
    sums = np.zeros((which.max() + 1, *means.shape[1:]))
    np.add.at(sums, which, means)
    left = len(images) - np.bincount(which)
    rest = np.full(sums.shape, np.nan)
    np.divide(sums.sum(axis=0) - sums, left[:, None, None], out=rest, where=left[:, None, None] > 0)
    return rest[which].astype(np.float32)


def _scores(loaded: Trained, method: str, maps: Maps, human_maps: HumanMaps) -> pd.DataFrame:
    table = asked_table(loaded.examples)
    if method == "human":
        agreement = inter_annotator_agreement(human_maps, rank_correlation)
        values = np.array([agreement[one] for one in table["question_id"]])
    else:
        values = human_alignment(rank_correlation, maps[method], list(human_maps.values()))
    return table.assign(run=loaded.name, row=method, rank_correlation=values)


def _agreement(scores: pd.DataFrame, params: Params) -> Iterator[tuple[Any, ...]]:
    """Mean with its interval over images, and the standard error s/√n over questions."""
    for method, table in scores.groupby("row", sort=False):
        row = f"{NAME}/{method}"
        mean = column_mean(table, "rank_correlation", params)
        yield row, "rank_correlation", *mean, "Spearman's rho", "higher"
        error = table["rank_correlation"].sem()
        yield row, "standard_error", error, np.nan, np.nan, mean.n, "Spearman's rho", "lower"
