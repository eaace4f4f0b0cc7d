import pytest
import torch
from captum.attr import Occlusion
from torch import nn

from tests.explain.test_pixels import IMAGES_OF, counting, images, questions
from tests.explain.tiny import GRID, IMAGE, batch, image_encoder, tiny
from vqax.errors import UsageError
from vqax.explain.occlusion import GREY, occluded, occlusion
from vqax.explain.occlusion_effect import SCORES, OcclusionEffect, hide_each
from vqax.explain.patched_tensor import dense
from vqax.explain.pixels import PixelModel

COLOUR = (0.5, -1.0, 2.0)


def slow_occlusion(model, image, question, answer, patches, colour, score):
    """Patch by patch; pixel by pixel behind the patch."""
    model, (height, width) = model.eval(), image.shape[1:]
    drops, answers = torch.zeros(*patches), torch.zeros(*patches, dtype=torch.int64)

    def ask(seen):
        with torch.no_grad():
            logits = model(seen[None], question[None]).logits[0]
        scores = logits.exp() / logits.exp().sum() if score == "probability" else logits
        return scores[answer], logits.argmax()

    before, predicted = ask(image)
    for r in range(patches[0]):
        for c in range(patches[1]):
            hidden = image.clone()
            for y in range(r * height // patches[0], (r + 1) * height // patches[0]):
                for x in range(c * width // patches[1], (c + 1) * width // patches[1]):
                    for channel in range(3):
                        hidden[channel, y, x] = colour[channel]
            after, answers[r, c] = ask(hidden)
            drops[r, c] = before - after
    return drops, answers, predicted


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize(("patches", "at_once"), [((3, 5), 4), ((2, 3), 32), ((8, 12), 7)])
def test_equals_patches_one_by_one(score, patches, at_once):
    model, (tokens, answer) = PixelModel(image_encoder(), tiny()), questions()
    found = occluded(
        model, images(), tokens, answer, GRID,
        image_of=IMAGES_OF, patches=patches, colour=COLOUR, score=score, at_once=at_once,
    )  # fmt: skip
    for i in range(5):
        asked = images()[IMAGES_OF[i]], tokens[i], answer[i]
        slow = PixelModel(image_encoder(), tiny())
        drops, answers, predicted = slow_occlusion(slow, *asked, patches, COLOUR, score)
        torch.testing.assert_close(found.drops[i], drops)
        assert torch.equal(found.answers[i], answers)
        assert found.predicted[i] == predicted
    assert found.hidden.all()
    assert (found.drops < 0).any()
    assert (found.drops > 0).any()


def test_equals_captum():
    model, (_, tokens, answer) = PixelModel(image_encoder(), tiny().eval()).eval(), batch()
    peer = Occlusion(lambda seen, asked: model(seen, asked).logits.softmax(1))
    grey = torch.tensor(GREY)[None, :, None, None].expand(3, -1, *IMAGE)
    with torch.no_grad():
        expected = peer.attribute(
            images(), (3, 2, 3), (3, 2, 3), grey, answer, additional_forward_args=tokens
        )
    maps = occlusion(model, images(), tokens, answer, GRID, patches=(4, 4))
    for channel in range(3):
        torch.testing.assert_close(maps, expected[:, channel].float())
    assert maps.abs().sum() > 0


def test_the_map_shows_each_patch_at_its_pixels():
    model, inputs = PixelModel(image_encoder(), tiny()), (images(), *batch()[1:], GRID)
    found = occluded(model, *inputs, patches=(3, 5), colour=COLOUR)
    maps = occlusion(model, *inputs, patches=(3, 5), colour=COLOUR)
    assert maps.shape == (3, *IMAGE)
    for y in range(8):
        for x in range(12):
            r = max(r for r in range(3) if r * 8 // 3 <= y)
            c = max(c for c in range(5) if c * 12 // 5 <= x)
            assert torch.equal(maps[:, y, x], found.drops[:, r, c])


def test_interp_hides_16_by_16_cells_behind_the_mean_of_imagenet():
    assert GREY == (123.68, 116.779, 103.939)
    image = torch.rand(1, 3, 16, 48, generator=torch.Generator().manual_seed(0)) * 255
    made = image_encoder()
    tiles = nn.Sequential(nn.AvgPool2d(2, 6), made.last, nn.Flatten(2))  # 3 x 8 at 16 x 48
    cells = PixelModel(Cells(tiles), tiny())
    found = occluded(cells, image, *(part[:1] for part in batch()[1:]), (2, 3))
    assert found.drops.shape == (1, 16, 16)


class Cells(nn.Module):
    """2 by 3 means of the image, so that any size will do."""

    def __init__(self, layers: nn.Module) -> None:
        super().__init__()
        self.last = nn.Linear(3, 4)

    def forward(self, visual):
        return self.last(nn.functional.adaptive_avg_pool2d(dense(visual), GRID).flatten(2).mT)


def test_a_trunk_sees_the_picture_and_each_patch_once_for_all_its_questions():
    seen, (tokens, answer) = counting(), questions()
    occluded(
        PixelModel(seen, tiny()), images(), tokens, answer, GRID,
        image_of=IMAGES_OF, patches=(4, 4), at_once=6,
    )  # fmt: skip
    asked_about = 2
    assert sum(seen.seen) == asked_about * (1 + 16)
    assert max(seen.seen) <= 6


@pytest.mark.parametrize("patches", [(0, 3), (2, 0), (9, 3), (3, 13)])
def test_patches_that_do_not_fit_are_refused(patches):
    with pytest.raises(UsageError, match=r"patches: \d+ by \d+ do not fit .* 8 by 12 px"):
        occlusion(
            PixelModel(image_encoder(), tiny()), images(), *batch()[1:], GRID, patches=patches
        )


def test_an_unknown_score_is_refused():
    with pytest.raises(UsageError, match=r"score: 'rank' is not known.*probability, logit"):
        occlusion(
            PixelModel(image_encoder(), tiny()), images(), *batch()[1:], GRID,
            patches=(2, 2), score="rank",
        )  # fmt: skip


def test_the_share_of_changes_counts_what_was_hidden():
    found = OcclusionEffect(
        torch.zeros(2, 4),
        torch.tensor([[1, 2, 1, 3], [0, 0, 4, 4]]),
        torch.tensor([1, 4]),
        torch.tensor([[True, True, True, True], [False, True, True, True]]),
    )
    assert found.changes.tolist() == [[False, True, False, True], [False, True, False, False]]
    torch.testing.assert_close(found.flip_rate, torch.tensor([2 / 4, 1 / 3]))
    square = OcclusionEffect(*(p.view(2, 2, 2) if p.dim() == 2 else p for p in found))
    torch.testing.assert_close(square.flip_rate, found.flip_rate)


def test_what_changes_a_last_digit_changes_no_answer():
    """Two answers are equally likely; without a part, one logit grows by rounding alone."""
    logits = torch.tensor([[2.0, 2.0, 0.0]])
    after = torch.tensor([[2.0, 2.0 + 4e-7, 0.0], [2.0, 2.1, 0.0]])
    found = hide_each(
        logits, torch.tensor([0]), torch.ones(1, 2, dtype=torch.bool),
        lambda _, part: after[part], score="logit", at_once=2,
    )  # fmt: skip
    assert found.changes.tolist() == [[False, True]]
