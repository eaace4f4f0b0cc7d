"""AttReg against its algorithm 2, a sample at a time."""

import pytest
import torch
from torch.nn import functional

from tests.learning.hinted import WITH_ATTENTION, generator, gradients_of, hinted, one
from tests.models.small import build
from vqax.errors import UsageError
from vqax.learning.attreg import MASKS, Candidates, attreg_objective
from vqax.learning.key_objects import above_the_last, ignored_by
from vqax.learning.processes import share_of_all
from vqax.learning.regions import blank_, seeing_only
from vqax.models.forward import BOX, Forward

every_model = pytest.mark.parametrize("name", WITH_ATTENTION)


def bce(logits, target):
    """Summed over the answers, of one sample."""
    total = 0.0
    for x, y in zip(logits, target, strict=True):
        p = torch.sigmoid(x)
        total = total - y * p.log() - (1 - y) * (1 - p).log()
    return total


def literal(model, batch, *, weight, keep_top, top):
    """Algorithm 2 with the released sizes: the loss, its curated part and the masked regions."""
    answers, curated, masked = [], [], []
    for b in range(len(batch.tokens)):
        sample = one(batch, b)
        output = model(sample.visual, sample.tokens)
        answers.append(bce(output.logits[0], sample.targets[0]))
        attention, hints = output.attention[0].tolist(), sample.hints[0].tolist()
        attended = sorted(attention, reverse=True)[:keep_top]
        threshold = sorted(hints, reverse=True)[top - 1] - 1e-5
        threshold += 0.1 if threshold < 0.2 else 0.0
        masked.append(
            [k for k, a in enumerate(attention) if a not in attended and hints[k] > threshold]
        )
        if masked[-1]:
            image = sample.visual.clone()
            for k in masked[-1]:
                image[0, k] = 0.0
            logits = model(image, sample.tokens).logits[0]
            curated.append(bce(logits, [0.0] * len(logits)))
    regulariser = sum(curated) / len(curated)
    return sum(answers) / len(answers) + weight * regulariser, regulariser, masked


@every_model
def test_step_is_algorithm_2(name):
    model, batch = build(name, variance="none").double(), hinted()
    objective = attreg_objective(weight=0.7, keep_top=2, top=2)
    step, found = gradients_of(model, objective, batch)
    loss, regulariser, masked = literal(model, batch, weight=0.7, keep_top=2, top=2)
    assert 0 < sum(map(len, masked)) < batch.hints.numel()
    assert [] in masked  # a sample is not curated
    model.zero_grad(set_to_none=True)
    loss.backward()
    torch.testing.assert_close(step.loss, loss)
    torch.testing.assert_close(step.parts["curated_loss"], regulariser)
    for key, value in model.named_parameters():
        expected = torch.zeros_like(value) if value.grad is None else value.grad
        torch.testing.assert_close(found[key], expected, atol=1e-9, rtol=1e-7, msg=key)
    counts = [len(row) for row in masked]
    assert float(step.parts["ignored_key_objects"]) == pytest.approx(sum(counts) / len(counts))
    assert float(step.parts["curated_share"]) == pytest.approx(
        sum(count > 0 for count in counts) / len(counts)
    )


def test_nothing_ignored_is_the_plain_loss():
    model, batch = build("san", variance="none").double(), hinted()
    bare = batch._replace(hints=torch.zeros_like(batch.hints))
    step = attreg_objective(keep_top=2)(model, bare, generator())
    logits = model(batch.visual, batch.tokens).logits
    plain = functional.binary_cross_entropy_with_logits(logits, batch.targets, reduction="none")
    torch.testing.assert_close(step.loss, plain.sum(1).mean())
    assert step.parts["curated_share"] == step.parts["curated_loss"] == 0.0


def test_without_weight_only_the_counts_are_left():
    model, batch = build("san", variance="none").double(), hinted()
    calls = []
    model.register_forward_hook(lambda *_: calls.append(1))
    counted = attreg_objective(weight=0.0, keep_top=2)(model, batch, generator())
    assert len(calls) == 1
    regular = attreg_objective(weight=1.0, keep_top=2)(model, batch, generator())
    assert len(calls) == 3
    for key in ("ignored_key_objects", "key_objects", "curated_share", "answer_loss"):
        assert counted.parts[key] == regular.parts[key]
    assert counted.loss < regular.loss


def candidates(mask, batch, attention, top=2, seed=0):
    key, ignored = above_the_last(batch.hints, top), ignored_by(attention, 2)
    drawn = torch.rand(attention.shape, generator=torch.Generator().manual_seed(seed))
    return key, ignored, MASKS[mask](Candidates(key, ignored, top, lambda: drawn))


def test_masks():
    batch = hinted(40)
    attention = torch.rand(40, 6, generator=generator()).softmax(1)
    key, ignored, masked = candidates("key_objects", batch, attention)
    assert torch.equal(masked, key & ignored)
    *_, as_many = candidates("random", batch, attention)
    assert torch.equal(as_many.sum(1), masked.sum(1))
    assert not torch.equal(as_many, masked)
    *_, others = candidates("random", batch, attention, seed=1)
    assert not torch.equal(as_many, others)
    *_, everywhere = candidates("random_everywhere", batch, attention)
    assert everywhere.sum(1).tolist() == [2] * 40
    assert torch.equal(candidates("all_key_objects", batch, attention)[2], key)


def test_random_regions_follow_from_question_and_generator():
    """So a resumed training, or another process, masks the same ones."""
    model, batch = build("san", variance="none").double(), hinted()
    objective = attreg_objective(keep_top=2, mask="random")
    first = objective(model, batch, generator()).loss
    assert objective(model, batch, generator()).loss == first
    other = torch.Generator().manual_seed(12)
    assert objective(model, batch, other).loss != first


def test_parts_of_a_batch_make_the_mean_over_all_curated_samples(monkeypatch):
    """What two processes do: each divides by the share of both."""
    model, batch = build("san", variance="none").double(), hinted()
    objective = attreg_objective(keep_top=2)
    whole, _ = gradients_of(model, objective, batch)
    mean_share = float(whole.parts["curated_share"])
    monkeypatch.setattr("vqax.learning.attreg.share_of_all", lambda _: mean_share)
    parts = [batch.each(lambda part, r=r: part[r::2]) for r in range(2)]
    losses = [objective(model, part, generator()).loss for part in parts]
    weights = [len(part.tokens) / 5 for part in parts]
    mean = sum(w * loss for w, loss in zip(weights, losses, strict=True))
    torch.testing.assert_close(mean, whole.loss)


def test_share_of_one_process():
    assert share_of_all(torch.tensor([True, False, True, True])) == 0.75


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "cross_entropy"}, r"loss: cross_entropy cannot say .* use bce"),
        ({"loss": "mse"}, "loss: 'mse' is not known"),
        ({"mask": "largest"}, r"mask: 'largest' .* key_objects, random"),
        ({"threshold": "sigma"}, r"threshold: 'sigma' .* released, top"),
        ({"weight": -1.0}, "weight: -1.0 is not"),
        ({"top": 0}, "top: 0 is not"),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(UsageError, match=message):
        attreg_objective(**options)


def test_what_a_run_lacks_is_named():
    batch, objective = hinted(), attreg_objective(keep_top=2)
    model = build("san", variance="none").double()
    with pytest.raises(UsageError, match=r"needs key objects .* `key_objects: NAME`"):
        objective(model, batch._replace(hints=None), generator())
    with pytest.raises(UsageError, match="this model has none; use a model with attention"):
        objective(build("lstm_qi", variance="none").double(), batch, generator())


def test_only_features_are_blanked():
    visual, masked = torch.rand(2, 3, 9), torch.tensor([[True, False, True], [False] * 3])
    model = torch.nn.Linear(1, 1)
    plain = blank_(model, visual.clone(), masked)
    assert torch.equal(plain[0, 1], visual[0, 1])
    assert torch.equal(plain[1], visual[1])
    assert not plain[0, [0, 2]].any()
    model.reads_boxes = True
    boxed = blank_(model, visual.clone(), masked)
    assert torch.equal(boxed[..., -BOX:], visual[..., -BOX:])
    assert not boxed[0, [0, 2], :-BOX].any()


def test_seeing_only_some_regions():
    batch = hinted()
    seen = batch.hints > 0
    found = {}

    class Sum(torch.nn.Module):
        def forward(self, visual, tokens):
            total = visual.sum((1, 2))[:, None]
            return Forward(total, None, visual, visual, visual[:, 0], total, None)

    model = Sum()
    for rows, output in seeing_only(model, batch.visual, batch.tokens, seen):
        found |= dict(zip(rows.tolist(), output.logits[:, 0].tolist(), strict=True))
    expected = {b: float(batch.visual[b, seen[b]].sum()) for b in range(5) if seen[b].any()}
    assert found == pytest.approx(expected)
    assert len(found) == 4
