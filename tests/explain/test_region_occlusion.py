import pytest
import torch
from captum.attr import Occlusion

from tests.explain.tiny import CELLS, GRID, WIDTH, Trace, batch, tiny
from vqax.errors import UsageError
from vqax.explain.occlusion_effect import SCORES
from vqax.explain.region_occlusion import FILLS, occluded_regions, region_occlusion


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("at_once", [1, 4, 64])
def test_equals_cells_one_by_one(score, fill, at_once):
    visual, tokens, answer = batch()
    kept = visual.clone()
    found = occluded_regions(
        tiny(), visual, tokens, answer, fill=fill, score=score, at_once=at_once
    )
    assert torch.equal(visual, kept)
    model = tiny().eval()
    for i in range(3):
        before = model(visual[i : i + 1], tokens[i : i + 1]).logits[0]
        for cell in range(CELLS):
            hidden = visual[i].clone()
            for k in range(WIDTH):
                mean = sum(visual[i, other, k] for other in range(CELLS)) / CELLS
                hidden[cell, k] = 0 if fill == "zero" else mean
            after = model(hidden[None], tokens[i : i + 1]).logits[0]
            drop = SCORES[score](before[None])[0] - SCORES[score](after[None])[0]
            torch.testing.assert_close(found.drops[i, cell], drop[answer[i]].detach())
            assert found.answers[i, cell] == after.argmax()
        assert found.predicted[i] == before.argmax()


def test_equals_captum():
    visual, tokens, answer = batch()
    model = tiny().eval()
    peer = Occlusion(lambda seen, asked: model(seen, asked).logits)
    with torch.no_grad():
        expected = peer.attribute(
            visual, (1, WIDTH), (1, WIDTH), target=answer, additional_forward_args=tokens
        )
    maps = region_occlusion(model, visual, tokens, answer, GRID, score="logit")
    torch.testing.assert_close(maps.flatten(1), expected[:, :, 0].float())


def test_boxes_are_a_grid_of_one_row():
    maps = region_occlusion(tiny(), *batch(), (1, CELLS))
    assert maps.shape == (3, 1, CELLS)
    assert torch.equal(maps.flatten(1), region_occlusion(tiny(), *batch(), GRID).flatten(1))


def test_works_in_the_precision_of_the_features():
    visual, tokens, answer = batch()
    model = tiny().double()
    before = Trace(model, visual.double())
    maps = region_occlusion(model, visual.double(), tokens, answer, GRID)
    assert maps.dtype == torch.float64
    before.assert_equal(Trace(model, visual.double()))


def test_an_unknown_fill_is_refused():
    with pytest.raises(UsageError, match=r"fill: 'noise' is not known.*zero, mean"):
        region_occlusion(tiny(), *batch(), GRID, fill="noise")
