"""What is said of one question about one image, whoever draws it: figure or page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from PIL import Image

from vqax.metrics.catalogue import METRICS
from vqax.report.labels import spaced
from vqax.report.numbers import number, readable

UNCERTAINTIES = ("aleatoric", "epistemic", "predictive")
HOW_TO_READ = (
    "Each map is cut at zero and stretched to its own range: colours compare places in one map, "
    "not the strength of two maps. Maps of pixels are blurred a little."
)
MISSING = {
    "aleatoric": "Not estimated: this run predicts no variance of its scores.",
    "epistemic": "Not estimated: this model has no head with dropout that could be sampled.",
}


class Method(NamedTuple):
    """An explainer as a reader knows it: its name, and how its map is to be read."""

    name: str
    meaning: str = ""


METHODS = {
    "attention": Method(
        "attention", "How the model weighted the cells before it answered; alike for every answer."
    ),
    "grad_cam": Method("Grad-CAM", "Which cells raise the score of the explained answer."),
    "grad_cam_plus_plus": Method(
        "Grad-CAM++", "Grad-CAM where places with positive gradients count, however few."
    ),
    "layer_cam": Method("LayerCAM", "What each cell adds to the score by its positive gradients."),
    "topn_grad_cam": Method(
        "top-n Grad-CAM", "Grad-CAM through the entries that depend most on the question alone."
    ),
    "aleatoric_mask": Method(
        "aleatoric mask",
        "How certain each cell is: gradients of the answer and of the data uncertainty (U-CAM).",
    ),
    "predictive_mask": Method(
        "predictive mask",
        "How certain each cell is: gradients of the answer and of the whole uncertainty (U-CAM).",
    ),
    "input_gradient": Method(
        "input gradient", "How much each pixel changes the score, by the true gradient."
    ),
    "guided_backprop": Method(
        "guided backpropagation", "The gradient along positive paths only; shows edges and shapes."
    ),
    "deconvolution": Method(
        "deconvolution", "The gradient with only its positive part passed down."
    ),
    "guided_grad_cam": Method(
        "guided Grad-CAM", "Guided backpropagation where Grad-CAM is positive."
    ),
    "integrated_gradients": Method(
        "integrated gradients", "The gradient times the pixel, along the way from a grey image."
    ),
    "region_integrated_gradients": Method(
        "integrated gradients of cells", "The same for the cells, from empty ones."
    ),
    "occlusion": Method("occlusion", "How much probability is lost when a patch is made grey."),
    "region_occlusion": Method(
        "occlusion of cells", "How much probability is lost when a cell is emptied."
    ),
    "rise": Method("RISE", "Mean probability over random masks that leave a pixel visible."),
    "region_rise": Method("RISE of cells", "The same for the cells."),
    "smooth_grad": Method("SmoothGrad", "The true gradient, mean over images with noise."),
    "region_smooth_grad": Method("SmoothGrad of cells", "The same for the cells."),
    "layer_attention": Method(
        "attention of layers", "How the answer's place looks at the cells, mean of all layers."
    ),
    "rollout": Method("attention rollout", "Attention followed through all layers."),
    "attention_gradient": Method(
        "attention × gradient", "Attention where more of it raises the score."
    ),
    "relevance": Method(
        "relevance", "Attention times gradient, followed through all layers (Chefer)."
    ),
    "block_grad_cam": Method(
        "Grad-CAM of a block", "Which cells raise the score, behind a block of the transformer."
    ),
    "region_shapley": Method(
        "Shapley values of cells", "What the cell adds to the score, mean over random company."
    ),
    "word_shapley": Method(
        "Shapley values of words", "What the word adds to the score, mean over random company."
    ),
    "word_integrated_gradients": Method(
        "integrated gradients of words", "What the word adds to the score, from empty words."
    ),
    "word_occlusion": Method(
        "word occlusion", "How much probability is lost when the word is left out."
    ),
    "word_gradient": Method("word gradient", "How much the score changes with the word's vector."),
    "word_gradient_input": Method(
        "word gradient × vector", "What the word's vector adds to the score, to first order."
    ),
    "guided_word_gradient": Method(
        "guided word gradient", "The word gradient along positive paths only."
    ),
}


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """One question, its answer, and why.

    ``top5`` are (answer, probability). ``uncertainties`` have the names and units of
    ``vqax.report.labels.METRICS`` and are NaN where the run estimates none. ``explained`` is the
    answer that the raw, signed ``maps`` (by method) and ``word_scores`` (by method, one number
    for each of ``words``) are about, ``probability`` what the model gives it. ``truth`` is "" for
    a question that is not in the data set.
    """

    image: Image.Image
    question: str
    words: tuple[str, ...]
    top5: tuple[tuple[str, float], ...]
    uncertainties: Mapping[str, float]
    explained: str
    probability: float
    maps: Mapping[str, Float[np.ndarray, "_ _"]] = field(default_factory=dict)
    word_scores: Mapping[str, Float[np.ndarray, "_"]] = field(default_factory=dict)
    truth: str = ""
    notes: tuple[str, ...] = ()

    @property
    def answer(self) -> str:
        return self.top5[0][0]


def method_name(method: str) -> str:
    return METHODS.get(method, Method(spaced(method))).name


def method_meaning(method: str) -> str:
    """One sentence, or "" for a method this module does not know."""
    return METHODS.get(method, Method("")).meaning


def percent(probability: float) -> str:
    """``93 %``; one digit more below 10, because five answers may share little."""
    share = 100 * probability
    return "< 0.1 %" if 0 < share < 0.05 else f"{number(share, 0 if share >= 9.95 else 1)} %"


def unsure(explained: Explained) -> list[tuple[str, str, str]]:
    """Name, value and meaning of the three uncertainties; of one that is missing, why."""
    values = explained.uncertainties
    return [
        (name, readable(values[name]), METRICS[name].meaning)
        if np.isfinite(values[name])
        else (name, "–", MISSING.get(name, "Not estimated."))
        for name in UNCERTAINTIES
    ]
