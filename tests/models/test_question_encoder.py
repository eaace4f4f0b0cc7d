import torch

from vqax.models.question_encoder import QuestionEncoder


def slow_lstm(words: torch.Tensor, lstm: torch.nn.LSTM) -> torch.Tensor:
    """The last state of one question, gate by gate."""
    h = c = torch.zeros(lstm.hidden_size)
    for word in words:
        gates = lstm.weight_ih_l0 @ word.tanh() + lstm.bias_ih_l0
        gates = gates + lstm.weight_hh_l0 @ h + lstm.bias_hh_l0
        i, f, g, o = gates.chunk(4)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
    return h


def test_last_state_after_a_tanh():
    torch.manual_seed(0)
    encoder, words = QuestionEncoder(3, 5), torch.randn(4, 6, 3)
    expected = torch.stack([slow_lstm(one, encoder.lstm) for one in words])
    torch.testing.assert_close(encoder(words), expected)
