"""Where a model looked: every method by its name, all with one signature."""

from vqax.explain.attention import attention
from vqax.explain.certainty import aleatoric_mask, predictive_mask
from vqax.explain.explainer import NEEDS, Explainer
from vqax.explain.grad_cam import grad_cam
from vqax.explain.guided import deconvolution, guided_backprop, guided_grad_cam, input_gradient
from vqax.explain.pixels import PixelModel

GRADIENT = frozenset({"gradient"})
CERTAINTY = GRADIENT | {"variance"}
PIXELS = GRADIENT | {"pixels"}

EXPLAINERS: dict[str, Explainer] = {
    "attention": Explainer(attention, frozenset({"attention"})),
    "grad_cam": Explainer(grad_cam, GRADIENT),
    "aleatoric_mask": Explainer(aleatoric_mask, CERTAINTY),
    "predictive_mask": Explainer(predictive_mask, CERTAINTY),
    "input_gradient": Explainer(input_gradient, PIXELS),
    "guided_backprop": Explainer(guided_backprop, PIXELS),
    "deconvolution": Explainer(deconvolution, PIXELS),
    "guided_grad_cam": Explainer(guided_grad_cam, PIXELS),
}

__all__ = ["EXPLAINERS", "NEEDS", "Explainer", "PixelModel"]
