"""Maps that differ from one map in a small window each: where a sliding kernel sees the change.

The geometry of incremental inference, Krypton (Nakandala, Kumar and Papakonstantinou 2019): behind
a convolution the window has grown by the kernel and shrunk by the stride.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

Corner = tuple[Int[Tensor, "n"], Int[Tensor, "n"]]


class ReferenceMaps:
    """The map ``values`` (1,c,y,x) of the image as it is, and what was made of it already.

    All windows in an image share it, so that what surrounds them is computed once.
    """

    def __init__(self, values: Float[Tensor, "1 c y x"]) -> None:
        self.values = values
        self._made: dict[Hashable, tuple[Any, ReferenceMaps]] = {}

    def then(self, arguments: Sequence[Any], make: Callable[[], Tensor]) -> "ReferenceMaps":
        """What ``make`` gives, remembered by the very ``arguments`` that it depends on.

        They are kept, because the id of a tensor that is gone may come again.
        """
        key = tuple(_name(value) for value in arguments)
        if key not in self._made:
            self._made[key] = arguments, ReferenceMaps(make())
        return self._made[key][1]


def _name(value: Any) -> Hashable:
    if isinstance(value, list | tuple):
        return tuple(_name(one) for one in value)
    return value if isinstance(value, int | float | bool | None) else id(value)


class PatchedMaps(NamedTuple):
    """n maps that equal ``reference`` but for one window each, whose values are ``inner``.

    Windows have one size and lie inside of the map, from row and column ``corner`` on.
    """

    reference: ReferenceMaps
    inner: Float[Tensor, "n c h w"]
    corner: Corner

    @property
    def extent(self) -> tuple[int, int]:
        return self.reference.values.shape[2], self.reference.values.shape[3]

    @property
    def size(self) -> tuple[int, int]:
        return self.inner.shape[2], self.inner.shape[3]

    def dense(self) -> Float[Tensor, "n c y x"]:
        """All of the maps."""
        zero = torch.zeros_like(self.corner[0])
        return self.inner if self.size == self.extent else self.crop((zero, zero), self.extent)

    def crop(
        self, corner: Corner, size: tuple[int, int], outside: float = 0.0
    ) -> Float[Tensor, "n c h w"]:
        """``size`` of each map from ``corner`` on, with ``outside`` beyond its border."""
        (n, c), (y, x), (h, w) = self.inner.shape[:2], self.extent, size
        rows, columns = _from(corner[0], h), _from(corner[1], w)
        cell = _outer(rows * x, columns).masked_fill_(~_within(rows, y, columns, x), y * x)
        table = self.reference.values.permute(0, 2, 3, 1).reshape(y * x, c)
        table = torch.cat([table, table.new_full((1, c), outside)])
        found = table.index_select(0, cell.flatten())
        rows = _from(self.corner[0] - corner[0], self.size[0])
        columns = _from(self.corner[1] - corner[1], self.size[1])
        first = h * torch.arange(n, device=rows.device)[:, None]
        place = _outer((first + rows) * w, columns).flatten()
        inner, seen = self.inner.permute(0, 2, 3, 1).reshape(-1, c), _within(rows, h, columns, w)
        if not seen.all():
            place, inner = place[seen.flatten()], inner[seen.flatten()]
        return found.index_copy_(0, place, inner).view(n, h, w, c).permute(0, 3, 1, 2)

    def part(self, corner: Corner, size: tuple[int, int]) -> Float[Tensor, "n c h w"]:
        """As ``crop``, without a copy if that is the window itself."""
        same = size == self.size and all(map(torch.equal, corner, self.corner))
        return self.inner if same else self.crop(corner, size)


def around(maps: Sequence[PatchedMaps]) -> tuple[Corner, tuple[int, int]]:
    """Corner and size of windows that hold those of all the maps, which have one extent."""
    corners, sizes = [], []
    for axis, extent in enumerate(maps[0].extent):
        first = torch.stack([one.corner[axis] for one in maps]).amin(0)
        end = torch.stack([one.corner[axis] + one.size[axis] for one in maps]).amax(0)
        sizes.append(int((end - first).max()))
        corners.append(first.clamp(max=extent - sizes[axis]))
    return (corners[0], corners[1]), (sizes[0], sizes[1])


def slide(
    maps: PatchedMaps,
    reference: ReferenceMaps,
    run: Callable[[Tensor, Sequence[int]], Tensor],
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    outside: float = 0.0,
) -> PatchedMaps:
    """What ``run(input, padding)`` makes of the maps, seeing no more than it takes.

    ``reference`` is what it makes of theirs.

    A window of places a .. e changes the outputs ⌈(a + p - (k - 1) d) / s⌉ .. ⌊(e + p) / s⌋, for
    which the input from s · first - p on is needed. ``outside`` is what the operation pads with.
    """
    corners, starts, sizes, required = [], [], [], []
    for axis, extent in enumerate(reference.values.shape[2:]):
        k, s, p, d = (both[axis % len(both)] for both in (kernel, stride, padding, dilation))
        reach, start = (k - 1) * d, maps.corner[axis] + p
        first = (start - reach + s - 1).div(s, rounding_mode="floor").clamp(min=0)
        last = (start + maps.size[axis] - 1).div(s, rounding_mode="floor").clamp(max=extent - 1)
        sizes.append(max(1, int((last - first).max()) + 1))
        corners.append(first.clamp(max=extent - sizes[axis]))
        starts.append(corners[axis] * s - p)
        required.append((sizes[axis] - 1) * s + reach + 1)
    corner = corners[0], corners[1]
    if tuple(sizes) == reference.values.shape[2:]:
        return PatchedMaps(reference, run(maps.dense(), padding), corner)
    if tuple(required) == maps.size and all(map(torch.equal, starts, maps.corner)):
        return PatchedMaps(reference, run(maps.inner, (0, 0)), corner)
    seen = maps.crop((starts[0], starts[1]), (required[0], required[1]), outside)
    return PatchedMaps(reference, run(seen, (0, 0)), corner)


def _from(start: Int[Tensor, "n"], count: int) -> Int[Tensor, "n k"]:
    return start[:, None] + torch.arange(count, device=start.device)


def _outer(rows: Int[Tensor, "n h"], columns: Int[Tensor, "n w"]) -> Int[Tensor, "n h w"]:
    return rows[:, :, None] + columns[:, None, :]


def _within(rows: Tensor, height: int, columns: Tensor, width: int) -> Tensor:
    inside = ((rows >= 0) & (rows < height))[:, :, None]
    return inside & ((columns >= 0) & (columns < width))[:, None, :]
