"""Interp, table 1 and section 4.2: does a model without attention look where people look?

Guided backpropagation and occlusion are compared with people's maps at 14×14, in magnitude as the
paper says, and so are controls that the paper has not: the map for another question about the
picture, and a mean human map, which know nothing of the question. Occlusion also tells how often
the answer changes, and whether that foretells failure (``interp_failures``).
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from stages.analyses.interp_failures import foretold, predictor_metrics, share_metrics
from stages.analyses.rows import asked_table, column_mean, people_of, write_metrics
from stages.maps import write_hdf5
from stages.params import Params
from stages.pixels import pictures_of, pixel_model
from stages.sections import Positive
from stages.trained import Trained, load_trained
from stages.workspace import Workspace
from vqax.data import Example
from vqax.explain import EXPLAINERS
from vqax.explain.occlusion import occluded
from vqax.explain.word_occlusion import occluded_words
from vqax.files import write_parquet
from vqax.metrics.accuracy import ACCURACIES
from vqax.metrics.people import agreement_with_people, human_agreement
from vqax.metrics.rank_correlation import rank_correlation
from vqax.metrics.resize import GRID, resize_area

NAME = "interp_images"
BATCH = 64
OCCLUSIONS = ("occlusion", "occlusion_large")
GRADIENTS = ("guided_backprop", "deconvolution", "input_gradient")
SHUFFLED = ("occlusion", "guided_backprop")
METHODS = (
    *("random", "occlusion", "guided_backprop", "human"),
    *("occlusion_large", "deconvolution", "input_gradient"),
    *(f"{method}_of_another_question" for method in SHUFFLED),
    "mean_human_map",
)
People = dict[int, np.ndarray]
Maps = dict[str, np.ndarray]


class Looked(NamedTuple):
    """Maps (n,14,14) by method, and how often the answer changed."""

    maps: Maps
    changes: pd.DataFrame


def run(
    params: Params,
    workspace: Workspace,
    *,
    dataset: str,
    name: str,
    pictures: Positive,
    patches: Positive,
    large_patches: Positive,
) -> dict[str, Any]:
    """Write questions.parquet, changes.parquet, metrics.parquet and maps.h5.

    The run ``name`` is asked the questions with human maps about the first ``pictures`` pictures;
    ``patches`` by ``patches`` grey patches hide a part of each, and so do ``large_patches``,
    which the paper has not.

    Raises:
        BadData: the data set has no human maps.
    """
    people = people_of(workspace, dataset, NAME)
    subject = _about(params, workspace, name, people, pictures)
    examples = subject.examples
    people = {example.question_id: people[example.question_id] for example in examples}
    looked = _look(params, subject, patches, large_patches)
    maps = {**looked.maps, **_controls(looked.maps, people, examples, params.seed)}
    scores = pd.concat([_scores(subject, method, maps, people) for method in METHODS])
    failures = foretold(looked.changes, seed=params.seed)
    metrics = [
        *_agreement(scores, params),
        *share_metrics(NAME, looked.changes, params),
        *predictor_metrics(NAME, failures, params),
    ]
    out = workspace.analysis(NAME)
    ids = np.array(list(people), dtype=np.int64)
    write_hdf5(out / "maps.h5", question_ids=ids, **maps)
    write_parquet(out / "questions.parquet", pd.concat([scores, failures], ignore_index=True))
    write_parquet(out / "changes.parquet", looked.changes)
    return write_metrics(out, metrics)


def _about(
    params: Params, workspace: Workspace, name: str, people: People, pictures: int
) -> Trained:
    """The run and the questions with human maps about the first pictures."""
    subject = load_trained(params, workspace, name, among=frozenset(people))
    first = set(sorted({example.image_id for example in subject.examples})[:pictures])
    return subject.asked([e for e in subject.examples if e.image_id in first])


def _look(params: Params, subject: Trained, patches: int, large: int) -> Looked:
    model = pixel_model(params, subject)
    parts: dict[str, list[np.ndarray]] = {name: [] for name in (*OCCLUSIONS, *GRADIENTS)}
    changes = []
    for start, batch in subject.batches(BATCH):
        with torch.no_grad():
            logits = subject.model(batch.visual, batch.tokens).logits
        answer = logits.argmax(1)
        examples = subject.examples[start : start + len(answer)]
        given, which = pictures_of(params, subject, examples)
        asked = given, batch.tokens, answer, subject.store.grid
        hidden = [
            occluded(model, *asked, picture_of=which, patches=(size, size))
            for size in (patches, large)
        ]
        without = occluded_words(subject.model, batch.visual, batch.tokens, answer)
        for method, found in zip(OCCLUSIONS, hidden, strict=True):
            parts[method].append(_small(found.drops))
        for method in GRADIENTS:
            explain = EXPLAINERS[method]
            parts[method].append(
                _small(explain(model, *asked, picture_of=which, score="probability"))
            )
        shares = {
            "patches": hidden[0].changed_share,
            "large_patches": hidden[1].changed_share,
            "words": without.changed_share,
            "confidence": logits.softmax(1).amax(1),
        }
        changes.append(_changes(subject, examples, answer, shares))
    maps = {method: np.concatenate(found) for method, found in parts.items()}
    return Looked(maps, pd.concat(changes, ignore_index=True))


def _small(maps: Tensor) -> np.ndarray:
    """Magnitudes at 14×14."""
    return resize_area(maps.detach().abs().double().cpu().numpy())


def _changes(
    subject: Trained, examples: list[Example], answer: Tensor, shares: dict[str, Tensor]
) -> pd.DataFrame:
    answers = [subject.prepared.answers.answers[index] for index in answer.tolist()]
    return pd.DataFrame(
        {
            "question_id": [example.question_id for example in examples],
            "image_id": [example.image_id for example in examples],
            "answer": answers,
            "accuracy_official": [
                ACCURACIES[subject.prepared.accuracy](given, example.answers)
                for given, example in zip(answers, examples, strict=True)
            ],
            **{name: share.detach().double().cpu().numpy() for name, share in shares.items()},
        }
    )


def _controls(maps: Maps, people: People, examples: list[Example], seed: int) -> Maps:
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
    means = np.stack([_mean_map(drawn) for drawn in people.values()])
    return {**shuffled, "random": random, "mean_human_map": _of_other_pictures(means, images)}


def _another_question(images: np.ndarray) -> np.ndarray:
    """For each question the next one about its picture, in a circle; -1 where it has none."""
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


def _of_other_pictures(means: np.ndarray, images: np.ndarray) -> np.ndarray:
    """The mean over the questions about all other pictures; NaN where there is no other one."""
    _, which = np.unique(images, return_inverse=True)
    sums = np.zeros((which.max() + 1, *means.shape[1:]))
    np.add.at(sums, which, means)
    left = len(images) - np.bincount(which)
    rest = np.full(sums.shape, np.nan)
    np.divide(sums.sum(axis=0) - sums, left[:, None, None], out=rest, where=left[:, None, None] > 0)
    return rest[which].astype(np.float32)


def _scores(subject: Trained, method: str, maps: Maps, people: People) -> pd.DataFrame:
    table = asked_table(subject.examples)
    if method == "human":
        agreement = human_agreement(people, rank_correlation)
        values = np.array([agreement[one] for one in table["question_id"]])
    else:
        values = agreement_with_people(rank_correlation, maps[method], list(people.values()))
    return table.assign(run=subject.name, row=method, rank_correlation=values)


def _agreement(scores: pd.DataFrame, params: Params) -> Iterator[tuple[Any, ...]]:
    """Mean with its interval over pictures, and the standard error s/√n over questions."""
    for method, table in scores.groupby("row", sort=False):
        row = f"{NAME}/{method}"
        mean = column_mean(table, "rank_correlation", params)
        yield row, "rank_correlation", *mean, "Spearman's rho", "higher"
        error = table["rank_correlation"].sem()
        yield row, "standard_error", error, np.nan, np.nan, mean.n, "Spearman's rho", "lower"
