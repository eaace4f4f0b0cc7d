"""TopN, section 5: the combine layer by one word, ∂A/∂w, where "color" may outweigh the object."""

from typing import NamedTuple

import pandas as pd
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from project.trained import Trained
from studies.topn.probes import COLOUR, Probes
from vqax.explain.topn import most_sensitive, word_sensitivity

BATCH = 64
COLOUR_WORD = "color"
COLUMNS = ["question_id", "image_id", "object_word", "colour_word"]


class ByWord(NamedTuple):
    """|∂A/∂w| of the object's word and of "color"; zero where not ``visual_input`` into."""

    of_object: Float[Tensor, "m c"]
    of_colour: Float[Tensor, "m c"]
    visual_input: Bool[Tensor, "m c"]


def vectors(put: Trained, probes: Probes, count: int) -> ByWord:
    """Of the first ``count`` colour questions; their last word is the object."""
    colour = [row for row, one in enumerate(put.examples) if one.question_type == COLOUR]
    rows = colour[:count]
    some = put.restricted_to([put.examples[row] for row in rows])
    word = put.prepared.questions.index.get(COLOUR_WORD, -1)
    found = []
    for _, batch in some.batches(BATCH):
        lengths = word_sensitivity(put.model, batch.visual, batch.tokens)
        of_colour = ((batch.tokens == word).unsqueeze(2) * lengths).amax(1)
        found.append(torch.stack([lengths[:, -1], of_colour]).cpu())
    width = found[0].shape[2] if found else _width(put)
    result = torch.zeros(2, len(probes.probes), width)
    if found:
        result[:, rows] = torch.cat(found, 1)
    visual_input = torch.zeros(len(probes.probes), width, dtype=torch.bool)
    visual_input[rows] = True
    return ByWord(result[0], result[1], visual_input)


def _width(put: Trained) -> int:
    _, batch = next(put.batches(1))
    with torch.no_grad():
        return int(put.model(batch.visual, batch.tokens).combined.shape[1])


def weights(
    put: Trained, by_word: ByWord, sensitivity: Float[Tensor, "m c"], n: int
) -> pd.DataFrame:
    """Mean |∂A/∂w| of both words over the n entries most sensitive to the question."""
    allowed = most_sensitive(sensitivity, n)
    means = [
        (part * allowed).sum(1) / allowed.sum(1) for part in (by_word.of_object, by_word.of_colour)
    ]
    rows = [
        (example.question_id, example.image_id, float(means[0][row]), float(means[1][row]))
        for row, example in enumerate(put.examples)
        if by_word.visual_input[row].any()
    ]
    return pd.DataFrame(rows, columns=COLUMNS).assign(row="words")
