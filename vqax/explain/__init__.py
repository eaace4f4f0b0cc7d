"""Where a model looked: every method by its name, all with one signature."""

from collections.abc import Callable

from torch import Tensor, nn

from vqax.explain.attention import attention
from vqax.explain.grad_cam import grad_cam

# (model, visual (b,l,d), tokens (b,t), answer (b,), grid (h,w)) -> maps (b,h,w), raw and signed
Explainer = Callable[[nn.Module, Tensor, Tensor, Tensor, tuple[int, int]], Tensor]

EXPLAINERS: dict[str, Explainer] = {
    "attention": attention,
    "grad_cam": grad_cam,
}
