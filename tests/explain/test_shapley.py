"""Shapley values against all sets of players, and against captum's."""

from itertools import combinations
from math import comb, factorial

import pytest
import torch
from torch import nn

from tests.explain.tiny import GRID, IMAGE, Trace, batch, image_encoder, tiny
from vqax.errors import UsageError
from vqax.explain import EXPLAINERS, WORD_EXPLAINERS, PixelModel
from vqax.explain.black_box import black_box
from vqax.explain.shapley import _sets, by_regression, shapley
from vqax.models.forward import Forward

GROUPS = torch.tensor([0, 0, 1, 1, 2, 2])


def inputs():
    visual, tokens, answer = batch(2)
    tokens.clamp_(min=2)  # no unknown word among them
    tokens[0, :2] = 0
    return visual, tokens, answer


def value(row, present):
    """v of a set of players: three groups of cells, then the words."""
    visual, tokens, answer = (part[row : row + 1].clone() for part in inputs())
    words = [place for place in range(4) if tokens[0, place]]
    for cell, group in enumerate(GROUPS.tolist()):
        if group not in present:
            visual[0, cell] = 0
    for player, place in enumerate(words, start=3):
        if player not in present:
            tokens[0, place] = 1
    with torch.no_grad():
        return tiny().eval()(visual, tokens).logits[0, answer[0]].item()


def by_definition(row, players):
    values = []
    for player in range(players):
        others, total = [other for other in range(players) if other != player], 0.0
        for size in range(players):
            weight = factorial(size) * factorial(players - size - 1) / factorial(players)
            for chosen in combinations(others, size):
                gained = value(row, {*chosen, player}) - value(row, set(chosen))
                total += weight * gained
        values.append(total)
    return values


def players_of(found, row):
    """Values of the three groups, each summed over its cells, and of the words."""
    tokens = inputs()[1][row]
    groups = [found.cells[row, group == GROUPS].sum().item() for group in range(3)]
    return groups + found.words[row][tokens != 0].tolist()


def test_all_sets_in_the_regression_give_the_definition():
    found = shapley(tiny(), *inputs(), estimate="kernel", groups=GROUPS, samples=2**7)
    for row, players in enumerate((5, 7)):
        assert players_of(found, row) == pytest.approx(by_definition(row, players), abs=1e-4)


@pytest.mark.parametrize(("estimate", "samples"), [("permutation", 600), ("kernel", 100)])
def test_samples_come_near_the_definition(estimate, samples):
    found = shapley(tiny(), *inputs(), estimate=estimate, groups=GROUPS, samples=samples)
    exact = shapley(tiny(), *inputs(), estimate="kernel", groups=GROUPS, samples=2**7)
    for row in range(2):
        size = max(map(abs, players_of(exact, row)))
        assert players_of(found, row) == pytest.approx(players_of(exact, row), abs=0.15 * size)


@pytest.mark.parametrize("estimate", ["permutation", "kernel"])
@pytest.mark.parametrize("samples", [1, 4, 200])
def test_values_share_out_what_all_players_add(estimate, samples):
    found = shapley(tiny(), *inputs(), estimate=estimate, groups=GROUPS, samples=samples)
    for row, players in enumerate((5, 7)):
        added = value(row, set(range(players))) - value(row, set())
        assert sum(players_of(found, row)) == pytest.approx(added, abs=1e-4)
    assert (found.words[0, :2] == 0).all()


def test_the_values_are_those_of_captum():
    from captum.attr import ShapleyValues

    fixed = {5, 6}  # 7! orders are many; two words stay

    def played(present):
        sets = [fixed | set(row.nonzero()[:, 0].tolist()) for row in present]
        return torch.tensor([value(1, players) for players in sets])

    expected = ShapleyValues(played).attribute(torch.ones(1, 5))[0].tolist()
    assert by_definition_with(fixed, 5) == pytest.approx(expected, abs=1e-4)
    found = by_regression(
        lambda present: torch.stack([played(row[None])[0] for row in present.int()]), 5, 30, 0
    )
    assert found.tolist() == pytest.approx(expected, abs=1e-4)


def by_definition_with(fixed, players):
    return [
        sum(
            (value(1, {*chosen, player} | fixed) - value(1, set(chosen) | fixed))
            / (players * comb(players - 1, size))
            for size in range(players)
            for chosen in combinations([one for one in range(players) if one != player], size)
        )
        for player in range(players)
    ]


class Additive(nn.Module):
    """Cells add their sums, words twice their numbers: what each player adds is known."""

    def __init__(self):
        super().__init__()
        self.look_up = nn.Embedding(9, 1)
        self.look_up.weight.data = torch.arange(9.0)[:, None]

    def forward(self, visual, tokens):
        score = visual.sum((1, 2)) + 2 * self.look_up(tokens).sum((1, 2))
        nothing = visual.new_zeros(len(visual), 0)
        logits = torch.stack([score, -score], 1)
        return Forward(logits, None, visual, visual, nothing, nothing, None)


@pytest.mark.parametrize("estimate", ["permutation", "kernel"])
def test_of_what_adds_up_any_order_tells_all(estimate):
    visual, tokens, answer = torch.rand(1, 6, 4), torch.tensor([[0, 3, 5]]), torch.tensor([0])
    given = Additive(), visual, tokens, answer
    options = {"estimate": estimate, "samples": 400 if estimate == "kernel" else 1}
    found = shapley(*given, **options)
    torch.testing.assert_close(found.cells, visual.sum(2), atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(found.words, torch.tensor([[0.0, 4, 8]]), atol=1e-3, rtol=1e-3)
    cells = visual.sum().item()
    assert found.image_share.item() == pytest.approx(cells / (cells + 12), abs=1e-3)
    assert found.text_share.item() == pytest.approx(12 / (cells + 12), abs=1e-3)
    maps = EXPLAINERS["region_shapley"](*given, GRID, **options)
    assert torch.equal(maps.flatten(1), found.cells)
    assert torch.equal(WORD_EXPLAINERS["word_shapley"](*given, **options), found.words)


def test_sets_of_a_size_come_as_often_as_they_weigh():
    present, weights = _sets(24, 6000, 0)
    sizes = torch.arange(1, 24, dtype=torch.float64)
    expected = 1 / (sizes * (24 - sizes))
    share = present.sum(1).bincount(minlength=25)[1:24] / len(present)
    torch.testing.assert_close(share.double(), expected / expected.sum(), atol=0.02, rtol=0.2)
    assert (weights == 1).all()
    assert torch.equal(present[:3000], ~present[3000:])


def test_pictures_are_seen_once_by_the_trunk():
    model = PixelModel(image_encoder(), tiny())
    images = torch.randn(2, 3, *IMAGE, generator=torch.Generator().manual_seed(4))
    _, tokens, answer = inputs()
    before = Trace(model, images)
    found = WORD_EXPLAINERS["word_shapley"](model, images, tokens, answer)
    before.assert_equal(Trace(model, images))
    with torch.no_grad():
        cells = image_encoder()(images)
    torch.testing.assert_close(found, shapley(tiny(), cells, tokens, answer).words)


def test_groups_are_numbered_without_a_gap():
    with pytest.raises(UsageError, match="groups: 6 numbers from 0 to 3 for 6 cells"):
        shapley(tiny(), *inputs(), groups=torch.tensor([0, 0, 1, 1, 3, 3]))
    with pytest.raises(UsageError, match=r"estimate: 'exact' is not known; .*permutation, kernel"):
        shapley(tiny(), *inputs(), estimate="exact")


def test_the_picture_of_a_black_box_is_one_player():
    def answer(images, questions):
        yes = (
            images.mean((1, 2, 3))
            / 255
            * torch.tensor([0.5 if "red" in question else 0.25 for question in questions])
        )
        return torch.stack([yes, 1 - yes], 1)

    model = black_box(answer, ["", "", "is", "it", "red"])
    images, tokens = torch.full((1, 3, 4, 6), 255.0), torch.tensor([[2, 3, 4]])
    given = model, images, tokens, torch.tensor([0])
    found = shapley(*given, score="probability", estimate="kernel", samples=2**4)
    assert found.cells.sum().item() == pytest.approx(0.375, abs=1e-4)  # alone .25, with red .5
    assert found.words[0].tolist() == pytest.approx([0, 0, 0.125], abs=1e-4)
    words = WORD_EXPLAINERS["word_shapley"](*given, score="probability", samples=200)
    assert words[0].tolist() == pytest.approx([0, 0, 0.125], abs=0.03)
