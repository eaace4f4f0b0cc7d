"""Gradients at the pixels by three backward rules, and guided Grad-CAM.

``score`` is what the gradient is of: the logit before softmax, as in ``grad_cam``, or the
probability, as in Interp (Goyal et al. 2016). The rule holds for every rectifier of image encoder
and model. ``channels`` says how the three colours of a pixel become one number: ``absolute``,
Σ_c |g_c|, the default, is a magnitude, by which Interp ranks pixels; ``maximum``, max_c |g_c|,
that of Simonyan et al. 2014; ``sum``, Σ_c g_c, keeps the sign.
"""

from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from vqax.explain.grad_cam import grad_cam
from vqax.explain.pixels import IMAGES_AT_ONCE, PixelModel, pixel_gradients
from vqax.models.options import option

CHANNELS: dict[str, Callable[[Float[Tensor, "b 3 y x"]], Float[Tensor, "b y x"]]] = {
    "absolute": lambda gradients: gradients.abs().sum(dim=1),
    "maximum": lambda gradients: gradients.abs().amax(dim=1),
    "sum": lambda gradients: gradients.sum(dim=1),
}


@dataclass(frozen=True, slots=True)
class GradientAtPixels:
    """An explainer of a ``PixelModel``: ∂y_answer/∂pixel by the backward rule ``rule``."""

    rule: str | None

    def __call__(
        self,
        model: nn.Module,
        visual: Float[Tensor, "p 3 y x"],
        tokens: Int[Tensor, "b t"],
        answer: Int[Tensor, "b"],
        grid: tuple[int, int],
        *,
        image_of: Int[Tensor, "b"] | None = None,
        channels: str = "absolute",
        images_at_once: int = IMAGES_AT_ONCE,
        score: str = "logit",
    ) -> Float[Tensor, "b y x"]:
        """A map of each question at the size of its image; arguments as ``pixel_gradients``.

        Raises:
            UsageError: ``channels`` is not one of ``CHANNELS``, or as ``pixel_gradients``.
        """
        reduce = option(CHANNELS, channels, "channels")
        return reduce(
            pixel_gradients(
                model, visual, tokens, answer, grid,
                rule=self.rule, image_of=image_of, images_at_once=images_at_once,
                score=score,
            ).gradients
        )  # fmt: skip


input_gradient = GradientAtPixels(None)
"""The true gradient (Simonyan et al. 2014)."""
guided_backprop = GradientAtPixels("guided")
"""Guided backpropagation (Springenberg et al. 2015)."""
deconvolution = GradientAtPixels("deconvolution")
"""The rule of Zeiler and Fergus 2014; poolings keep their true gradient, their switches."""


def guided_grad_cam(
    model: nn.Module,
    visual: Float[Tensor, "p 3 y x"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    grid: tuple[int, int],
    *,
    image_of: Int[Tensor, "b"] | None = None,
    channels: str = "absolute",
    images_at_once: int = IMAGES_AT_ONCE,
) -> Float[Tensor, "b y x"]:
    """Guided backpropagation times the ReLU of Grad-CAM, enlarged (Selvaraju et al. 2017).

    Grad-CAM uses true gradients and the cells of the same forward pass of the image encoder.

    Raises:
        UsageError: as ``guided_backprop``.
    """
    reduce = option(CHANNELS, channels, "channels")
    at_pixels = pixel_gradients(
        model, visual, tokens, answer, grid,
        rule="guided", image_of=image_of, images_at_once=images_at_once,
    )  # fmt: skip
    assert isinstance(model, PixelModel)  # or pixel_gradients has raised
    coarse = grad_cam(model.model, at_pixels.cells, tokens, answer, grid)
    return within(reduce(at_pixels.gradients), coarse)


def within(fine: Float[Tensor, "b y x"], coarse: Float[Tensor, "b h w"]) -> Float[Tensor, "b y x"]:
    """``fine`` times the positive part of ``coarse``, enlarged bilinearly over whole cells."""
    size = (fine.shape[1], fine.shape[2])
    enlarged = functional.interpolate(
        coarse.relu()[:, None], size, mode="bilinear", align_corners=False
    )
    return fine * enlarged[:, 0]
