import pytest
import torch
from torch import nn

from vqax.models.padding import present, rolled_left, states

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
