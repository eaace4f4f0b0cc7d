"""Shapley values over cells and words together (Lundberg and Lee 2017; MM-SHAP, 2023).

φ_i = Σ_S |S|! (M − |S| − 1)! / M! (v(S ∪ i) − v(S)) over sets of the M − 1 other players. v is the
score of the answer where absent cells are filled and absent words unknown. Two estimates, both
with Σ φ = v(all) − v(none): ``permutation``, the mean of what a player adds in random orders
(Castro, Gómez and Tejada 2009), and ``kernel``, the weighted regression of Lundberg and Lee, exact
where all sets fit into ``samples``.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from vqax.errors import UsageError
from vqax.explain.answers import check_answers
from vqax.explain.grid import as_grid, check_grid
from vqax.explain.occlusion_effect import score_of
from vqax.explain.pixels import below_pixels
from vqax.explain.region_occlusion import filled
from vqax.explain.state import left_as_found
from vqax.models.options import option
from vqax.text.tokens import SPECIAL, SpecialTokens

AT_ONCE, SAMPLES = 64, 16
Value = Callable[[Bool[Tensor, "n m"]], Float[Tensor, "n"]]
"""v of some sets of players."""


class Shapley(NamedTuple):
    """Values of cells and of words, 0 at the padding; those of a group stand at its first cell."""

    cells: Float[Tensor, "b l"]
    words: Float[Tensor, "b t"]

    @property
    def image_share(self) -> Float[Tensor, "b"]:
        """Σ|φ of cells| / Σ|φ|, V-SHAP of MM-SHAP (Parcalabescu and Frank 2023, equation 3)."""
        cells, words = self.cells.abs().sum(1), self.words.abs().sum(1)
        return cells / (cells + words)

    @property
    def text_share(self) -> Float[Tensor, "b"]:
        """T-SHAP, what is left."""
        return 1 - self.image_share


def shapley(
    model: nn.Module,
    visual: Float[Tensor, "b *cells"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    *,
    estimate: str = "permutation",
    samples: int = SAMPLES,
    groups: Int[Tensor, "l"] | None = None,
    fill: str = "zero",
    score: str = "logit",
    seed: int = 0,
    at_once: int = AT_ONCE,
    special: SpecialTokens = SPECIAL,
) -> Shapley:
    """Of each question; ``visual`` are cells, or images of a ``PixelModel``.

    ``samples`` are orders, each of as many passes as there are players, or sets. ``groups`` says
    which cells come and go together, as one player; by default each is one. The cells of a group
    share its value evenly. ``special`` are the tokeniser's indices of padding and unknown words.
    An image that a black box is given is one player, shared by its
    colours.

    Raises:
        UsageError: estimate, fill or score is not known, there is not one answer for each
            question, or groups are not numbered from 0.
    """
    check_answers(answer, len(tokens))
    values = option(ESTIMATES, estimate, "estimate")
    with left_as_found(model), torch.no_grad():
        model, visual = below_pixels(model, visual)
        blank, groups = _without(model, visual, fill), _groups(groups, visual).to(visual.device)
        found = Shapley(visual.new_zeros(visual.shape[:2]), visual.new_zeros(tokens.shape))
        for row in range(len(tokens)):
            one = slice(row, row + 1)
            game = _Game(
                model, visual[one], blank[one], tokens[one], answer[one], groups, score, special
            )
            each = values(game.chunked(at_once), game.players, samples, seed).to(found.cells)
            count = int(groups.max()) + 1
            found.cells[row] = (each[:count] / groups.bincount())[groups]
            found.words[row, game.words] = each[count:]
    return found


class _Game(NamedTuple):
    """One question: the players are the groups of cells, then the words."""

    model: nn.Module
    visual: Float[Tensor, "1 l *d"]
    blank: Float[Tensor, "1 l *d"]
    tokens: Int[Tensor, "1 t"]
    answer: Int[Tensor, "1"]
    groups: Int[Tensor, "l"]
    score: str
    special: SpecialTokens

    @property
    def words(self) -> Int[Tensor, "w"]:
        """Places of the words."""
        return (self.tokens[0] != self.special.padding).nonzero()[:, 0]

    @property
    def players(self) -> int:
        return int(self.groups.max()) + 1 + len(self.words)

    def __call__(self, present: Bool[Tensor, "n m"]) -> Float[Tensor, "n"]:
        """v of some sets."""
        present = present.to(self.visual.device)
        count, n = int(self.groups.max()) + 1, len(present)
        shown = present[:, self.groups].view(n, -1, *[1] * (self.visual.dim() - 2))
        cells = torch.where(shown, self.visual, self.blank)
        tokens = self.tokens.repeat(n, 1)
        said = tokens[:, self.words]
        tokens[:, self.words] = torch.where(present[:, count:], said, self.special.unknown)
        logits = self.model(cells, tokens).logits
        return score_of(logits, self.answer.expand(n), self.score)

    def chunked(self, at_once: int) -> Value:
        """v, a few sets at a time."""
        return lambda present: torch.cat([self(some) for some in present.split(at_once)])


def by_orders(value: Value, players: int, samples: int, seed: int) -> Float[Tensor, "m"]:
    """The mean of what each player adds to those before it, over ``samples`` random orders."""
    source, total = torch.Generator().manual_seed(seed), torch.zeros(())
    for _ in range(samples):
        rank = torch.randperm(players, generator=source).argsort()
        present = rank[None] < torch.arange(players + 1)[:, None]
        added = value(present).diff()
        total = total.to(added) + added[rank.to(added.device)]
    return total / samples


def by_regression(value: Value, players: int, samples: int, seed: int) -> Float[Tensor, "m"]:
    """Least squares for v(S) − v(∅) ≈ Σ_{i∈S} φ_i with (M − 1) / (binom(M,k) k (M − k)) of |S| = k.

    The sum is held exactly, by replacing the last player. Sets are drawn in pairs of a set and
    the others, by the total weight of their size, unless all of them fit into ``samples``.
    """
    none, every = value(torch.tensor([[False], [True]]).expand(2, players)).double()
    if players == 1:
        return (every - none)[None]
    present, weights = _sets(players, samples, seed)
    present, weights = present.to(every.device), weights.to(every.device)
    made = value(present).double() - none
    inside = present.double()
    rest = inside[:, :-1] - inside[:, -1:]
    root = weights.sqrt()[:, None]
    target = (made - inside[:, -1] * (every - none))[:, None]
    first = torch.linalg.lstsq(
        (root * rest).cpu(), (root * target).cpu(), driver="gelsd"
    ).solution[:, 0].to(every.device)  # fmt: skip
    return torch.cat([first, (every - none - first.sum())[None]])


def _sets(players: int, samples: int, seed: int) -> tuple[Bool[Tensor, "n m"], Float[Tensor, "n"]]:
    """Sets of players, neither none nor all, and their weights in the regression."""
    if players < 20 and 2**players - 2 <= samples:
        numbers = torch.arange(1, 2**players - 1)
        present = (numbers[:, None] >> torch.arange(players)) % 2 == 1
        size = present.sum(1).double()
        binomial = torch.exp(
            torch.lgamma(torch.tensor(players + 1.0, dtype=torch.float64))
            - torch.lgamma(size + 1)
            - torch.lgamma(players - size + 1)
        )
        return present, (players - 1) / (binomial * size * (players - size))
    source = torch.Generator().manual_seed(seed)
    sizes = torch.arange(1, players, dtype=torch.float64)
    drawn = torch.multinomial(
        1 / (sizes * (players - sizes)), -(-samples // 2), replacement=True, generator=source
    )
    order = torch.rand(len(drawn), players, generator=source).argsort(1)
    present = order < drawn[:, None] + 1
    both = torch.cat([present, ~present])
    return both, torch.ones(len(both), dtype=torch.float64)


ESTIMATES: dict[str, Callable[[Value, int, int, int], Float[Tensor, "m"]]] = {
    "permutation": by_orders,
    "kernel": by_regression,
}


def region_shapley(
    model: nn.Module,
    visual: Float[Tensor, "b l d"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    grid: tuple[int, int],
    *,
    estimate: str = "permutation",
    samples: int = SAMPLES,
    groups: Int[Tensor, "l"] | None = None,
    fill: str = "zero",
    score: str = "logit",
    seed: int = 0,
    at_once: int = AT_ONCE,
    special: SpecialTokens = SPECIAL,
) -> Float[Tensor, "b h w"]:
    """The values of the cells (``shapley``) on the grid, signed.

    Raises:
        UsageError: as ``shapley``, or the grid has not as many cells as the model saw.
    """
    check_grid(visual.shape[1], grid)
    found = shapley(
        model, visual, tokens, answer, estimate=estimate, samples=samples, groups=groups,
        fill=fill, score=score, seed=seed, at_once=at_once, special=special,
    )  # fmt: skip
    return as_grid(found.cells, grid)


def word_shapley(
    model: nn.Module,
    visual: Float[Tensor, "b *cells"],
    tokens: Int[Tensor, "b t"],
    answer: Int[Tensor, "b"],
    *,
    estimate: str = "permutation",
    samples: int = SAMPLES,
    groups: Int[Tensor, "l"] | None = None,
    fill: str = "zero",
    score: str = "logit",
    seed: int = 0,
    at_once: int = AT_ONCE,
    special: SpecialTokens = SPECIAL,
) -> Float[Tensor, "b t"]:
    """The values of the words (``shapley``), signed; raises as ``shapley``."""
    return shapley(
        model, visual, tokens, answer, estimate=estimate, samples=samples, groups=groups,
        fill=fill, score=score, seed=seed, at_once=at_once, special=special,
    ).words  # fmt: skip


def _without(model: nn.Module, visual: Float[Tensor, "b *cells"], fill: str) -> Tensor:
    """What stands for cells that are absent; of images their mean colour, or black."""
    if visual.dim() == 3:
        return filled(model, visual, fill)
    mean = visual.mean(dim=(2, 3), keepdim=True).expand_as(visual)
    return option({"zero": torch.zeros_like(visual), "mean": mean}, fill, "fill")


def _groups(groups: Int[Tensor, "l"] | None, visual: Float[Tensor, "b *cells"]) -> Int[Tensor, "l"]:
    """``groups``, by default one for each cell, and one for an image."""
    cells = visual.shape[1]
    if groups is None:
        return torch.arange(cells) if visual.dim() == 3 else torch.zeros(cells, dtype=torch.long)
    numbers = groups.unique().tolist()
    if len(groups) != cells or numbers != list(range(len(numbers))):
        raise UsageError(
            f"groups: {len(groups)} numbers from {int(groups.min())} to {int(groups.max())} for "
            f"{cells} cells; give each cell the number of its group, from 0 without a gap"
        )
    return groups
