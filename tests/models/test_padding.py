import pytest
import torch
from torch import nn

from vqax.models.padding import last_state, present, rolled_left, states

TOKENS = torch.tensor([[0, 0, 3, 1], [0, 2, 0, 4], [5, 1, 1, 2], [0, 0, 0, 0]])


def test_the_padding_ends_with_the_first_word():
    expected = [[0, 0, 1, 1], [0, 1, 1, 1], [1, 1, 1, 1], [0, 0, 0, 0]]
    assert present(TOKENS).int().tolist() == expected


def test_rolled_left_moves_each_question_by_its_own_number():
    words = torch.arange(8.0).view(2, 4, 1)
    moved = rolled_left(words, torch.tensor([[1], [-1]]))
    assert moved.squeeze(-1).tolist() == [[1, 2, 3, 0], [7, 4, 5, 6]]


@pytest.mark.parametrize("kind", [nn.GRU, nn.LSTM])
def test_states_are_those_of_the_words_without_their_padding(kind):
    torch.manual_seed(0)
    recurrent, words = kind(3, 5, batch_first=True), torch.randn(4, 4, 3)
    found = states(recurrent, words, present(TOKENS))
    assert found.shape == (4, 4, 5)
    for b, padding in enumerate((2, 1, 0)):
        alone = recurrent(words[b : b + 1, padding:])[0][0]
        torch.testing.assert_close(found[b, padding:], alone)
        assert not found[b, :padding].any()
    assert not found[3].any()


@pytest.mark.parametrize("tokens", [TOKENS, TOKENS[2:3], TOKENS[3:], TOKENS[:, :1]])
def test_the_last_state_has_read_the_padding_too(tokens):
    torch.manual_seed(0)
    recurrent, table = nn.GRU(3, 5, batch_first=True), nn.Embedding(6, 3)  # padding is not 0 here
    found, plain = last_state(recurrent, table, tokens), recurrent(table(tokens))[1][-1]
    torch.testing.assert_close(found, plain)
    weights = [*recurrent.parameters(), table.weight]
    slopes = torch.autograd.grad(found.square().sum(), weights)
    expected = torch.autograd.grad(plain.square().sum(), weights)
    for one, other in zip(slopes, expected, strict=True):
        torch.testing.assert_close(one, other)


def test_the_last_state_under_bf16():
    recurrent, table = nn.GRU(3, 5, batch_first=True), nn.Embedding(6, 3, padding_idx=0)
    with torch.autocast("cpu", torch.bfloat16):
        found = last_state(recurrent, table, TOKENS)
    plain = recurrent(table(TOKENS))[1][-1]
    torch.testing.assert_close(found.float(), plain, atol=0.02, rtol=0.05)
