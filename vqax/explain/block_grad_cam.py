"""Grad-CAM at a named layer or block of a transformer (Selvaraju et al. 2017, at any layer).

At the cells that the model is given, a transformer has not looked at anything yet. Behind a block
there is a vector for every token; those of the image's cells are in the cells' order, so a map of
a block has a place for each of them.
"""

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.errors import UsageError
from vqax.explain.answers import check_answers
from vqax.explain.grid import as_grid
from vqax.explain.layers import Layers, passes
from vqax.explain.state import left_as_found
from vqax.models.attention_layers import CrossAttentionLayers


def block_grad_cam(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    grid: tuple[int, int],
    *,
    layer: str | None = None,
) -> Float[Tensor, "b h w"]:
    """α_k = mean over cells of ∂y_answer/∂H_k; map = Σ_k α_k H_k, with H what ``layer`` returns.

    ``layer`` is a name of ``model.named_modules()`` whose output is one vector for each token, or,
    of a model of two streams, for each cell; None: the block in the middle. Behind the last block
    only the tokens that the answer is read off are used, so its map is zero. Raw and signed, as
    ``grad_cam``.

    Raises:
        UsageError: there is no such layer, it returns something else, no gradient reaches it, the
            model does not show its layers, the grid has not as many cells as it, or there is not
            one answer for each question.
    """
    check_answers(answer, len(tokens))
    maps = []
    with left_as_found(model):
        for row in range(len(tokens)):
            one = slice(row, row + 1)
            name = layer or _middle(model, visual[one], tokens[one], answer[one])
            with _output_of(model, name) as outputs:
                (shown,) = passes(model, visual[one], tokens[one], answer[one])
            states, places = _states(outputs, name, shown)
            slope = _slope(model, shown.score, states)
            among, cells = slope[0, places].float(), states.detach()[0, places].float()
            maps.append((among.mean(dim=0, keepdim=True) * cells).sum(dim=1))
    return as_grid(torch.stack(maps).to(visual.device), grid)


def _middle(model: nn.Module, visual: Tensor, tokens: Tensor, answer: Tensor) -> str:
    with torch.no_grad():
        (shown,) = passes(model, visual, tokens, answer)
    return shown.blocks[(len(shown.blocks) - 1) // 2]


@contextmanager
def _output_of(model: nn.Module, name: str) -> Iterator[list[Tensor]]:
    """What the module ``name`` returns inside the block, the first of several values."""
    modules = dict(model.named_modules())
    if name not in modules:
        near = ", ".join(difflib.get_close_matches(name, modules, 5, 0.5)) or "none"
        raise UsageError(f"layer: {name!r} is no module of {type(model).__name__}; near are {near}")
    outputs: list[Tensor] = []

    def keep(module: nn.Module, given: object, made: Any) -> None:  # noqa: ARG001
        outputs.append(made if isinstance(made, Tensor) else made[0])

    with modules[name].register_forward_hook(keep):
        yield outputs


def _states(
    outputs: list[Tensor], name: str, shown: Layers
) -> tuple[Float[Tensor, "1 m d"], Int[Tensor, "l"]]:
    """The vectors that the layer returned, and the places of the cells among them."""
    shapes = [tuple(one.shape) for one in outputs]
    whole = len(shapes) == 1 and len(shapes[0]) == 3 and shapes[0][0] == 1
    if whole and shapes[0][1] == shown.tokens:
        return outputs[0], shown.cells
    if whole and isinstance(shown, CrossAttentionLayers) and shapes[0][1] == shown.image_cells:
        return outputs[0], shown.cells - shown.words
    raise UsageError(
        f"layer: {name!r} returns {shapes}, not one vector for each of {shown.tokens} tokens; name "
        "a block of the transformer, or a part of one"
    )


def _slope(model: nn.Module, score: Tensor, states: Tensor) -> Tensor:
    if score.requires_grad and states.requires_grad:
        (slope,) = torch.autograd.grad(score, states, allow_unused=True)
        if slope is not None:
            return slope
    raise UsageError(
        f"no gradient reaches the hidden cells of {type(model).__name__}; its score must be "
        "computed from what the layer returns, without detach or no_grad"
    )
