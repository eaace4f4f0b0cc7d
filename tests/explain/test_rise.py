import gc
from importlib import import_module

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from tests.explain.test_pixels import IMAGES_OF, images, questions
from tests.explain.tiny import ANSWERS, GRID, IMAGE, Tiny, batch, image_encoder, tiny
from vqax.errors import UsageError
from vqax.explain.pixels import PixelModel
from vqax.explain.region_occlusion import FILLS
from vqax.explain.rise import Grids, draw_grids, masks_of, region_rise, rise
from vqax.learning.sampling import GOLDEN

COLOUR = (0.5, -1.0, 2.0)


def slow_masks(grids: Grids, size) -> torch.Tensor:
    """One by one as the authors' code: enlarge by bilinear interpolation, crop."""
    masks = []
    for grid, shift in zip(*grids, strict=True):
        s = len(grid)
        enlarged = [(s + 1) * -(-extent // s) for extent in size]
        up = functional.interpolate(grid[None, None].float(), enlarged, mode="bilinear")[0, 0]
        y, x = shift.tolist()
        masks.append(up[y : y + size[0], x : x + size[1]])
    return torch.stack(masks)


@settings(max_examples=30, deadline=None)
@given(st.tuples(st.integers(1, 20), st.integers(1, 20)), st.integers(1, 9), st.integers(0, 2**40))
def test_masks_are_grids_enlarged_and_cropped(size, cells, key):
    grids = draw_grids(5, size, cells=cells, keep=0.4, key=key)
    masks = masks_of(grids, size)
    assert masks.shape == (5, *size)
    torch.testing.assert_close(masks, slow_masks(grids, size))
    assert masks.min() >= 0
    assert masks.max() <= 1 + 1e-6


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.8])
def test_the_mean_of_masks_is_what_they_let_through(keep):
    """At every pixel, within five standard errors of a sum of numbers in [0, 1]."""
    count = 4000
    masks = masks_of(draw_grids(count, (9, 14), cells=4, keep=keep, key=3), (9, 14))
    error = (keep * (1 - keep) / count) ** 0.5
    assert ((masks.mean(0) - keep).abs() < 5 * error).all()
    assert masks.std(0).min() > 0


def test_every_shift_within_a_cell_is_drawn():
    shift = draw_grids(500, (8, 12), cells=4, keep=0.5, key=0).shift
    assert set(shift[:, 0].tolist()) == {0, 1}
    assert set(shift[:, 1].tolist()) == {0, 1, 2}


def test_the_key_decides():
    first, same, other = (draw_grids(9, (8, 8), cells=3, keep=0.5, key=k) for k in (1, 1, 2))
    assert torch.equal(first.open, same.open)
    assert torch.equal(first.shift, same.shift)
    assert not torch.equal(first.open, other.open)


@pytest.mark.parametrize("at_once", [1, 4, 32])
def test_equals_masks_one_by_one(at_once):
    model, (tokens, answer), ids = (
        PixelModel(image_encoder(), tiny()),
        questions(),
        torch.tensor([7, 0, 9]),
    )
    maps = rise(
        model, images(), tokens, answer, GRID, image_of=IMAGES_OF, image_ids=ids,
        masks=6, cells=3, keep=0.4, colour=COLOUR, seed=5, at_once=at_once,
    )  # fmt: skip
    model.eval()
    for i, which in enumerate(IMAGES_OF.tolist()):
        key = 5 + int(ids[which]) * GOLDEN
        masks = slow_masks(draw_grids(6, IMAGE, cells=3, keep=0.4, key=key), IMAGE)
        expected = torch.zeros(IMAGE)
        for mask in masks:
            shown = torch.zeros(1, 3, *IMAGE)
            for channel in range(3):
                seen = images()[which, channel]
                shown[0, channel] = mask * seen + (1 - mask) * COLOUR[channel]
            odds = model(shown, tokens[i : i + 1]).logits[0].detach().softmax(0)
            expected += odds[answer[i]] * mask / (6 * 0.4)
        torch.testing.assert_close(maps[i], expected)


@pytest.mark.parametrize("fill", FILLS)
def test_of_cells_equals_masks_one_by_one(fill):
    visual, tokens, answer = batch()
    maps = region_rise(
        tiny(), visual, tokens, answer, GRID, masks=5, cells=2, fill=fill, seed=1, at_once=2
    )
    model, masks = tiny().eval(), slow_masks(draw_grids(5, GRID, cells=2, keep=0.5, key=1), GRID)
    for i in range(3):
        expected, blank = torch.zeros(GRID), visual[i].mean(0) if fill == "mean" else 0
        for mask in masks:
            share = mask.reshape(-1, 1)
            shown = share * visual[i] + (1 - share) * blank
            odds = model(shown[None], tokens[i : i + 1]).logits[0].detach().softmax(0)
            expected += odds[answer[i]] * mask / 2.5
        torch.testing.assert_close(maps[i], expected)


class Looks(Tiny):
    """Answers 0 the more, the larger cell 4 is; and counts how much it is given."""

    most = 0

    def forward(self, visual, tokens):
        Looks.most = max(Looks.most, len(visual))
        forward = super().forward(visual, tokens)
        logits = torch.zeros(len(visual), ANSWERS)
        logits[:, 0] = visual[:, 4].mean(1)
        return forward._replace(logits=logits)


def test_finds_the_cell_that_decides_with_a_few_masks_in_memory(monkeypatch):
    model, (_, tokens, _) = tiny(), batch()
    model.__class__, Looks.most = Looks, 0
    made = []
    monkeypatch.setattr(
        import_module("vqax.explain.rise"),
        "masks_of",
        lambda grids, size: made.append(masks_of(grids, size)) or made[-1],
    )
    zero = torch.zeros(3, dtype=torch.int64)
    maps = region_rise(model, torch.full((3, 6, 4), 4.0), tokens, zero, GRID, at_once=50)
    assert (maps.flatten(1).argmax(1) == 4).all()
    assert max(len(masks) for masks in made) == 50 == Looks.most
    assert sum(len(masks) for masks in made) == 3 * 1000


def test_regions_in_a_list_are_no_neighbours():
    """Only region 4 counts: the expectation is the same for all others, next to it or not."""
    model, (_, tokens, _) = tiny(), batch()
    model.__class__ = Looks
    zero = torch.zeros(3, dtype=torch.int64)
    seen = []
    hook = model.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    maps = region_rise(
        model, torch.full((3, 6, 4), 4.0), tokens, zero, (1, 6), masks=4000, at_once=500
    )
    hook.remove()
    shares = torch.cat(seen)[:4000, :, 0] / 4
    assert shares.unique().tolist() == [0, 1]
    assert (shares.T.corrcoef() - torch.eye(6)).abs().max() < 5 / 4000**0.5
    shown, hidden = 1 / (1 + 4 / torch.tensor([4.0, 0.0]).exp())
    expected = torch.full((6,), float(shown + hidden) / 2)
    expected[4] = shown
    torch.testing.assert_close(maps[0, 0], expected, atol=0.05, rtol=0)


def _masks() -> list[torch.Tensor]:
    """Every tensor alive that is as large as a mask, those of other tests too."""
    alive = [thing for thing in gc.get_objects() if type(thing) is torch.Tensor]
    return [one for one in alive if one.dim() == 3 and one.shape[1:] == IMAGE]


def test_never_more_masks_of_pixels_than_one_batch_are_alive():
    """All tensors as large as a mask are counted whenever the model looks, of 1,000 masks."""
    (_, tokens, answer), at_once = batch(1), 16
    before = {id(thing) for thing in _masks()}

    class Counts(Tiny):
        most = 0

        def forward(self, visual, tokens):
            masks = [one for one in _masks() if id(one) not in before]
            assert any(len(one) == len(visual) for one in masks)
            Counts.most = max(Counts.most, sum(len(one) for one in masks if len(one) > 1))
            return super().forward(visual, tokens)

    inner = tiny()
    inner.__class__ = Counts
    maps = rise(
        PixelModel(image_encoder(), inner), images(1), tokens, answer, GRID, at_once=at_once
    )
    assert maps.shape == (1, *IMAGE)
    assert Counts.most == at_once


def test_pictures_have_masks_by_their_ids():
    model, (_, tokens, answer) = PixelModel(image_encoder(), tiny()), batch()
    same = images()[:1].expand(3, -1, -1, -1)
    inputs = model, same, tokens[:1].expand(3, -1), answer[:1].expand(3), GRID
    alike = rise(*inputs, masks=4, cells=3)
    torch.testing.assert_close(alike[0], alike[1])
    keyed = rise(*inputs, masks=4, cells=3, image_ids=torch.tensor([4, 8, 4]))
    torch.testing.assert_close(keyed[0], keyed[2])
    assert not torch.allclose(keyed[0], keyed[1])


def test_an_unknown_fill_is_refused():
    with pytest.raises(UsageError, match=r"fill: 'noise' is not known.*zero, mean"):
        region_rise(tiny(), *batch(), GRID, fill="noise")
