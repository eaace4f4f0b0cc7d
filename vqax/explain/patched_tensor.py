"""A batch of images that differ in a small window each, as a tensor any image encoder can be given.

Convolution, max pooling, padding, and what acts on each pixel by itself compute the windows only
(``PatchedMaps``); exact up to rounding. Any other operation makes an ordinary tensor of them first,
so an encoder with attention or a global mean is right too, and from there on as slow as without.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils._pytree import tree_map

from vqax.explain.patched_maps import PatchedMaps, around, slide

aten = torch.ops.aten


class PatchedTensor(Tensor):
    """The maps ``state`` stands for, (n,c,y,x), for use without gradients."""

    state: PatchedMaps

    @staticmethod
    def __new__(cls, state: PatchedMaps) -> "PatchedTensor":
        (n, c), (y, x), like = state.inner.shape[:2], state.extent, state.inner
        made: PatchedTensor = Tensor._make_wrapper_subclass(
            cls,
            (n, c, y, x),
            strides=(c * y * x, 1, c * x, c),
            dtype=like.dtype,
            device=like.device,
        )
        made.state = state
        return made

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls,
        func: Any,
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        rule, given = RULES.get(func), kwargs or {}
        made = rule(func, *args, **given) if rule else None
        return _densely(func, args, given) if made is None else made


def dense(maps: Float[Tensor, "n *cells"]) -> Float[Tensor, "n *cells"]:
    """The maps as an ordinary tensor."""
    return maps.state.dense() if isinstance(maps, PatchedTensor) else maps


def _densely(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The operation on ordinary tensors; what it writes in place is written back."""
    written: list[tuple[PatchedTensor, Tensor]] = []

    def ordinary(value: Any) -> Any:
        if not isinstance(value, PatchedTensor):
            return value
        written.append((value, value.state.dense()))
        return written[-1][1]

    made = func(*tree_map(ordinary, args), **tree_map(ordinary, kwargs))
    if not func._schema.is_mutable:
        return made
    for value, full in written:
        nowhere = torch.zeros_like(value.state.corner[0])
        value.state = PatchedMaps(value.state.reference, full, (nowhere, nowhere))
        made = value if made is full else made
    return made


def _pixel_by_pixel(func: Any, *args: Any, **kwargs: Any) -> PatchedTensor | None:
    """Operations of one map, of maps of one shape, or of maps and numbers per channel."""
    maps = [value for value in args if isinstance(value, PatchedTensor)]
    alike = all(one.shape == maps[0].shape for one in maps)
    if not maps or not alike or not all(_per_channel(value, maps[0]) for value in args):
        return None
    corner, size = around([one.state for one in maps])
    inner = func(*(_of(v, lambda state: state.part(corner, size)) for v in args), **kwargs)
    reference = maps[0].state.reference.then(
        (func, *(_of(v, lambda state: state.reference) for v in args), *kwargs.values()),
        lambda: func(
            *(_of(v, lambda state: state.reference.values.clone()) for v in args), **kwargs
        ),
    )
    state = PatchedMaps(reference, inner, corner)
    if not func._schema.is_mutable:
        return PatchedTensor(state)
    maps[0].state = state
    return maps[0]


def _of(value: Any, part: Callable[[PatchedMaps], Any]) -> Any:
    return part(value.state) if isinstance(value, PatchedTensor) else value


def _per_channel(value: Any, maps: Tensor) -> bool:
    """Whether a value is alike for all images and pixels."""
    if not isinstance(value, Tensor) or isinstance(value, PatchedTensor) or value.dim() == 0:
        return True
    return value.shape in ((1, maps.shape[1], 1, 1), (maps.shape[1], 1, 1), (1, 1, 1, 1), (1,))


def _convolved(
    func: Any,
    maps: Any,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    *rest: Any,
) -> PatchedTensor | None:
    if transposed or not isinstance(maps, PatchedTensor):
        return None

    def run(x: Tensor, padding: Sequence[int]) -> Tensor:
        made: Tensor = func(x, weight, bias, stride, padding, dilation, False, *rest)
        return made

    reference = maps.state.reference.then(
        (func, weight, bias, stride, padding, dilation, *rest),
        lambda: run(maps.state.reference.values, padding),
    )
    return PatchedTensor(
        slide(maps.state, reference, run, weight.shape[2:], stride, padding, dilation)
    )


def _pooled(
    func: Any,
    maps: PatchedTensor,
    kernel: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = (0,),
    dilation: Sequence[int] = (1,),
    ceil_mode: bool = False,
) -> tuple[PatchedTensor, Tensor] | None:
    """The second result, where each maximum is, is -1 throughout: nothing can be unpooled."""
    if ceil_mode:
        return None

    def run(x: Tensor, padding: Sequence[int]) -> Tensor:
        made: Tensor = func(x, kernel, stride, padding, dilation)[0]
        return made

    reference = maps.state.reference.then(
        (func, kernel, stride, padding, dilation),
        lambda: run(maps.state.reference.values, padding),
    )
    at = (kernel, stride or kernel, padding, dilation, -math.inf)
    pooled = PatchedTensor(slide(maps.state, reference, run, *at))
    return pooled, torch.full(pooled.shape, -1, device=pooled.device)


def _padded(
    func: Any, maps: PatchedTensor, pad: Sequence[int], *value: float
) -> PatchedTensor | None:
    if len(pad) != 4 or min(pad) < 0:
        return None
    reference, inner, (top, left) = maps.state
    padded = reference.then((func, pad, *value), lambda: func(reference.values, pad, *value))
    return PatchedTensor(PatchedMaps(padded, inner, (top + pad[2], left + pad[0])))


def _normalised(func: Any, maps: Any, *rest: Any, **kwargs: Any) -> tuple[Any, ...] | None:
    """Batch normalisation by stored statistics, which is per channel."""
    training = len(rest) > 6 and rest[4]
    if training or not isinstance(maps, PatchedTensor):
        return None
    inner, *more = func(maps.state.inner, *rest, **kwargs)
    reference = maps.state.reference.then(
        (func, *rest, *kwargs.values()),
        lambda: func(maps.state.reference.values, *rest, **kwargs)[0],
    )
    return PatchedTensor(PatchedMaps(reference, inner, maps.state.corner)), *more


PIXEL_BY_PIXEL = """
    add add_ sub sub_ rsub mul mul_ div div_ neg abs clone detach _to_copy maximum minimum
    relu relu_ hardtanh hardtanh_ clamp clamp_ clamp_min clamp_min_ threshold threshold_
    leaky_relu leaky_relu_ elu elu_ gelu silu silu_ sigmoid sigmoid_ tanh tanh_
    hardswish hardswish_ hardsigmoid hardsigmoid_
"""

RULES: dict[Any, Callable[..., Any]] = {
    **{
        getattr(packet, overload): _pixel_by_pixel
        for packet in (getattr(aten, name) for name in PIXEL_BY_PIXEL.split())
        for overload in ("default", "Tensor", "Scalar")
        if overload in packet.overloads()
    },
    aten.convolution.default: _convolved,
    aten.max_pool2d_with_indices.default: _pooled,
    aten.constant_pad_nd.default: _padded,
    aten.native_batch_norm.default: _normalised,
    aten.cudnn_batch_norm.default: _normalised,
    aten._native_batch_norm_legit_no_training.default: _normalised,
}
