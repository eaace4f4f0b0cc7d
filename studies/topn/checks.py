"""TopN, sections 1 and 3.1: what plain Grad-CAM and the combine layer do with another answer."""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from project.trained import Trained
from studies.topn.probes import Probes
from studies.topn.routing import ALL, BATCH
from vqax.explain.grad_cam import grad_cam
from vqax.explain.topn import topn_grad_cam
from vqax.metrics.rank_correlation import rank_correlation
from vqax.metrics.resize import rectify, resize_area

QUESTION, ANSWER, BOTH = "another question", "another answer", "another question and answer"


def checks(put: Trained, probes: Probes) -> pd.DataFrame:
    """Rows for every pair (q₁, q₂) of one answer a; a' is what q₁'s run holds likely after a.

    pair_similarity: Spearman's ρ of the Grad-CAM maps; in the row ``another question`` of (q₁, a)
    and (q₂, a), in ``another answer`` of (q₁, a) and (q₁, a'), in ``another question and answer``
    of (q₁, a) and (q₂, a'). In the first also sign_change, the share of the entries of A whose
    sign differs between q₁ and q₂; sign_change_of_answer, between a and a'; map_difference, how
    far TopN with all entries is from Grad-CAM of (q₁, a), in units of its largest value; entries,
    how many A has.
    """
    drawn, combined, differences = [], [], []
    for _, batch in put.batches(BATCH):
        given = put.model, batch.visual, batch.tokens
        with torch.no_grad():
            forwards = [put.model(batch.visual, batch.tokens) for _ in range(2)]
        answer = batch.targets.argmax(1)
        other = next_likely(forwards[0].logits, answer)
        plain = grad_cam(*given, answer, put.feature_file.grid)
        drawn.append(torch.stack([plain, grad_cam(*given, other, put.feature_file.grid)]).cpu())
        combined.append(torch.stack([one.combined for one in forwards]).cpu())
        whole = topn_grad_cam(*given, answer, put.feature_file.grid, n=ALL)
        largest = plain.abs().amax((1, 2)).clamp(min=torch.finfo(plain.dtype).tiny)
        differences.append(((whole - plain).abs().amax((1, 2)) / largest).cpu())
    return _table(
        probes,
        rectify(resize_area(torch.cat(drawn, 1).numpy())),
        torch.cat(combined, 1).sign().numpy(),
        torch.cat(differences).double().numpy(),
    )


def next_likely(logits: Tensor, answer: Tensor) -> Tensor:
    """The most likely answer besides ``answer``."""
    return logits.scatter(1, answer[:, None], -torch.inf).argmax(1)


def _table(
    probes: Probes, drawn: np.ndarray, signs: np.ndarray, differences: np.ndarray
) -> pd.DataFrame:
    first, second = (np.array([pair[side] for pair in probes.pairs]) for side in (1, 2))
    (a, other), (sign, sign_again) = drawn, signs
    head = pd.DataFrame(
        {
            "kind": [pair.kind for pair in probes.pairs],
            "question_id": [probes.probes[row].example.question_id for row in first],
            "image_id": [probes.probes[row].example.image_id for row in first],
        }
    )
    likeness = {
        QUESTION: rank_correlation(a[first], a[second]),
        ANSWER: rank_correlation(a[first], other[first]),
        BOTH: rank_correlation(a[first], other[second]),
    }
    found = {row: head.assign(row=row, pair_similarity=of) for row, of in likeness.items()}
    found[QUESTION] = found[QUESTION].assign(
        sign_change=(sign[first] != sign[second]).mean(axis=1),
        sign_change_of_answer=(sign[first] != sign_again[first]).mean(axis=1),
        map_difference=differences[first],
        entries=signs.shape[2],
    )
    return pd.concat(found.values(), ignore_index=True)
