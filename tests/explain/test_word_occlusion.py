import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.explain.test_pixels import counting, images
from tests.explain.tiny import batch, image_encoder, tiny
from vqax.errors import UsageError
from vqax.explain.occlusion_effect import SCORES
from vqax.explain.pixels import PixelModel
from vqax.explain.word_occlusion import WITHOUT, dropped, occluded_words, unknown, word_occlusion

LEFT, RIGHT = [0, 0, 5, 3, 2], [5, 3, 2, 0, 0]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(0, 3), st.booleans())
def test_a_dropped_word_is_gone_and_the_others_keep_their_order(words, padding, left):
    row = [0] * padding + words if left else words + [0] * padding
    for place in (i for i, word in enumerate(row) if word):
        (after,) = dropped(torch.tensor([row]), torch.tensor([place])).tolist()
        kept = row[:place] + row[place + 1 :]
        assert after == ([*kept, 0] if not left and padding else [0, *kept])


def test_words_are_dropped_row_by_row():
    tokens = torch.tensor([LEFT, RIGHT, [1, 2, 3, 4, 5]])
    found = dropped(tokens, torch.tensor([3, 0, 4]))
    assert found.tolist() == [[0, 0, 0, 5, 2], [3, 2, 0, 0, 0], [0, 1, 2, 3, 4]]
    assert unknown(tokens, torch.tensor([3, 0, 4])).tolist() == [
        [0, 0, 5, 1, 2], [1, 3, 2, 0, 0], [1, 2, 3, 4, 1],
    ]  # fmt: skip
    assert tokens.tolist()[:2] == [LEFT, RIGHT]


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("how", WITHOUT)
@pytest.mark.parametrize("at_once", [2, 64])
def test_equals_words_one_by_one(how, score, at_once):
    visual, _, answer = batch()
    tokens = torch.tensor([[0, 0, 3, 4], [2, 6, 1, 5], [0, 0, 0, 0]])
    found = occluded_words(tiny(), visual, tokens, answer, how=how, score=score, at_once=at_once)
    model = tiny().eval()
    for i in range(3):
        before = model(visual[i : i + 1], tokens[i : i + 1]).logits
        assert found.predicted[i] == before.argmax()
        for place, word in enumerate(tokens[i].tolist()):
            assert found.hidden[i, place] == (word != 0)
            if word == 0:
                assert found.drops[i, place] == 0
                continue
            row = tokens[i].tolist()
            if how == "drop":
                row = [0, *row[:place], *row[place + 1 :]]
            else:
                row[place] = 1
            after = model(visual[i : i + 1], torch.tensor([row])).logits
            drop = (SCORES[score](before) - SCORES[score](after))[0, answer[i]]
            torch.testing.assert_close(found.drops[i, place], drop.detach())
            assert found.answers[i, place] == after.argmax()
    assert found.flip_rate[:2].isfinite().all()
    assert found.flip_rate[2].isnan()


def test_the_trunk_sees_each_picture_once():
    seen, (_, tokens, answer) = counting(), batch()
    numbers = word_occlusion(PixelModel(seen, tiny()), images(), tokens, answer)
    assert seen.seen == (3,)
    cells = image_encoder()(images()).detach()
    torch.testing.assert_close(numbers, word_occlusion(tiny(), cells, tokens, answer))


@pytest.mark.parametrize(
    ("wrong", "names"),
    [({"how": "swap"}, "drop, unknown"), ({"score": "rank"}, "probability, logit")],
)
def test_an_unknown_option_is_refused(wrong, names):
    with pytest.raises(UsageError, match=f"is not known; choose one of {names}"):
        word_occlusion(tiny(), *batch(), **wrong)
