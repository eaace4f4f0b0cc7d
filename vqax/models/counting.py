"""A differentiable count of the objects that an attention falls on.

Zhang, Hare and Prügel-Bennett 2018, section 4. Overlapping boxes may be one object: a graph of
the boxes, weighted by attention, loses the edges within an object and scales down the boxes that
stand for the same one; the root of the sum of the edges left is the count. Symbols of the paper:
a -> ``attention``, A -> ``relevancy``, D -> ``distance``.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vqax.models.scale import full_precision

TINY = 1e-20
SEGMENTS = 16
FUNCTIONS = 8


class Monotone(nn.Module):
    """A learnt function from [0, 1] to [0, 1], f(0) = 0 and f(1) = 1, linear in equal segments.

    The rise over a segment is its share of Σ|``weight``|; it starts as the identity.
    """

    def __init__(self, segments: int = SEGMENTS) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(segments))

    def forward(self, x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        n = len(self.weight)
        rise = self.weight.abs() / self.weight.abs().sum()
        reached = torch.cat([rise.new_zeros(1), rise.cumsum(0)])
        place = (n * x).detach().long().clamp(0, n - 1)
        return reached[place] + (n * x - place) * rise[place]


class Counting(nn.Module):
    """Boxes (b, l, 4) as x1, y1, x2, y2 and attention logits (b, l) to a soft count (b, objects+1).

    The ``objects`` boxes of most attention are counted. The count between two whole numbers is
    shared out between both; how sure it is scales it, so the row sums to at most 1.
    """

    def __init__(self, objects: int = 10) -> None:
        super().__init__()
        self.objects = objects
        self.functions = nn.ModuleList(Monotone() for _ in range(FUNCTIONS))

    def forward(
        self, boxes: Float[Tensor, "b l 4"], logits: Float[Tensor, "b l"]
    ) -> Float[Tensor, "b n"]:
        logits, best = full_precision(logits).topk(min(self.objects, logits.shape[1]), 1)
        boxes = torch.take_along_dim(full_precision(boxes), best.unsqueeze(2), 1)
        attention, distance = logits.sigmoid(), 1 - overlaps(boxes)
        same = self._same_object(attention, distance)
        f = self.functions
        edges = f[0](products(attention)) * f[1](distance) / products(same)
        own = f[0](attention.square()) / same
        count = (edges.sum((1, 2)) + own.sum(1) + TINY).sqrt()
        return soft_one_hot(count, self.objects) * self._confidence(attention, distance)

    def _same_object(
        self, attention: Float[Tensor, "b k"], distance: Float[Tensor, "b k k"]
    ) -> Float[Tensor, "b k"]:
        """How many of the boxes stand for the object of each box: 1 for a box of its own."""
        f = self.functions
        rows = f[3](products(attention)) * f[4](distance)
        alike = f[2](1 - differences(rows)).prod(1) * f[2](1 - differences(attention))
        return alike.sum(2)

    def _confidence(
        self, attention: Float[Tensor, "b k"], distance: Float[Tensor, "b k k"]
    ) -> Float[Tensor, "b 1"]:
        """High where attention and distances are near 0 or 1."""
        f = self.functions
        of_attention = (f[5](attention) - 0.5).abs().mean(1)
        of_distance = (f[6](distance) - 0.5).abs().mean((1, 2))
        return f[7](of_attention + of_distance).unsqueeze(1)


def products(x: Float[Tensor, "b k"]) -> Float[Tensor, "b k k"]:
    return x.unsqueeze(-1) * x.unsqueeze(-2)


def differences(x: Float[Tensor, "*b k"]) -> Float[Tensor, "*b k k"]:
    return (x.unsqueeze(-1) - x.unsqueeze(-2)).abs()


def overlaps(boxes: Float[Tensor, "b k 4"]) -> Float[Tensor, "b k k"]:
    """Intersection over union of every pair; 0 for a box without area, also with itself."""
    a, b = boxes.unsqueeze(2), boxes.unsqueeze(1)
    low, high = torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])
    shared = (high - low).clamp_min(0).prod(-1)
    area = (boxes[..., 2:] - boxes[..., :2]).clamp_min(0).prod(-1)
    return shared / (area.unsqueeze(2) + area.unsqueeze(1) - shared + 1e-12)


def soft_one_hot(count: Float[Tensor, "b"], largest: int) -> Float[Tensor, "b n"]:
    """2.75 -> 0, 0, .25, .75, 0 …: places 0 to ``largest``, linear in between."""
    places = torch.arange(largest + 1, device=count.device)
    return (1 - (count.clamp(0, largest).unsqueeze(1) - places).abs()).clamp_min(0)
