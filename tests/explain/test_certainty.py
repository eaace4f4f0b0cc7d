import math

import pytest
import torch
from torch import nn

from tests.explain.tiny import ANSWERS, CELLS, GRID, WIDTH, batch, tiny
from vqax.errors import UsageError
from vqax.explain.certainty import aleatoric_mask, predictive_mask
from vqax.learning.certainty import CertaintySettings
from vqax.learning.sampling import sample_noise

MASKS = {"aleatoric": aleatoric_mask, "predictive": predictive_mask}
each = pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
SAMPLES = 3


def slow_losses(model, attended, question, answer, source, seed):
    """Ly and Lu of one question, term by term, from its attended map."""
    combined = torch.tanh(attended.sum(0)) * question
    model.eval()
    logits, variance = (part[0] for part in model.head(combined[None]))
    passes = [(logits, variance.mean())]
    if source == "predictive":
        torch.manual_seed(seed)
        kept = nn.functional.dropout(torch.ones(SAMPLES, WIDTH).double(), 0.5)
        passes = []
        for one in kept:
            drawn = model.answer(model.norm(combined[None]) * one).exp()
            passes.append((drawn[0], nn.functional.softplus(model.spread(drawn)).mean()))
    aleatoric = sum(variance for _, variance in passes) / len(passes)
    width = aleatoric
    if source == "predictive":
        mean = sum(logits.softmax(0) for logits, _ in passes) / len(passes)
        width = aleatoric - sum(p * p.log() for p in mean)
    generator = torch.Generator().manual_seed(seed)
    noise = sample_noise(generator, torch.zeros(1, dtype=torch.int64), SAMPLES, logits[None])
    likelihood = 0.0
    for t in range(SAMPLES):
        drawn = passes[t][0] if source == "predictive" else logits
        likelihood += (drawn + noise[t, 0] * width.sqrt()).softmax(0)[answer] / SAMPLES
    answer_loss, likelihood = -logits.log_softmax(0)[answer], -likelihood.log()
    change = likelihood - answer_loss
    udl = change if change > 0 else change.exp() - 1
    return answer_loss, likelihood + aleatoric.exp() - 1 + udl


def slow_mask(model, visual, tokens, answer, source, seed):
    """Question by question, cell by cell; gradients by central differences."""
    forward = model.eval()(visual, tokens)
    step, masks = 1e-5, []
    for i in range(len(visual)):
        attended, question = forward.attended[i], forward.question[i]

        def losses(moved, i=i, question=question):
            return slow_losses(model, moved, question, answer[i], source, seed)

        maps = torch.zeros(2, CELLS, dtype=torch.float64)
        for cell in range(CELLS):
            for channel in range(WIDTH):
                nudge = torch.zeros_like(attended)
                nudge[cell, channel] = step
                up, down = losses(attended + nudge), losses(attended - nudge)
                for loss in (0, 1):
                    slope = (up[loss] - down[loss]) / (2 * step)
                    maps[loss, cell] += slope * attended[cell, channel]
        certainty = [-a * u for a, u in zip(*maps.tolist(), strict=True)]
        largest = max(abs(c) for c in certainty)
        rectified = [max(c, 0) - 10 * max(-c, 0) for c in (c / largest for c in certainty)]
        total = sum(math.exp(c) for c in rectified)
        masks.append([math.exp(c) / total for c in rectified])
    return torch.tensor(masks, dtype=torch.float64).view(-1, *GRID)


@pytest.mark.parametrize("variances", [1, ANSWERS])
@pytest.mark.parametrize("source", MASKS)
def test_equals_the_equations_written_out(source, variances):
    visual, tokens, answer = batch()
    model = tiny(variances=variances).double()
    with torch.random.fork_rng(), torch.no_grad():
        if variances > 1:
            model.spread.weight.copy_(model.spread.weight[:1].expand(variances, -1))
            model.spread.bias.fill_(0.1)  # one variance per answer, all alike
        expected = slow_mask(model, visual.double(), tokens, answer, source, 4)
    maps = MASKS[source](model, visual.double(), tokens, answer, GRID, samples=SAMPLES, seed=4)
    torch.testing.assert_close(maps, expected, rtol=1e-4, atol=1e-6)


@each
def test_positive_and_sums_to_one(mask):
    maps = mask(tiny(), *batch(), GRID)
    assert (maps > 0).all()
    torch.testing.assert_close(maps.sum((1, 2)), torch.ones(3))


@each
def test_the_gain_changes_the_contrast_and_not_the_order(mask):
    flat, steep = (
        mask(tiny().double(), batch()[0].double(), *batch()[1:], GRID, settings=settings)
        for settings in (CertaintySettings(gain=0.01), CertaintySettings(gain=5.0))
    )
    assert torch.equal(flat.flatten(1).argsort(), steep.flatten(1).argsort())
    assert (steep.amax((1, 2)) > flat.amax((1, 2))).all()


@each
def test_a_gain_below_zero_turns_it_round(mask):
    visual, tokens, answer = batch()
    inputs = visual.double(), tokens, answer, GRID
    reported, rotated = (
        mask(tiny().double(), *inputs, settings=CertaintySettings(gain=gain))
        for gain in (1.0, -1.0)
    )
    order = reported.flatten(1).argsort()
    assert torch.equal(order, rotated.flatten(1).argsort().flip(1))


@each
def test_does_not_depend_on_the_scale_of_the_gradients(mask):
    """Confident answers have gradients that vanish in single precision; the mask must not."""

    class Confident(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tiny = tiny()
            self.head = lambda combined: self.sure(self.tiny.head(combined))

        def sure(self, made):
            return made[0] + 30 * torch.eye(ANSWERS)[0], made[1]

        def forward(self, visual, tokens):
            forward = self.tiny(visual, tokens)
            return forward._replace(logits=self.sure((forward.logits, None))[0])

    visual, tokens, _ = batch()
    model, answer = Confident(), torch.zeros(3, dtype=torch.int64)
    assert (model.eval()(visual, tokens).logits.softmax(1)[:, 0] == 1).all()
    maps = mask(model, visual, tokens, answer, GRID)
    assert (maps.flatten(1).std(1) > 0.01).all()


@each
def test_can_be_taken_at_the_attention(mask):
    at_attention = CertaintySettings(inject="attention")
    maps = mask(tiny(), *batch(), GRID, settings=at_attention)
    torch.testing.assert_close(maps.sum((1, 2)), torch.ones(3))
    with pytest.raises(UsageError, match="this model has no attention weights"):
        mask(tiny(with_attention=False), *batch(), GRID, settings=at_attention)


@each
def test_equation_6_channel_by_channel_is_uniform_under_sum_pooling(mask):
    maps = mask(tiny(), *batch(), GRID, settings=CertaintySettings(reduction="per_channel"))
    torch.testing.assert_close(maps, torch.full((3, *GRID), 1 / CELLS))


@each
def test_the_seed_decides(mask):
    first, same, other = (mask(tiny(), *batch(), GRID, samples=2, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_the_two_sources_differ():
    assert not torch.allclose(*(mask(tiny(), *batch(), GRID) for mask in MASKS.values()))
