import pytest
import torch

from tests.explain.tiny import GRID, batch, tiny
from vqax.errors import UsageError
from vqax.explain.attention import attention


def test_is_the_models_own_attention_row_by_row():
    model, (visual, tokens, answer) = tiny().eval(), batch()
    maps = attention(model, visual, tokens, answer, GRID)
    weights = model(visual, tokens).attention
    for i in range(3):
        for cell in range(6):
            assert maps[i, cell // 3, cell % 3] == weights[i, cell]
    torch.testing.assert_close(maps.sum((1, 2)), torch.ones(3))


def test_does_not_depend_on_the_answer():
    visual, tokens, answer = batch()
    first = attention(tiny(), visual, tokens, answer, GRID)
    assert torch.equal(first, attention(tiny(), visual, tokens, answer + 1, GRID))


def test_a_model_without_attention_is_named():
    with pytest.raises(UsageError, match=r"Tiny has no attention.*grad_cam"):
        attention(tiny(with_attention=False), *batch(), GRID)
