"""Guided backpropagation and deconvolution: another backward rule for every rectifier.

With R the gradient that arrives at y = max(x, 0) and R' the one that leaves:
gradient       R' = [x > 0] R
guided         R' = [x > 0] max(R, 0)       Springenberg et al. 2015, equation 3 of Interp
deconvolution  R' = max(R, 0)               Zeiler and Fergus 2014
A ceiling (ReLU6) adds [x < ceiling] to the condition on x, and nothing to deconvolution.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from vqax.models.options import option

Values = Float[Tensor, "..."]
Gate = Bool[Tensor, "..."]
Number = float | int

RULES: dict[str, Callable[[Values, Gate], Values]] = {
    "guided": lambda arriving, gate: arriving.clamp(min=0).mul_(gate),
    "deconvolution": lambda arriving, gate: arriving.clamp(min=0),  # noqa: ARG005
}


class ReluRule(TorchFunctionMode):
    """Inside the block, rectifiers that need a gradient get the backward rule ``name``.

    It does not matter how they are written: module, functional, method, in place, or as
    ``clamp``, ``hardtanh`` or ``threshold`` at 0. Values of the forward pass do not change, and
    no module is touched. Only the forward pass has to run inside of the block. Not seen are
    scripted or compiled modules and maximum(x, 0) of two tensors.

    Raises:
        UsageError: ``name`` is not one of ``RULES``.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.rule = option(RULES, name, "relu rule")

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        given = kwargs or {}
        if func in SPELLINGS and "out" not in given and torch.is_grad_enabled():
            rectifier = SPELLINGS[func](*args, **given)
            if rectifier is not None and rectifier.input.requires_grad:
                return Rectify.apply(*rectifier, self.rule)
        return func(*args, **given)


class Rectifiers(TorchFunctionMode):
    """Inside the block, rectifiers are counted, in ``count``; spelled as for ``ReluRule``.

    Where there is none, guided backpropagation and deconvolution are the plain gradient.
    """

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        given = kwargs or {}
        if func in SPELLINGS and SPELLINGS[func](*args, **given) is not None:
            self.count += 1
        return func(*args, **given)


class Rectifier(NamedTuple):
    """y = min(max(input, 0), ceiling), written over the input if ``inplace``."""

    input: Tensor
    ceiling: Number | None
    inplace: bool


class Rectify(torch.autograd.Function):
    """A rectifier with the backward rule given."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        ceiling: Number | None,
        inplace: bool,
        rule: Callable[[Values, Gate], Values],
    ) -> Tensor:
        gate = x > 0 if ceiling is None else (x > 0) & (x < ceiling)
        ctx.save_for_backward(gate)
        ctx.rule = rule
        if not inplace:
            return x.clamp(0, ceiling)
        ctx.mark_dirty(x)
        return x.clamp_(0, ceiling)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, arriving: Tensor) -> tuple[Tensor, None, None, None]:
        (gate,) = ctx.saved_tensors
        return ctx.rule(arriving, gate), None, None, None


def _relu(input: Tensor, inplace: bool = False) -> Rectifier:
    return Rectifier(input, None, inplace)


def _relu6(input: Tensor, inplace: bool = False) -> Rectifier:
    return Rectifier(input, 6.0, inplace)


def _hardtanh(
    input: Tensor, min_val: Number = -1.0, max_val: Number = 1.0, inplace: bool = False
) -> Rectifier | None:
    return _clamp(input, min_val, max_val, inplace)


def _threshold(
    input: Tensor, threshold: Number, value: Number, inplace: bool = False
) -> Rectifier | None:
    return Rectifier(input, None, inplace) if threshold == value == 0 else None


def _clamp(input: Tensor, min: Any = None, max: Any = None, inplace: bool = False) -> Any:
    """A rectifier if the lower bound is the number 0 and the upper one none, or a number above."""
    if isinstance(min, Tensor) or isinstance(max, Tensor) or min is None or min != 0:
        return None
    return Rectifier(input, max, inplace) if max is None or max > 0 else None


def _in_place(parse: Callable[..., Rectifier | None]) -> Callable[..., Rectifier | None]:
    def parse_in_place(*args: Any, **kwargs: Any) -> Rectifier | None:
        rectifier = parse(*args, **kwargs)
        return rectifier and rectifier._replace(inplace=True)

    return parse_in_place


SPELLINGS: dict[Callable[..., Any], Callable[..., Rectifier | None]] = {
    functional.relu: _relu,
    functional.relu6: _relu6,
    functional.hardtanh: _hardtanh,
    functional.threshold: _threshold,
    torch.relu: _relu,
    torch.threshold: _threshold,
    torch.Tensor.relu: _relu,
    **dict.fromkeys((torch.clamp, torch.clip, torch.Tensor.clamp, torch.Tensor.clip), _clamp),
    **dict.fromkeys((torch.clamp_min, torch.Tensor.clamp_min), _clamp),
    **dict.fromkeys((torch.relu_, torch.Tensor.relu_, functional.relu_), _in_place(_relu)),
    **dict.fromkeys(
        (torch.clamp_, torch.clip_, torch.clamp_min_, torch.Tensor.clamp_, torch.Tensor.clip_),
        _in_place(_clamp),
    ),
    torch.Tensor.clamp_min_: _in_place(_clamp),
    functional.hardtanh_: _in_place(_hardtanh),
    torch.threshold_: _in_place(_threshold),
}
