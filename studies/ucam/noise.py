"""U-CAM figure 4: does the answer survive a little noise in the image or in the question?"""

from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np
import pandas as pd
import torch
from pydantic import Field
from torch import Tensor

from project.params import Params
from project.resolve import run_plan
from project.schema import Positive, Rate
from project.trained import Trained, load_trained
from project.workspace import Workspace
from vqax.explain.noise import NoisyAnswers, answers_under_noise
from vqax.files import write_parquet
from vqax.learning.batches import Batch
from vqax.models.order import likeliest
from vqax.text.tokens import PAD_INDEX

NAME = "noise"
BATCH = 64
Strengths = Annotated[list[Rate], Field(min_length=1)]
IMAGE, QUESTION = "image", "question"
COLUMNS = ["question_id", "image_id", "run", "noise", "strength", "flipped", "probability_change"]
TOP = ["question_id", "run", "noise", "strength", "answer", "disturbed_question", "probability"]


def run(
    params: Params,
    workspace: Workspace,
    *,
    dataset: str,  # noqa: ARG001  names the features that the stage depends on
    runs: list[str],
    strengths: Strengths,
    samples: Positive,
    examples: Positive,
) -> dict[str, Any]:
    """Write questions.parquet, a row per question, kind and strength, and top5.parquet.

    ``flipped`` is the share of ``samples`` disturbances after which the top answer is another
    one, ``probability_change`` the mean change of the probability of the undisturbed answer. An
    image is disturbed by Gaussian noise of ``strengths`` standard deviations of its features, a
    question by another word in the place of one of its words (strength 1). top5.parquet shows
    the answers of the first ``examples`` questions at the smallest strength.
    """
    rows, tops = [], []
    for name in runs:
        loaded = load_trained(run_plan(params, workspace, name))
        for start, batch in loaded.batches(BATCH):
            for kind, strength, answers in _disturbed(
                loaded, batch, strengths, samples, params.seed
            ):
                rows.append(_rows(loaded, batch, kind, strength, answers))
                if start < examples and (kind == QUESTION or strength == min(strengths)):
                    tops += _top(loaded, batch, kind, strength, answers, examples - start)
    questions = pd.concat(rows, ignore_index=True)[COLUMNS]
    out = workspace.analysis(NAME)
    write_parquet(out / "questions.parquet", questions)
    write_parquet(out / "top5.parquet", pd.DataFrame(tops, columns=TOP).drop_duplicates(TOP[:5]))
    rates = questions.groupby(["run", "noise", "strength"])["flipped"].mean()
    return {f"{one}, {kind} {strength:g}": rate for (one, kind, strength), rate in rates.items()}


def _disturbed(
    loaded: Trained, batch: Batch, strengths: list[float], samples: int, seed: int
) -> Iterator[tuple[str, float, NoisyAnswers]]:
    given = (loaded.model, batch.visual, batch.tokens, batch.question_ids)
    for strength in strengths:
        yield (
            IMAGE,
            strength,
            answers_under_noise(*given, strength=strength, samples=samples, seed=seed),
        )
    words = len(loaded.prepared.questions.words)
    yield QUESTION, 1.0, answers_under_noise(*given, words=words, samples=samples, seed=seed)


def _rows(
    loaded: Trained, batch: Batch, kind: str, strength: float, answers: NoisyAnswers
) -> pd.DataFrame:
    chosen = answers.before.argmax(dim=1, keepdim=True)
    before = answers.before.gather(1, chosen)[:, 0]
    after = answers.after.gather(2, chosen.expand(len(answers.after), -1, -1))[..., 0]
    return pd.DataFrame(
        {
            "question_id": batch.question_ids.numpy(),
            "image_id": batch.image_ids.numpy(),
            "run": loaded.name,
            "noise": kind,
            "strength": strength,
            "flipped": _numpy(answers.flipped.double().mean(dim=0)),
            "probability_change": _numpy((after - before).mean(dim=0)),
        }
    )


def _top(
    loaded: Trained, batch: Batch, kind: str, strength: float, answers: NoisyAnswers, count: int
) -> list[tuple[Any, ...]]:
    """The five first answers of the first questions, undisturbed and disturbed once."""
    known, words = loaded.prepared.answers.answers, loaded.prepared.questions.words
    asked = [
        " ".join(words[token] for token in row if token != PAD_INDEX)
        for row in answers.questions[0, :count].tolist()
    ]
    rows = []
    for label, probabilities in (("none", answers.before), (kind, answers.after[0])):
        top = likeliest(probabilities[:count], 5)
        given = 0.0 if label == "none" else strength
        for question_id, question, values, indices in zip(
            batch.question_ids[:count].tolist(),
            asked,
            probabilities[:count].gather(1, top).tolist(),
            top.tolist(),
            strict=True,
        ):
            rows += [
                (question_id, loaded.name, label, given, known[i], question, value)
                for i, value in zip(indices, values, strict=True)
            ]
    return rows


def _numpy(values: Tensor) -> np.ndarray:
    return values.to(torch.float64).cpu().numpy()
