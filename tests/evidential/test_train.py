"""The training loop: it learns, repeats itself, and says what is wrong."""

import math
from typing import ClassVar

import pytest
import torch

from tests.evidential.tiny import TinyNet, stripes, tensors
from vqax.errors import BadData, UsageError
from vqax.evidential.heads import HEADS, EvidentialHead, SoftmaxHead, predict
from vqax.evidential.train import accuracy, initialised, shifted, train
from vqax.settings import ClassifierTraining

TRAIN, TEST = tensors(stripes(90)), tensors(stripes(60, seed=1))
SETTINGS = ClassifierTraining(seed=0, epochs=12, batch_size=10, lr=0.01, step_epochs=20)


def fresh(head, seed=0):
    return initialised(lambda: TinyNet(linear=head.linear), seed=seed)


def head_of(name):
    return HEADS[name](**({"examples": 90} if name == "gaussian_dropout" else {}))


@pytest.mark.parametrize("name", HEADS)
def test_every_head_learns(name):
    head = head_of(name)
    model = fresh(head)
    history = train(model, *TRAIN, head, SETTINGS, validation=TEST)
    assert accuracy(predict(model, head, TEST[0], seed=0).label, TEST[1]) > 0.9
    assert list(history.curve("val", "accuracy")) == list(range(1, 13))
    assert history.curve("val", "uncertainty")[12] < 0.9


@pytest.mark.parametrize("name", HEADS)
def test_training_repeats_itself_and_leaves_the_random_state(name):
    head, before = head_of(name), torch.get_rng_state()
    settings = ClassifierTraining(seed=3, epochs=2, batch_size=20)
    runs = []
    for _ in range(2):
        torch.rand(5)  # whatever was drawn before does not matter
        model = fresh(head)
        state = torch.get_rng_state()
        history = train(model, *TRAIN, head, settings)
        assert torch.equal(torch.get_rng_state(), state)
        runs.append((model.state_dict(), history.entries))
    torch.set_rng_state(before)
    assert runs[0][1] == runs[1][1]
    assert all(torch.equal(value, runs[1][0][name]) for name, value in runs[0][0].items())


def test_another_seed_is_another_training():
    weights = []
    for seed in (0, 1):
        model = fresh(SoftmaxHead())
        train(model, *TRAIN, SoftmaxHead(), ClassifierTraining(seed=seed, epochs=1, batch_size=20))
        weights.append(model.answer.weight.detach().clone())
    assert not torch.equal(*weights)


def test_a_validation_does_not_change_the_training():
    models = [fresh(SoftmaxHead()) for _ in range(2)]
    settings = ClassifierTraining(seed=0, epochs=2, batch_size=20)
    train(models[0], *TRAIN, SoftmaxHead(), settings)
    train(models[1], *TRAIN, SoftmaxHead(), settings, validation=TEST)
    assert torch.equal(models[0].answer.weight, models[1].answer.weight)


def test_the_first_step_is_that_of_adam():
    """Adam's first step is the learning rate against the sign of gradient + decay · weight."""
    head, settings = SoftmaxHead(), ClassifierTraining(seed=0, epochs=1, batch_size=90)
    model, twin = fresh(head), fresh(head)
    twin.dropout.rate = model.dropout.rate = 0.0
    head.losses(twin, *TRAIN, 0).mean().backward()
    train(model, *TRAIN, head, settings)
    step = model.answer.weight - twin.answer.weight
    slope = twin.answer.weight.grad + 0.005 * twin.answer.weight
    torch.testing.assert_close(step, -1e-3 * slope.sign(), atol=3e-5, rtol=0)


def test_the_rate_falls_after_step_epochs():
    """With a factor of 0 nothing is learned any more."""
    models = [fresh(SoftmaxHead()) for _ in range(2)]
    for model, epochs in zip(models, (2, 5), strict=True):
        settings = ClassifierTraining(
            seed=0, epochs=epochs, batch_size=30, step_epochs=2, step_factor=0.0
        )
        train(model, *TRAIN, SoftmaxHead(), settings)
    assert torch.equal(models[0].answer.weight, models[1].answer.weight)


def test_log_variances_are_not_decayed():
    head = head_of("gaussian_dropout")
    model = fresh(head)
    settings = ClassifierTraining(seed=0, epochs=1, batch_size=90, weight_decay=1e6)
    before = model.answer.log_variance.detach().clone()
    train(model, TRAIN[0] * 0, TRAIN[1], head, settings)  # features have no variance to weigh
    inactive = model.features(TRAIN[0][:1] * 0).flatten() < 0
    torch.testing.assert_close(
        model.answer.log_variance[:, inactive], before[:, inactive], atol=1e-9, rtol=0
    )


def test_the_first_epoch_has_no_kl():
    class Recorder(SoftmaxHead):
        seen: ClassVar[list[int]] = []

        def losses(self, model, images, labels, epoch):
            self.seen.append(epoch)
            return super().losses(model, images, labels, epoch)

    train(
        fresh(SoftmaxHead()),
        *TRAIN,
        Recorder(),
        ClassifierTraining(seed=0, epochs=2, batch_size=45),
    )
    assert Recorder.seen == [0, 0, 1, 1]


def test_progress_is_told():
    told = []
    settings = ClassifierTraining(seed=0, epochs=2, batch_size=90)
    train(fresh(SoftmaxHead()), *TRAIN, SoftmaxHead(), settings, progress=lambda *x: told.append(x))
    assert told == [(1, 2), (2, 2)]


def test_bad_input():
    model, settings = fresh(SoftmaxHead()), ClassifierTraining(seed=0, epochs=1)
    with pytest.raises(UsageError, match="90 images and 5 labels"):
        train(model, TRAIN[0], TRAIN[1][:5], SoftmaxHead(), settings)
    with pytest.raises(UsageError, match="0 images and 0 labels"):
        train(model, TRAIN[0][:0], TRAIN[1][:0], SoftmaxHead(), settings)
    with pytest.raises(BadData, match=r"label 7 in row \d+ is outside 0\.\.2"):
        train(model, TRAIN[0], TRAIN[1] * 0 + 7, EvidentialHead(), settings)
    with pytest.raises(UsageError, match=r"the loss is nan in epoch 1; lower the learning rate"):
        train(model, TRAIN[0] * math.nan, TRAIN[1], SoftmaxHead(), settings)


def test_shifted_pictures_are_moved_whole_in_every_direction():
    images = torch.rand(200, 2, 5, 6) + 0.1
    generator = torch.Generator().manual_seed(0)
    moved = shifted(images, 1, generator)
    padded = torch.nn.functional.pad(images, (1, 1, 1, 1))
    places = [(i, j) for i in range(3) for j in range(3)]
    found = set()
    for before, after in zip(padded, moved, strict=True):
        here = [(i, j) for i, j in places if torch.equal(before[:, i : i + 5, j : j + 6], after)]
        assert len(here) == 1
        found.update(here)
    assert found == set(places)
    assert shifted(images, 0, generator) is images


def test_a_shift_is_another_training():
    weights = []
    for shift in (0, 1):
        model = fresh(SoftmaxHead())
        settings = ClassifierTraining(seed=0, epochs=1, batch_size=20, shift=shift)
        train(model, *TRAIN, SoftmaxHead(), settings)
        weights.append(model.answer.weight.detach().clone())
    assert not torch.equal(*weights)
