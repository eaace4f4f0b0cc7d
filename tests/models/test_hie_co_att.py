import torch

from tests.models.small import ANSWERS, WIDTH, WORDS, build, inputs, losses_of_reading_a_cell
from tests.models.test_question_encoder import slow_lstm_states
from tests.models.test_scale import slow_mean_square_one
from vqax.models.hie_co_att import CoAttention, HieCoAtt, PhraseEncoder


def slow_phrases(encoder, words):
    nothing = torch.zeros_like(words[0])
    result = []
    for t, word in enumerate(words):
        before = words[t - 1] if t > 0 else nothing
        after = words[t + 1] if t + 1 < len(words) else nothing
        grams = (
            encoder.unigram.weight @ word + encoder.unigram.bias,
            encoder.bigram.weight @ torch.cat([before, word]) + encoder.bigram.bias,
            encoder.trigram.weight @ torch.cat([before, word, after]) + encoder.trigram.bias,
        )
        result.append(torch.stack(grams).amax(0).tanh())
    return result


def slow_co_attention(level, cells, words):
    """Equations 3 and 4: C, the sums over words and cells one by one, both softmaxes."""
    w_b, w_v, w_q = level.affinity.weight, level.cell_map.weight, level.word_map.weight
    c = [[torch.tanh((w_b @ q) @ v) for v in cells] for q in words]
    n, t = range(len(cells)), range(len(words))
    h_v = [torch.tanh(w_v @ cells[i] + sum(c[j][i] * (w_q @ words[j]) for j in t)) for i in n]
    h_q = [torch.tanh(w_q @ words[j] + sum(c[j][i] * (w_v @ cells[i]) for i in n)) for j in t]
    of_cells = torch.cat([level.cell_score.weight @ h for h in h_v]).softmax(0)
    of_words = torch.cat([level.word_score.weight @ h for h in h_q]).softmax(0)
    return of_cells, of_words


def weighted_sum(weights, vectors):
    return sum(w * v for w, v in zip(weights, vectors, strict=True))


def test_slow_forward():
    """Each question without its padding, word by word and cell by cell."""
    model, (visual, tokens) = build("hie_co_att"), inputs()
    tokens[1, :2] = 0
    output = model(visual, tokens)
    for b in range(4):
        cells = [model.visual_map(slow_mean_square_one(v)).tanh() for v in visual[b]]
        words = [(model.word_map.weight @ model.embedding.weight[t]).tanh() for t in tokens[b] if t]
        phrases = slow_phrases(model.phrases, words)
        sentence = slow_lstm_states(phrases, model.encoder)
        sums = []
        for level, vectors in zip(model.levels, (words, phrases, sentence), strict=True):
            of_cells, of_words = slow_co_attention(level, cells, vectors)
            sums.append(weighted_sum(of_cells, cells) + weighted_sum(of_words, vectors))
        low = model.fuse_words(sums[0]).tanh()
        middle = model.fuse_phrases(torch.cat([sums[1], low])).tanh()
        combined = model.fuse_sentence(torch.cat([sums[2], middle])).tanh()
        torch.testing.assert_close(output.question[b], sentence[-1])
        torch.testing.assert_close(output.attention[b], of_cells)
        expected = torch.stack([w * v for w, v in zip(of_cells, cells, strict=True)])
        torch.testing.assert_close(output.attended[b], expected)
        torch.testing.assert_close(output.combined[b], combined)


def test_phrases_of_one_word():
    torch.manual_seed(0)
    encoder, words = PhraseEncoder(4), torch.randn(3, 1, 4)
    expected = torch.stack([slow_phrases(encoder, list(one))[0] for one in words]).unsqueeze(1)
    torch.testing.assert_close(encoder(words), expected)


def test_padding_gets_no_weight():
    torch.manual_seed(0)
    level, there = CoAttention(4), torch.tensor([[False, True, True], [False, False, True]])
    words = torch.randn(2, 3, 4) * there.unsqueeze(-1)
    of_cells, of_words = level(torch.randn(2, 6, 4), words, there)
    torch.testing.assert_close(of_cells.sum(1), torch.ones(2))
    torch.testing.assert_close(of_words.sum(1), torch.ones(2))
    assert not of_words[~there].any()


def test_the_certainty_gradient_steers_the_look_of_the_sentence():
    output = (model := build("hie_co_att"))(*inputs())
    output.attended.square().sum().backward()
    assert model.levels[2].affinity.weight.grad.any()
    for level in model.levels[:2]:
        assert level.affinity.weight.grad is None


def test_words_as_wide_as_the_model_are_not_mapped():
    model = HieCoAtt(words=WORDS, answers=ANSWERS, visual_dim=WIDTH, word_dim=8, hidden=8)
    assert not list(model.word_map.parameters())
    assert model(*inputs()).logits.shape == (4, ANSWERS)


def test_learns_which_cell_to_read():
    losses = losses_of_reading_a_cell(build("hie_co_att", hidden=16, variance="none"))
    assert losses[-1] < 0.2 * losses[0]
