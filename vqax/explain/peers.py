"""Methods of captum and pytorch-grad-cam as explainers, and a model as captum calls one.

    saliency = of_captum(captum.attr.DeepLift, pixels=True)
    maps = saliency(model, images, tokens, answer, grid)

An ``Explainer`` made here is called, guarded and scored as those of ``EXPLAINERS``. Neither package
is imported: its class is given.
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.errors import UsageError
from vqax.explain.explainer import Explainer
from vqax.explain.grid import as_grid
from vqax.explain.pixels import pixel_model
from vqax.explain.state import left_as_found

AT_ONCE = 16


class Logits(nn.Module):
    """(visual, tokens) to the logits (b,a): what captum calls a ``forward_func``.

    LayerGradCam(Logits(model), model.image_encoder.last).attribute(
        images, target=answer, additional_forward_args=tokens
    )
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, visual: Float[Tensor, "b *cells"], tokens: Int[Tensor, "b t"]
    ) -> Float[Tensor, "b a"]:
        logits: Tensor = self.model(visual, tokens).logits
        return logits


class _WithQuestion(nn.Module):
    """``Logits`` of one question about every image it is given, for who passes images alone."""

    def __init__(self, model: nn.Module, tokens: Int[Tensor, "1 t"]) -> None:
        super().__init__()
        self.logits, self.tokens = Logits(model), tokens

    def forward(self, visual: Float[Tensor, "b *cells"]) -> Float[Tensor, "b a"]:
        made: Tensor = self.logits(visual, self.tokens.expand(len(visual), -1))
        return made

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Nothing: the parameters are frozen, and gradients of a training on them stay."""


def of_captum(
    method: Callable[[nn.Module], Any],
    *,
    pixels: bool = False,
    gradient: bool = True,
    at_once: int = AT_ONCE,
    **options: Any,
) -> Explainer:
    """An explainer by an attribution of captum over the inputs: ``method(Logits(model))``.

    ``method`` is its class, or a function that makes one of a model; ``options`` are those of its
    ``attribute``. At the cells, or with ``pixels`` at the pixels of a ``PixelModel``; attributions
    are summed over channels or colours. ``gradient`` False for one that needs none (occlusion,
    ablation, Shapley). ``at_once`` questions are computed together.

    Raises:
        UsageError: when called with ``pixels`` on a model of cells, or when the attribution has not
            the shape of its input.
    """

    def compute(
        model: nn.Module,
        visual: Float[Tensor, "b *cells"],
        tokens: Int[Tensor, "b t"],
        answer: Int[Tensor, "b"],
        grid: tuple[int, int],
    ) -> Float[Tensor, "b h w"]:
        attribution = method(Logits(pixel_model(model) if pixels else model))
        maps = []
        with left_as_found(model):
            for rows in _parts(len(tokens), at_once):
                given = visual[rows].detach().clone().requires_grad_(gradient)
                found = attribution.attribute(
                    given, target=answer[rows], additional_forward_args=tokens[rows], **options
                ).detach()
                if found.shape != given.shape:
                    raise UsageError(
                        f"{type(attribution).__name__}: {tuple(found.shape)} for an input of "
                        f"{tuple(given.shape)}; give a method of captum that attributes to inputs"
                    )
                maps.append(found.sum(1) if pixels else as_grid(found.sum(2), grid))
        return torch.cat(maps)

    return Explainer(compute, _needs(pixels=pixels, gradient=gradient))


def of_grad_cam(method: Callable[..., Any], layer: str, **options: Any) -> Explainer:
    """An explainer by a method of pytorch-grad-cam at the module ``layer`` of a ``PixelModel``.

    ``layer`` is one of its ``named_modules()``, for example ``image_encoder.stages.3``;
    ``options`` are those of ``method``, as ``reshape_transform`` where the layer returns no
    (b,d,h,w). Maps (b,y,x) are as that package makes them: cut at zero, stretched to [0, 1],
    enlarged to the pixels.

    Raises:
        UsageError: when called on a model of cells, or there is no such layer.
    """

    def compute(
        model: nn.Module,
        visual: Float[Tensor, "b 3 y x"],
        tokens: Int[Tensor, "b t"],
        answer: Int[Tensor, "b"],
        grid: tuple[int, int],  # noqa: ARG001  the signature of explainers
    ) -> Float[Tensor, "b y x"]:
        modules = dict(pixel_model(model).named_modules())
        if layer not in modules:
            raise UsageError(
                f"layer: {layer!r} is no module of {type(model).__name__}; "
                "give one of its named_modules()"
            )
        maps = []
        with left_as_found(model):
            for rows in _parts(len(tokens), 1):
                with_question, chosen = _WithQuestion(model, tokens[rows]).eval(), int(answer[rows])
                cam = method(model=with_question, target_layers=[modules[layer]], **options)
                try:  # as a context manager it would keep an IndexError to itself
                    made = cam(
                        input_tensor=visual[rows].detach().clone().requires_grad_(),
                        targets=[lambda logits, chosen=chosen: logits[chosen]],
                    )
                finally:
                    cam.activations_and_grads.release()
                maps.append(torch.from_numpy(made).to(visual.device))
        return torch.cat(maps)

    return Explainer(compute, _needs(pixels=True, gradient=True))


def _parts(count: int, at_once: int) -> Iterator[slice]:
    return (slice(start, start + at_once) for start in range(0, count, at_once))


def _needs(*, pixels: bool, gradient: bool) -> frozenset[str]:
    wanted = {"pixels": pixels, "gradient": gradient}
    return frozenset(need for need, asked in wanted.items() if asked)
