"""U-CAM figures 13 to 17: is a sample less certain when its attention is elsewhere?"""

from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor

from project.maps import write_hdf5
from project.metric_rows import human_maps_of
from project.params import Params
from project.resolve import run_plan
from project.schema import Positive
from project.trained import load_trained
from project.workspace import Workspace
from vqax.explain.attention_samples import attention_samples
from vqax.files import write_parquet
from vqax.metrics.inter_annotator_agreement import human_alignment
from vqax.metrics.rank_correlation import rank_correlation
from vqax.metrics.resize import resize_area

NAME = "attention_samples"
BATCH = 16


def run(
    params: Params,
    workspace: Workspace,
    *,
    dataset: str,
    name: str,
    samples: Positive,
    questions: Positive,
) -> dict[str, Any]:
    """Write samples.parquet, a row per question and sample, and the maps of all of them.

    ``name`` is the run; the first ``questions`` test questions with human maps are sampled.
    ``correct`` says that the sample's answer is the one most people gave, ``rank_correlation``
    compares its map with theirs.

    Raises:
        BadData: the data set has no human maps.
    """
    human_maps = human_maps_of(workspace, dataset, NAME)
    chosen = frozenset(sorted(human_maps)[:questions])
    loaded = load_trained(run_plan(params, workspace, name), among=chosen)
    frames, maps = [], []
    for start, batch in loaded.batches(BATCH):
        drawn = attention_samples(
            loaded.model, batch.visual, batch.tokens, loaded.feature_file.grid,
            samples=samples, seed=params.seed,
        )  # fmt: skip
        asked = loaded.examples[start : start + len(batch.question_ids)]
        small = resize_area(_numpy(drawn.maps).reshape(-1, *loaded.feature_file.grid))
        maps.append(small.reshape(samples, len(asked), *small.shape[1:]))
        answers = np.asarray(loaded.prepared.answers.answers)[drawn.answer.cpu().numpy()]
        seen = [human_maps[example.question_id] for example in asked] * samples
        frames.append(
            pd.DataFrame(
                {
                    "question_id": [e.question_id for e in asked] * samples,
                    "image_id": [e.image_id for e in asked] * samples,
                    "sample": np.repeat(np.arange(samples), len(asked)),
                    "answer": answers.reshape(-1),
                    "correct": [
                        answer == example.multiple_choice_answer
                        for row in answers
                        for answer, example in zip(row, asked, strict=True)
                    ],
                    "probability": _numpy(drawn.probability).reshape(-1),
                    "entropy": _numpy(drawn.entropy).reshape(-1),
                    "aleatoric": np.nan
                    if drawn.variance is None
                    else _numpy(drawn.variance).reshape(-1),
                    "rank_correlation": human_alignment(rank_correlation, small, seen),
                }
            )
        )
    table = pd.concat(frames, ignore_index=True)
    out = workspace.analysis(NAME)
    write_parquet(out / "samples.parquet", table)
    write_hdf5(
        out / "maps.h5",
        question_ids=loaded.questions.question_ids,
        maps=np.concatenate(maps, axis=1).astype(np.float32),
    )
    by = table.groupby("correct")[["entropy", "aleatoric", "rank_correlation"]].mean()
    return {
        f"{name} of {'right' if right else 'wrong'} samples": value
        for right, row in by.iterrows()
        for name, value in row.items()
    }


def _numpy(values: Tensor) -> np.ndarray:
    return values.detach().double().cpu().numpy()
