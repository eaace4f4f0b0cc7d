"""How sure a model is of the answer explained: any function, or a module that gives ``Forward``."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.errors import BadData
from vqax.evaluation.units import Score
from vqax.explain.occlusion_effect import score_of
from vqax.explain.state import left_as_found


def of_model(
    model: nn.Module,
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    *,
    score: str = "probability",
) -> Score:
    """The score of each question's answer from what the model sees: images or cells are hidden.

    ``score`` is one of ``vqax.explain.occlusion_effect.SCORES``. The model is left as found.
    """

    def scored(visual: Tensor, question: Int[Tensor, "n"]) -> Float[Tensor, "n"]:
        with left_as_found(model), torch.no_grad():
            logits: Tensor = model(visual, tokens.to(visual.device)[question]).logits
        return score_of(logits, answer.to(logits.device)[question], score)

    return scored


def of_words(
    model: nn.Module,
    visual: Float[Tensor, "b *cells"],
    answer: Int[Tensor, "b"],
    *,
    score: str = "probability",
) -> Score:
    """The same from the question: words are hidden, the image stays."""

    def scored(tokens: Tensor, question: Int[Tensor, "n"]) -> Float[Tensor, "n"]:
        with left_as_found(model), torch.no_grad():
            logits: Tensor = model(visual[question], tokens).logits
        return score_of(logits, answer.to(logits.device)[question], score)

    return scored


def of_function(
    function: Callable[[Any], Any], answer: Int[Tensor, "b"] | None, *, arrays: bool
) -> Score:
    """``function(inputs (n,...))`` gives a score (n,), or scores (n,a) of which ``answer`` counts.

    ``arrays``: it is given numpy arrays. The score raises BadData where it gets another shape.
    """

    def scored(inputs: Tensor, question: Int[Tensor, "n"]) -> Float[Tensor, "n"]:
        with torch.no_grad():
            given = function(inputs.cpu().numpy() if arrays else inputs)
        scores = torch.as_tensor(np.asarray(given) if arrays else given)
        if scores.dim() == 2 and len(scores) == len(question) and answer is not None:
            chosen = answer.to(scores.device)[question.to(scores.device)]
            return scores.gather(1, chosen[:, None])[:, 0].float()
        if scores.shape != question.shape:
            raise BadData(
                f"the model returned scores of shape {tuple(scores.shape)} for {len(question)} "
                "inputs; return one score each, or one for every answer and say which with answer"
            )
        return scores.float()

    return scored
