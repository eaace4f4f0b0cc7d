"""Where a model looked: every method by its name, all with one signature.

The package is what ``vqax.explain(model, image, question)`` calls, too.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from vqax.explain.attention import attention, attention_of_forward
from vqax.explain.attention_gradient import attention_gradient
from vqax.explain.black_box import BlackBox, black_box
from vqax.explain.block_grad_cam import block_grad_cam
from vqax.explain.certainty import aleatoric_mask, predictive_mask
from vqax.explain.explainer import NEEDS, Explainer
from vqax.explain.grad_cam import grad_cam, grad_cam_of_forward
from vqax.explain.grad_cam_plus_plus import grad_cam_plus_plus, grad_cam_plus_plus_of_forward
from vqax.explain.guided import deconvolution, guided_backprop, guided_grad_cam, input_gradient
from vqax.explain.integrated_gradients import integrated_gradients, region_integrated_gradients
from vqax.explain.layer_attention import layer_attention
from vqax.explain.layer_cam import layer_cam, layer_cam_of_forward
from vqax.explain.occlusion import occlusion
from vqax.explain.pixels import PixelModel
from vqax.explain.region_grad_cam import (
    region_grad_cam,
    region_grad_cam_of_forward,
    region_gradient,
    region_gradient_of_forward,
)
from vqax.explain.region_occlusion import region_occlusion
from vqax.explain.relevance import relevance
from vqax.explain.rise import region_rise, rise
from vqax.explain.rollout import rollout
from vqax.explain.shapley import region_shapley, word_shapley
from vqax.explain.smooth_grad import SmoothGrad
from vqax.explain.topn import topn_grad_cam
from vqax.explain.word_explainer import WordExplainer
from vqax.explain.word_gradients import guided_word_gradient, word_gradient, word_gradient_input
from vqax.explain.word_integrated_gradients import word_integrated_gradients
from vqax.explain.word_occlusion import word_occlusion

GRADIENT = frozenset({"gradient"})
CERTAINTY = GRADIENT | {"variance"}
PIXELS = GRADIENT | {"pixels"}
LAYERS = frozenset({"layers"})
RECTIFIED = PIXELS | {"rectifier"}

EXPLAINERS: dict[str, Explainer] = {
    "attention": Explainer(attention, frozenset({"attention"}), attention_of_forward),
    "grad_cam": Explainer(grad_cam, GRADIENT, grad_cam_of_forward),
    "grad_cam_plus_plus": Explainer(grad_cam_plus_plus, GRADIENT, grad_cam_plus_plus_of_forward),
    "layer_cam": Explainer(layer_cam, GRADIENT, layer_cam_of_forward),
    "topn_grad_cam": Explainer(topn_grad_cam, GRADIENT | {"question"}),
    "region_grad_cam": Explainer(region_grad_cam, GRADIENT, region_grad_cam_of_forward),
    "region_gradient": Explainer(region_gradient, GRADIENT, region_gradient_of_forward),
    "aleatoric_mask": Explainer(aleatoric_mask, CERTAINTY, aleatoric_mask.of_forward),
    "predictive_mask": Explainer(predictive_mask, CERTAINTY, predictive_mask.of_forward),
    "input_gradient": Explainer(input_gradient, PIXELS),
    "guided_backprop": Explainer(guided_backprop, RECTIFIED),
    "deconvolution": Explainer(deconvolution, RECTIFIED),
    "guided_grad_cam": Explainer(guided_grad_cam, RECTIFIED),
    "integrated_gradients": Explainer(integrated_gradients, PIXELS),
    "region_integrated_gradients": Explainer(region_integrated_gradients, GRADIENT),
    "occlusion": Explainer(occlusion, frozenset({"pixels"})),
    "region_occlusion": Explainer(region_occlusion),
    "rise": Explainer(rise, frozenset({"pixels"})),
    "region_rise": Explainer(region_rise),
    "smooth_grad": Explainer(SmoothGrad(input_gradient), PIXELS),
    "region_smooth_grad": Explainer(SmoothGrad(region_gradient), GRADIENT),
    "layer_attention": Explainer(layer_attention, LAYERS),
    "rollout": Explainer(rollout, LAYERS),
    "attention_gradient": Explainer(attention_gradient, GRADIENT | LAYERS),
    "relevance": Explainer(relevance, GRADIENT | LAYERS),
    "block_grad_cam": Explainer(block_grad_cam, GRADIENT | LAYERS),
    "region_shapley": Explainer(region_shapley),
}

WORD_EXPLAINERS: dict[str, WordExplainer] = {
    "word_occlusion": WordExplainer(word_occlusion),
    "word_gradient": WordExplainer(word_gradient, GRADIENT),
    "word_gradient_input": WordExplainer(word_gradient_input, GRADIENT),
    "guided_word_gradient": WordExplainer(guided_word_gradient, GRADIENT | {"rectifier"}),
    "word_integrated_gradients": WordExplainer(word_integrated_gradients, GRADIENT),
    "word_shapley": WordExplainer(word_shapley),
}

__all__ = [
    "EXPLAINERS",
    "NEEDS",
    "WORD_EXPLAINERS",
    "BlackBox",
    "Explainer",
    "PixelModel",
    "WordExplainer",
    "black_box",
]


class _Callable(ModuleType):
    """This package, which explains one image where it is called (``vqax.notebook.explain``)."""

    def __call__(self, *given: Any, **options: Any) -> Any:
        return import_module("vqax.notebook").explain(*given, **options)


sys.modules[__name__].__class__ = _Callable
