"""The first ``Forward`` of somebody else's model, looked at once, before anything is made of it."""

from collections.abc import Iterator
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vqax.errors import BadData
from vqax.models.forward import Forward


def check_forward(
    model: nn.Module, cells: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"], answers: int
) -> Forward:
    """What ``model(cells, tokens)`` returns, if it is a ``Forward`` that keeps its promises.

    Raises:
        BadData: it is none, a field has another type or shape than `docs/explainers.md` says, or
            ``visual`` is not the very tensor the model was given; all that is wrong is listed.
    """
    forward: Any = model(cells, tokens)
    name = type(model).__name__
    if not isinstance(forward, Forward):
        raise BadData(
            f"{name}: forward returned {type(forward).__name__}; return a vqax.models.Forward"
        )
    wrong = [*_wrong_fields(forward, cells, answers)]
    if forward.visual is not cells:
        wrong.append(
            "visual is not the tensor the model was given, so no gradient would reach the cells; "
            "give it back as it came"
        )
    if wrong:
        raise BadData(f"{name}: its Forward is wrong: {'; '.join(wrong)}")
    return forward


def question_is_read(
    model: nn.Module, cells: Float[Tensor, "b l d"], tokens: Int[Tensor, "b t"]
) -> bool:
    """Whether ``Forward.combined`` is computed from ``Forward.question``, as TopN asks."""
    with torch.enable_grad():
        forward: Forward = model(cells.detach().clone().requires_grad_(), tokens)
        question, combined = forward.question, forward.combined
        if not (question.requires_grad and combined.requires_grad):
            return False
        (slope,) = torch.autograd.grad(combined.sum(), question, allow_unused=True)
    return slope is not None


def _wrong_fields(forward: Forward, cells: Tensor, answers: int) -> Iterator[str]:
    b, cell_count = cells.shape[:2]
    shapes: dict[str, tuple[int | str, ...]] = {
        "logits": (b, answers),
        "attention": (b, cell_count),
        "attended": (b, cell_count, "d"),
        "question": (b, "q"),
        "combined": (b, "c"),
        "variance": (b, "1 or a"),
    }
    for field, shape in shapes.items():
        value = getattr(forward, field)
        if value is None and field in ("attention", "variance"):
            continue
        if not isinstance(value, Tensor) or not value.is_floating_point():
            yield f"{field} is {_kind(value)}, which is no tensor of floats"
        elif not _fits(value.shape, shape) or (
            field == "variance" and value.shape[1] not in (1, answers)
        ):
            wanted = ", ".join(map(str, shape))
            yield f"{field} is of shape {tuple(value.shape)} instead of ({wanted})"


def _kind(value: Any) -> str:
    return str(value.dtype) if isinstance(value, Tensor) else type(value).__name__


def _fits(found: tuple[int, ...], wanted: tuple[int | str, ...]) -> bool:
    pairs = zip(found, wanted, strict=False)
    return len(found) == len(wanted) and all(isinstance(w, str) or f == w for f, w in pairs)
