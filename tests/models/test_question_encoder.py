from collections.abc import Iterable

import torch

from vqax.models.question_encoder import QuestionEncoder


def slow_lstm_states(words: Iterable[torch.Tensor], lstm: torch.nn.LSTM) -> list[torch.Tensor]:
    """The state after each word of one question, gate by gate."""
    h = c = torch.zeros(lstm.hidden_size)
    states = []
    for word in words:
        gates = lstm.weight_ih_l0 @ word + lstm.bias_ih_l0
        gates = gates + lstm.weight_hh_l0 @ h + lstm.bias_hh_l0
        i, f, g, o = gates.chunk(4)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        states.append(h)
    return states


def test_last_state_after_a_tanh():
    torch.manual_seed(0)
    encoder, words = QuestionEncoder(3, 5), torch.randn(4, 6, 3)
    expected = torch.stack([slow_lstm_states(one.tanh(), encoder.lstm)[-1] for one in words])
    torch.testing.assert_close(encoder(words), expected)
