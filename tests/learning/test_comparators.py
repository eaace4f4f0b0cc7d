"""What AttReg is compared with: each against its literal twin, and all as objectives."""

import pytest
import torch
from torch.nn import functional

from tests.learning import literal_grounding as literal
from tests.learning.arithmetic import RoundsByShape
from tests.learning.hinted import WITH_ATTENTION, generator, gradients_of, hinted
from tests.models.small import build
from vqax.errors import UsageError
from vqax.learning import OBJECTIVES
from vqax.learning.att_align import att_align_objective
from vqax.learning.css import (
    content_words,
    critical_regions,
    critical_words,
    css_objective,
)
from vqax.learning.hint import hint_objective, ranking_loss
from vqax.learning.objective import check_objective
from vqax.learning.rand_img import partners, rand_img_objective
from vqax.learning.scr import scr_objective, strengthening
from vqax.learning.words import WatchWords
from vqax.learning.zero_out import zero_out_objective
from vqax.models.padding import present

TWICE = ["san", "updn", "lmh"]
"""Models with second derivatives at the regions."""
FEW = {"keep_top": 2}
COMPARATORS = {
    "attreg": FEW,
    "att_align": {},
    "hint": {},
    "scr": {"proposals": 2},
    "css": {"candidates": 3},
    "rand_img": {},
    "zero_out": {},
}


def same_step(model, objective, batch, loss):
    """The loss and every gradient are those of the literal ``loss``."""
    step, found = gradients_of(model, objective, batch)
    torch.testing.assert_close(step.loss, loss)
    model.zero_grad(set_to_none=True)
    loss.backward()
    for key, value in model.named_parameters():
        expected = torch.zeros_like(value) if value.grad is None else value.grad
        torch.testing.assert_close(found[key], expected, atol=1e-9, rtol=1e-6, msg=key)
    return step


def small(name, **options):
    return build(name, variance="none", **options).double()


@pytest.mark.parametrize("name", TWICE)
@pytest.mark.parametrize("ties", [True, False])
def test_hint(name, ties):
    model, batch = small(name), hinted()
    answer, ranking = literal.hint(model, batch, ties)
    objective = hint_objective(weight=0.7, ties=ties)
    step = same_step(model, objective, batch, answer + 0.7 * ranking)
    torch.testing.assert_close(step.parts["ranking_loss"], ranking.detach())
    assert ranking > 0


@pytest.mark.parametrize("name", WITH_ATTENTION)
@pytest.mark.parametrize("form", ["rank", "kl"])
def test_att_align(name, form):
    model, batch = small(name), hinted()
    answer, alignment = literal.att_align(model, batch, form)
    same_step(model, att_align_objective(weight=0.7, form=form), batch, answer + 0.7 * alignment)


def test_regions_that_people_find_alike_are_alike_to_the_model_only_with_ties():
    hints = torch.tensor([[0.9, 0.0, 0.0]])
    found = torch.tensor([[0.9, 0.1, 0.3]])
    assert ranking_loss(found, hints, ties=True).item() == pytest.approx(0.2 / 3)
    assert ranking_loss(found, hints, ties=False).item() == 0.0


@pytest.mark.parametrize("name", TWICE)
@pytest.mark.parametrize("seed", [3, 4])
def test_scr(name, seed):
    model, batch = small(name), hinted(6, seed=seed)
    answer, stronger, critical = literal.scr(model, batch, proposals=2, bucket=3)
    assert stronger.item() > 0
    assert critical.item() != 0
    objective = scr_objective(weight=3.0, criticism=5.0, proposals=2, answers=3)
    total = answer + 3.0 * stronger + 5.0 * critical
    step = same_step(model, objective, batch, total)
    torch.testing.assert_close(step.parts["strengthening_loss"], stronger.detach())


@pytest.mark.parametrize("name", TWICE)
def test_the_right_answer_is_not_likelier_than_itself_by_rounding(name):
    model, batch = small(name), hinted(6)
    objective = scr_objective(weight=0.0, criticism=5.0, proposals=2, answers=3)
    exact = objective(model, batch, generator()).parts["critical_loss"]
    with RoundsByShape():
        rounded = objective(model, batch, generator()).parts["critical_loss"]
    torch.testing.assert_close(rounded, exact, atol=0, rtol=1e-9)


def test_of_proposals_of_equal_loss_the_one_of_the_higher_hint_is_taken():
    slopes = torch.tensor([[0.3, 0.3 + 1e-12, 0.5]], dtype=torch.float64)
    hints = torch.tensor([[0.9, 0.8, 0.0]])
    found = strengthening(slopes, hints, hints > 0, proposals=2)
    assert found.regions.tolist() == [0]
    torch.testing.assert_close(found.losses, torch.tensor([0.2001], dtype=torch.float64))


def test_words_of_equal_slope_are_taken_from_the_front():
    slopes = torch.tensor([[9.0, 0.3, 0.1 + 0.2, 0.1]], dtype=torch.float64)
    content = torch.tensor([[False, True, True, True]])
    assert critical_words(slopes, content, 1).tolist() == [[False, True, False, False]]


def test_regions_of_equal_influence_are_taken_in_the_order_of_their_hints():
    slopes = torch.tensor([[0.3, 0.1 + 0.2, -5.0]], dtype=torch.float64)
    hints = torch.tensor([[0.9, 0.8, 0.7]])
    assert critical_regions(slopes, hints, 3, "gradient").tolist() == [[True, False, False]]


def test_the_first_phase_of_scr_has_no_criticism():
    model, batch = small("updn"), hinted()
    answer, stronger, _ = literal.scr(model, batch, proposals=2, bucket=3)
    objective = scr_objective(weight=3.0, criticism=0.0, proposals=2)
    step = same_step(model, objective, batch, answer + 3.0 * stronger)
    assert "critical_loss" not in step.parts


@pytest.mark.parametrize("name", TWICE)
@pytest.mark.parametrize("order", ["gradient", "hints"])
def test_css_without_regions(name, order):
    model, batch = small(name, answers=9), hinted(answers=9)
    with torch.no_grad():  # steep, so that not all samples have as many critical regions
        for value in model.parameters():
            value.mul_(2.5)
    counterfactual, critical = literal.css_regions(model, batch, 4, order)
    assert name == "san" or len({len(row) for row in critical}) > 1
    plain = sum(
        literal.bce(model(s.visual, s.tokens).logits[0], s.targets[0])
        for s in (literal.one(batch, b) for b in range(5))
    )
    objective = css_objective(questions=0, candidates=4, visual_order=order, weight=0.7)
    same_step(model, objective, batch, plain / 5 + 0.7 * counterfactual)


@pytest.mark.parametrize("name", TWICE)
@pytest.mark.parametrize("count", [1, 2])
def test_css_without_words(name, count):
    model, batch = small(name, answers=9), hinted(answers=9)
    batch = batch._replace(question_type_words=torch.tensor([0, 1, 2, 1, 3]))
    with WatchWords(batch.tokens) as watched:
        output = model(batch.visual, batch.tokens)
    slopes = watched.slopes((output.logits * (batch.targets > 0)).sum(1))
    counterfactual, critical = literal.css_words(model, batch, slopes, count)
    assert critical[-1] == []  # a question that is all type
    plain = functional.binary_cross_entropy_with_logits(
        output.logits, batch.targets, reduction="none"
    )
    objective = css_objective(questions=10, words=count, weight=0.7)
    same_step(model, objective, batch, plain.sum(1).mean() + 0.7 * counterfactual)


def test_slopes_of_words_are_those_of_their_embedding(monkeypatch):
    model, batch = small("updn"), hinted()
    with WatchWords(batch.tokens) as watched:
        output = model(batch.visual, batch.tokens)
    (words,) = watched.words
    shift = torch.zeros_like(words, requires_grad=True)
    encoded = model.encoder(words.detach() + shift)[1][-1]
    monkeypatch.setattr("vqax.models.updn.last_state", lambda *_: encoded)
    scores = model(batch.visual, batch.tokens).logits[:, 0]
    (expected,) = torch.autograd.grad(scores.sum(), shift)
    asked = present(batch.tokens)  # the padding is read once for all questions
    found = watched.slopes(output.logits[:, 0])
    torch.testing.assert_close(found[asked], expected.sum(-1)[asked])


def test_critical_regions_of_both_orders():
    hints = torch.tensor([[0.9, 0.8, 0.7, 0.0]], dtype=torch.float64)
    slopes = torch.tensor([[0.0, 0.05, 0.1, 9.0]], dtype=torch.float64)
    reported = critical_regions(slopes, hints, 3, "gradient")
    released = critical_regions(slopes, hints, 3, "hints")
    assert reported.tolist() == [[False, False, True, False]]
    assert released.tolist() == [[True, False, False, False]]


def test_content_words_come_after_padding_and_type():
    tokens = torch.tensor([[0, 0, 4, 5], [2, 3, 4, 1]])
    found = content_words(tokens, torch.tensor([1, 3]))
    assert found.tolist() == [[False, False, False, True], [False, False, False, True]]


def test_rand_img():
    model, batch = small("updn"), hinted(7)
    other = partners(batch, generator()).tolist()
    assert sorted(other) == list(range(7))
    assert all(b != o for b, o in enumerate(other))
    answers, losses, same = [], [], 0
    for b, o in enumerate(other):
        sample, random = literal.one(batch, b), literal.one(batch, o)
        output = model(sample.visual, sample.tokens)
        answers.append(literal.bce(output.logits[0], sample.targets[0]))
        if int(sample.image_ids) == int(random.image_ids):
            same += 1
            continue
        logits = model(random.visual, sample.tokens).logits[0]
        pairs = zip(logits, sample.targets[0].tolist(), strict=True)
        losses.append(sum(-y * (1 - torch.sigmoid(x)).log() for x, y in pairs))
    objective = rand_img_objective(weight=0.7)
    total = literal.mean(answers) + 0.7 * literal.mean(losses)
    same_step(model, objective, batch, total)


def test_rand_img_with_one_picture_only_is_the_answer_loss():
    model, batch = small("updn"), hinted(4)
    batch = batch._replace(image_ids=torch.zeros_like(batch.image_ids))
    step = rand_img_objective(weight=5.0)(model, batch, generator())
    assert step.loss == step.parts["answer_loss"]
    assert step.parts["random_loss"] == 0.0


@pytest.mark.parametrize("name", ["updn", "lmh"])
def test_zero_out(name):
    model, batch = small(name), hinted()
    total = 0.0
    for b in range(5):
        sample = literal.one(batch, b)
        logits = model(sample.visual, sample.tokens).logits[0]
        total = total + literal.bce(logits, sample.targets[0])
        total = total + 0.7 * literal.bce(logits, [0.0] * len(logits))
    same_step(model, zero_out_objective(weight=0.7), batch, total / 5)


@pytest.mark.parametrize("name", COMPARATORS)
def test_lmh_loss_and_dropout_and_bf16(name):
    model = build("lmh", variance="none", dropout=0.5, attention_dropout=0.2)
    batch = hinted(8, dtype=torch.float32)
    objective = OBJECTIVES[name](loss="lmh", **COMPARATORS[name])
    with torch.autocast("cpu", torch.bfloat16):
        step = objective(model, batch, generator())
    step.loss.backward()
    assert step.loss.isfinite()
    assert step.loss.dtype == torch.float32
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())
    assert model.mixin.gate.weight.grad.any()
    assert all(not value.requires_grad for value in step.parts.values())


@pytest.mark.parametrize("name", COMPARATORS)
def test_nothing_to_do_leaves_the_answer_loss(name):
    """A batch of one question without key objects about an image of its own."""
    model, batch = small("updn"), hinted(5)
    alone = literal.one(batch, 4)._replace(question_type_words=torch.tensor([4]))
    options = {**COMPARATORS[name], **({"questions": 10} if name == "css" else {})}
    step = OBJECTIVES[name](**options)(model, alone, generator())
    if name in ("scr", "css", "zero_out"):
        assert step.loss.isfinite()
    else:
        torch.testing.assert_close(step.loss, step.parts["answer_loss"])
    step.loss.backward()


class Rows:
    def __len__(self):
        return 5

    def batch(self, rows):
        return hinted(dtype=torch.float32).each(lambda part: part[torch.from_numpy(rows)])


@pytest.mark.parametrize("name", ["hint", "scr"])
def test_a_model_without_second_derivatives_is_named_before_training(name):
    objective = OBJECTIVES[name](**COMPARATORS[name])
    check_objective(build("updn", variance="none"), objective, Rows())
    with pytest.raises(UsageError, match=f"objective {name}: .* Mcb .* second derivative"):
        check_objective(build("mcb", variance="none"), objective, Rows())


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (hint_objective, {"loss": "mse"}, "loss: 'mse' is not known"),
        (hint_objective, {"weight": -1.0}, "weight: -1.0 is not"),
        (att_align_objective, {"form": "cosine"}, r"form: 'cosine' .* rank, kl"),
        (scr_objective, {"proposals": 0}, "proposals: 0 is not"),
        (scr_objective, {"criticism": -2.0}, "criticism: -2.0 is not"),
        (css_objective, {"questions": 11}, "questions: 11 is not .* from 0 to 10"),
        (css_objective, {"visual_order": "paper"}, r"visual_order: .* gradient, hints"),
        (zero_out_objective, {"loss": "cross_entropy"}, "cannot say that all answers are wrong"),
        (rand_img_objective, {"weight": float("inf")}, "weight: inf is not"),
    ],
)
def test_wrong_options_are_named(make, options, message):
    with pytest.raises(UsageError, match=message):
        make(**options)


def test_rehearsal_leaves_no_gradient():
    model = build("updn", variance="none")
    for name in COMPARATORS:
        check_objective(model, OBJECTIVES[name](**COMPARATORS[name]), Rows())
    assert all(value.grad is None for value in model.parameters())


def test_a_rehearsal_may_take_slopes_of_words_on_cuda():
    """cuDNN's recurrent layers refuse a backward pass in evaluation mode."""
    asked = []

    def objective(model, batch, generator):
        asked.append((model.training, torch.backends.cudnn.enabled))

    before = torch.backends.cudnn.enabled
    check_objective(build("updn", variance="none"), objective, Rows())
    assert asked == [(False, False)]
    assert torch.backends.cudnn.enabled is before
